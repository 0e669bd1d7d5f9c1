import {
  type Engine,
  type EngineKind,
  type ExportedResource,
  makeWorkspace,
  openEngine,
  type RunOptions,
} from "../engine";
import { type Opened, SYSTEMS, type System } from "../systems";

export type { System } from "../systems";

export interface Systems {
  readonly engine: Engine;
  readonly systems: readonly System[];
  /** Options that make the program declare a resource of each type. */
  declare(options?: Record<string, unknown>, more?: Record<string, unknown>): RunOptions;
  /** The resources in the state, by name. */
  state(): Promise<Record<string, ExportedResource>>;
  close(): Promise<void>;
}

const PROGRAM = `
const dbversion = require("pulumi-dbversion");
const pulumi = require("@pulumi/pulumi");

for (const { name, type, args, options } of JSON.parse(process.env.DECLARED)) {
  const [vendor, kind] = type.split(".");
  const resource = new dbversion[vendor][kind](name, args, options);
  exports[name] = pulumi.output({ status: resource.status, members: resource.members });
}
`;

/** A simulated vendor for each type on real sockets, and a stack whose program manages one of each. */
export async function openSystems(prefer: EngineKind): Promise<Systems> {
  const opened: Opened[] = [];
  for (const open of SYSTEMS.flatMap((one) => one.open)) opened.push(await open());
  const systems = opened.flatMap((one) => one.systems);
  const workspace = await makeWorkspace({ program: PROGRAM, project: "shop" });
  const engine = await openEngine({ dir: workspace.dir, prefer });
  return {
    engine,
    systems,
    declare: (options, more) => {
      const resources = systems.map(({ name, type, args }) => ({ name, type, args: { ...args, ...more }, options }));
      return { env: { DECLARED: JSON.stringify(resources) } };
    },
    state: async () => {
      const { deployment } = await engine.exportState();
      const found = (deployment.resources ?? []).flatMap((resource) => {
        const name = resource.urn.split("::").at(-1) ?? "";
        return systems.some((system) => system.name === name) ? [[name, resource] as const] : [];
      });
      return Object.fromEntries(found);
    },
    close: async () => {
      await engine.close();
      for (const one of opened) await one.close();
      await workspace.close();
    },
  };
}
