import { parseArgs } from "node:util";
import { ACTS } from "./acts";

export const SYSTEMS = ["oceanbase", "taurusdb", "redis-enterprise"] as const;
export type System = (typeof SYSTEMS)[number];

/** A separate act: it uses all systems, without the upgrades of the others. */
export const ESTATES = "estates";

export const HELP = `usage: npm run demo -- [options]

Plans, upgrades, interrupts and repairs simulated databases, with the Pulumi CLI if it is installed and with a local engine otherwise.
It stops everything that it started. Exit code 1: an act failed.

  --system NAME   ${SYSTEMS.join(", ")} (default oceanbase)
  --full          all systems
  --act NAME      only this act, after its prerequisites: ${ACTS.map(({ name }) => name).join(", ")};
                  or ${ESTATES}: from three unmanaged systems to programs, with discover and doctor
  --help          print this help`;

export interface DemoOptions {
  readonly help: boolean;
  readonly systems: readonly System[];
  /** Names of the acts to play. */
  readonly acts: readonly string[];
}

/** @throws an error whose message is for the user */
export function parseOptions(args: readonly string[]): DemoOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      system: { type: "string" },
      act: { type: "string" },
      full: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.act === ESTATES) {
    if (values.system !== undefined || values.full)
      throw new Error(`--act ${ESTATES} uses all systems; omit --system and --full`);
    return { help: values.help, systems: [], acts: [ESTATES] };
  }
  const names = ACTS.map(({ name }) => name);
  const system = SYSTEMS.find((name) => name === (values.system ?? "oceanbase"));
  if (system === undefined) throw new Error(`--system "${values.system}" is not one of ${SYSTEMS.join(", ")}`);
  if (values.act !== undefined && !names.includes(values.act))
    throw new Error(`--act "${values.act}" is not one of ${[...names, ESTATES].join(", ")}`);
  return {
    help: values.help,
    systems: values.full ? SYSTEMS : [system],
    acts: values.act === undefined ? names : [values.act],
  };
}
