import { type Engine, type EngineKind, makeWorkspace, openEngine, type Run } from "../engine";
import { ObshellCluster, ScaledClock, serve } from "../simulators";
import { VARIANTS, type Variant } from "./programs";
import { multiplied } from "./seed";

export const PASSWORD = "r00t-p@ssword";
export const PROVIDER_TEXT = 'exports.handler=()=>require("pulumi-dbversion/provider").provider';
export const OLD_BUILD = "4.2.1.8-108000022024072217";
export const TARGET = { version: "4.3.5.2", release: "102000042025031214.el7" };
export const TARGET_BUILD = "4.3.5.2-102000042025031214";

/**
 * A simulated cluster on sockets for many resources.
 * @param speed simulated seconds per real second
 */
export async function openCluster(buildVersion: string, speed = 1) {
  const cluster = new ObshellCluster({ clock: new ScaledClock(speed), rootPassword: PASSWORD, buildVersion });
  cluster.control.addObPackages(TARGET.version, TARGET.release);
  const served = await serve(cluster, { speed });
  const args = { endpoints: served.origins, password: PASSWORD, ...TARGET };
  return { cluster, args, requests: () => cluster.journal.entries.length, close: () => served.close() };
}

/** A stack whose program declares resources of one variant. */
export interface Stack {
  readonly engine: Engine;
  up(): Promise<Run>;
  preview(): Promise<Run>;
  /** Creates one resource, and adds copies of it to the state. */
  seed(): Promise<void>;
  close(): Promise<void>;
}

export interface StackOptions {
  readonly variant: Variant;
  readonly resources: number;
  readonly args: Readonly<Record<string, unknown>>;
  readonly engine: EngineKind;
  /** Encrypted configuration of the stack: credentials. */
  readonly secrets?: Readonly<Record<string, string>>;
}

export async function openStack({
  variant,
  resources,
  args,
  engine: prefer,
  secrets = {},
}: StackOptions): Promise<Stack> {
  const workspace = await makeWorkspace({ program: VARIANTS[variant], project: "bench" });
  const engine = await openEngine({ dir: workspace.dir, prefer, secrets });
  const declaring = (count: number) => ({ env: { RESOURCES: String(count), ARGS: JSON.stringify(args) } });
  const options = declaring(resources);
  const done = async (operation: Promise<Run>) => {
    const run = await operation;
    if (!run.ok) throw new Error(`${variant}: the engine failed:\n${run.output}`);
    return run;
  };
  return {
    engine,
    up: () => done(engine.up(options)),
    preview: () => done(engine.preview(options)),
    seed: async () => {
      await done(engine.up(declaring(1)));
      await engine.importState(multiplied(await engine.exportState(), resources));
    },
    close: async () => {
      await engine.close();
      await workspace.close();
    },
  };
}
