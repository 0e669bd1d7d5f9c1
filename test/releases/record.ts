/** Records the state fixtures of a release: `npx tsx test/releases/record.ts 0.1.0`, after a build. */
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { directoryOf, FILES, type Fixture, type Vendor } from "./fixture";
import { KILLED } from "./recording/killed";
import { type Ending, recordStack } from "./recording/recording";
import type { Scenario } from "./recording/scenario";
import { REFRESHED, RUNS } from "./recording/scenarios";

const VENDORS: readonly Vendor[] = ["oceanbase", "redisenterprise", "taurusdb"];
const STACKS: Readonly<Record<string, readonly [readonly Scenario[], Ending]>> = {
  runs: [RUNS, "interrupt"],
  refreshed: [REFRESHED, "refresh"],
  killed: [KILLED, "kill"],
};
const ROOT = resolve(__dirname, "..", "..");
/** Texts that would identify the machine. */
const IDENTIFYING = [ROOT, homedir(), tmpdir(), "127.0.0.1", "PRIVATE KEY"];

async function main(): Promise<void> {
  const [release = "", only = ""] = process.argv.slice(2);
  if (!/^\d+\.\d+\.\d+$/.test(release)) throw new Error("usage: npx tsx test/releases/record.ts <release> [stack]");
  const directory = directoryOf(release);
  mkdirSync(directory, { recursive: true });
  for (const vendor of VENDORS) {
    for (const [name, [scenarios, ending]] of Object.entries(STACKS)) {
      if (!`${vendor}-${name}`.startsWith(only)) continue;
      console.log(`${vendor}-${name}`);
      write(directory, await recordStack(vendor, name, scenarios, ending));
    }
  }
  const biome = resolve(ROOT, "node_modules", "@biomejs", "biome", "bin", "biome");
  execFileSync(process.execPath, [biome, "format", "--write", directory], { cwd: ROOT, stdio: "inherit" });
}

function write(directory: string, { name, stack, program, systems }: Fixture): void {
  const texts = { stack: JSON.stringify(stack), program: JSON.stringify(program), vendor: linesOf(systems) };
  for (const kind of FILES) {
    const text = texts[kind];
    const found = IDENTIFYING.find((one) => text.includes(one));
    if (found !== undefined) {
      const at = text.indexOf(found);
      throw new Error(`${name}.${kind}.json would contain ${found}: ${text.slice(Math.max(at - 200, 0), at + 100)}`);
    }
    const path = join(directory, `${name}.${kind}.json`);
    rmSync(path, { force: true });
    writeFileSync(path, `${text}\n`);
  }
}

/** One line for each system, because they are long and nobody reads them. */
function linesOf({ recordedAt, common, systems }: Fixture["systems"]): string {
  const lines = Object.entries(systems).map(([name, state]) => `${JSON.stringify(name)}: ${JSON.stringify(state)}`);
  const start = `{ "recordedAt": ${recordedAt},\n"common": ${JSON.stringify(common)},\n"systems": {\n`;
  return `${start}${lines.join(",\n")}\n} }`;
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
