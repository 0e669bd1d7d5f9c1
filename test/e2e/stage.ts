import {
  type Engine,
  type EngineKind,
  type EngineOptions,
  type ExportedResource,
  makeWorkspace,
  openEngine,
  type Run,
  type RunOptions,
} from "../engine";
import { ObshellCluster, ScaledClock, type Served, serve } from "../simulators";
import { type Declared, PROGRAM } from "./program";

export const PASSWORD = "r00t-p@ssword";
export const OLD_BUILD = "4.2.1.8-108000022024072217";
export const TARGET = { version: "4.3.5.2", release: "102000042025031214.el7" };
export const TARGET_BUILD = "4.3.5.2-102000042025031214";
export const NEXT = { version: "4.3.5.4", release: "104000042025090916.el7" };

/** Simulated seconds that pass in a real one: an upgrade of a minute and a half takes about three seconds. */
const SPEED = 30;

type ClusterOptions = Partial<ConstructorParameters<typeof ObshellCluster>[0]>;

export interface StageOptions extends Partial<EngineOptions> {
  readonly cluster?: ClusterOptions;
}

/** A simulated cluster on real sockets, and a stack on an engine whose program pins it. */
export interface Stage {
  readonly engine: Engine;
  readonly cluster: ObshellCluster;
  /** Arguments of the usual pin: three endpoints, the target, the password. */
  args(more?: Record<string, unknown>): Record<string, unknown>;
  /** What makes the program declare one pin named `orders`. */
  declare(args?: Record<string, unknown>, more?: Partial<Declared> & { provider?: unknown }): RunOptions;
  /** Upgrade calls that reached the cluster. */
  writes(): number;
  /** Whether every agent answers. */
  reachable(): Promise<boolean>;
  /** The pin's entry in the state. */
  state(): Promise<ExportedResource | undefined>;
  close(): Promise<void>;
}

export async function openStage(prefer: EngineKind, options: StageOptions = {}): Promise<Stage> {
  const { cluster: clusterOptions, ...engineOptions } = options;
  const clock = new ScaledClock(SPEED);
  const cluster = new ObshellCluster({ clock, rootPassword: PASSWORD, buildVersion: OLD_BUILD, ...clusterOptions });
  cluster.control.addObPackages(TARGET.version, TARGET.release);
  cluster.control.addObPackages(NEXT.version, NEXT.release);
  const served: Served = await serve(cluster, { speed: SPEED });
  const workspace = await makeWorkspace({ program: PROGRAM, project: "shop" });
  const engine = await openEngine({ dir: workspace.dir, prefer, ...engineOptions });
  const args = (more: Record<string, unknown> = {}) => ({
    endpoints: served.origins,
    password: PASSWORD,
    ...TARGET,
    ...more,
  });
  return {
    engine,
    cluster,
    args,
    declare: (more, { provider, ...rest } = {}) => ({
      env: {
        DECLARED: JSON.stringify({ provider, resources: [{ name: "orders", args: args(more), ...rest }] }),
      },
    }),
    writes: () => cluster.journal.count("POST", "/api/v1/ob/upgrade"),
    reachable: async () => {
      const answers = await Promise.allSettled(served.origins.map((origin) => fetch(`${origin}/api/v1/info`)));
      return answers.every((answer) => answer.status === "fulfilled");
    },
    state: async () => {
      const { deployment } = await engine.exportState();
      return deployment.resources?.find(({ urn }) => urn.endsWith("::orders"));
    },
    close: async () => {
      await engine.close();
      await served.close();
      await workspace.close();
    },
  };
}

/** Lasting messages at the pin's own row. */
export function saidAtPin(run: Run): string[] {
  return run.diagnostics
    .filter(({ urn, ephemeral }) => urn.endsWith("::orders") && !ephemeral)
    .map(({ message }) => message.trim());
}

/** The pin's step. */
export function stepOf(run: Run) {
  return run.steps.find(({ name }) => name === "orders");
}
