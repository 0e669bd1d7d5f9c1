import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Deployment } from "../engine";

/**
 * A stack as a release wrote it, in three files: `<name>.stack.json` is Pulumi's export, with the secrets of the tests in
 * plain text; `<name>.program.json` is the program, with the expected result of its next `up`; `<name>.vendor.json` is the
 * state of the simulated vendors at that moment. Loopback addresses, which differ in each run, are written as addresses of
 * 10.77.0.0/16.
 */
export interface Fixture {
  readonly name: string;
  readonly vendor: Vendor;
  readonly stack: Deployment;
  readonly program: readonly Declared[];
  readonly systems: Systems;
}

export type Vendor = "oceanbase" | "taurusdb" | "redisenterprise";

export type Values = Readonly<Record<string, unknown>>;

/** A resource of the program. */
export interface Declared {
  readonly name: string;
  /** `oceanbase.ClusterVersion` */
  readonly type: string;
  /** The component that contains it. */
  readonly component?: string;
  readonly customTimeouts?: Values;
  readonly args: Values;
  /** Key of the simulated system that has its database. */
  readonly system: string;
  readonly next: Next;
}

/** The expected result of the next `up`. */
export type Next =
  /** The preview shows no changes, and no request is sent. */
  | "no changes"
  | {
      /** After all upgrades have ended. */
      readonly status: string;
      /** Upgrade requests that the vendor receives from now on. */
      readonly requests: number;
      /** Code of the error that it ends with. */
      readonly error?: string;
    };

export interface Systems {
  /** Milliseconds since 1970. */
  readonly recordedAt: number;
  /** Parts of the state that all systems have in common. */
  readonly common: Values;
  /** The other parts, by name of the system. */
  readonly systems: Readonly<Record<string, Values>>;
}

/** The directories of the releases are in the folder of this file. */
export function directoryOf(release: string): string {
  return join(__dirname, release);
}

export const FILES = ["stack", "program", "vendor"] as const;

/** The releases that have fixtures, in alphabetical order. */
export function releases(): string[] {
  const entries = readdirSync(__dirname, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory() && /^\d/.test(entry.name)).map(({ name }) => name);
}

export function fixturesOf(release: string): Fixture[] {
  const directory = directoryOf(release);
  const names = readdirSync(directory).flatMap((file) => /^(.+)\.stack\.json$/.exec(file)?.[1] ?? []);
  return names.map((name) => read(directory, name));
}

/** The recorder wrote the files, so their shape is known. */
function read(directory: string, name: string): Fixture {
  const [stack, program, systems] = FILES.map((kind) => {
    const path = join(directory, `${name}.${kind}.json`);
    if (!existsSync(path)) throw new Error(`${path} is missing`);
    return JSON.parse(readFileSync(path, "utf8"));
  });
  return { name, vendor: vendorOf(name), stack, program, systems };
}

function vendorOf(name: string): Vendor {
  const [vendor = ""] = name.split("-");
  if (vendor !== "oceanbase" && vendor !== "taurusdb" && vendor !== "redisenterprise") {
    throw new Error(`${name} names no vendor`);
  }
  return vendor;
}
