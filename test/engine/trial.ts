import { readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type Engine,
  type EngineKind,
  type EngineOptions,
  type ExportedResource,
  openEngine,
  type RunOptions,
} from "./index";
import { TRIAL_PACKAGE, TRIAL_PROGRAM } from "./trial-provider";
import { makeWorkspace } from "./workspace";

export interface TrialResource {
  readonly name: string;
  /** Default: "Thing". */
  readonly kind?: "Thing" | "Group" | "Provider";
  readonly args?: Readonly<Record<string, unknown>>;
  readonly options?: Readonly<Record<string, unknown>>;
}

/** A call that the provider received. */
export interface Call {
  readonly call: string;
  readonly name?: string;
  readonly [member: string]: unknown;
}

/** A stack of trial resources on one engine. */
export interface Trial {
  readonly engine: Engine;
  /** Options that make the program declare these resources. */
  declare(...resources: TrialResource[]): RunOptions;
  /** The calls that the provider has received since the last time. */
  calls(): Promise<Call[]>;
  /** Sets the results of `read`: a version per name, null for a missing resource. */
  find(world: Readonly<Record<string, string | null>>): Promise<void>;
  /** The resource with that name in the state. */
  state(name: string): Promise<ExportedResource | undefined>;
  close(): Promise<void>;
}

export async function openTrial(prefer: EngineKind, options: Partial<EngineOptions> = {}): Promise<Trial> {
  const workspace = await makeWorkspace({ program: TRIAL_PROGRAM, files: TRIAL_PACKAGE });
  const files = { TRIAL_JOURNAL: join(workspace.dir, "journal"), TRIAL_WORLD: join(workspace.dir, "world.json") };
  const engine = await openEngine({ dir: workspace.dir, prefer, env: files, ...options });
  let seen = 0;
  await workspace.write("world.json", "{}");
  return {
    engine,
    declare: (...resources) => ({ env: { TRIAL_RESOURCES: JSON.stringify(resources) } }),
    async calls() {
      const lines = (await readFile(files.TRIAL_JOURNAL, "utf8").catch(() => "")).split("\n").filter(Boolean);
      const fresh = lines.slice(seen).map((line): Call => JSON.parse(line));
      seen = lines.length;
      return fresh;
    },
    find: (world) => workspace.write("world.json", JSON.stringify(world)),
    async state(name) {
      const { deployment } = await engine.exportState();
      return deployment.resources?.find(({ urn }) => urn.endsWith(`::${name}`));
    },
    async close() {
      await engine.close();
      await workspace.close();
    },
  };
}
