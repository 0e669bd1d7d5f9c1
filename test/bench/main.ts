/**
 * Measures the performance of the package, compared with baselines of the same run:
 * `npm run bench [-- <scenario>… --json FILE]`. Exits with 1 if a bound is exceeded.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { availableParallelism, cpus } from "node:os";
import { dirname, resolve } from "node:path";
import { parseArgs } from "node:util";
import { engines, findCli } from "../engine";
import { isMet, type Row } from "./result";
import { SCENARIOS } from "./scenarios";
import { table } from "./table";

const DEFAULT_FILE = ".bench/results.json";

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { json: { type: "string", default: DEFAULT_FILE }, engine: { type: "string" } },
  });
  const unknown = positionals.filter((name) => SCENARIOS.every((scenario) => scenario.name !== name));
  if (unknown.length > 0) throw new Error(`unknown scenario ${unknown.join(", ")}; valid names: ${names().join(", ")}`);
  const engine = values.engine === "local" ? "local" : (engines().at(-1) ?? "local");
  const engineName = engine === "cli" ? `Pulumi CLI ${findCli()?.version ?? ""}` : "local engine";
  console.log(`${engineName}, Node ${process.version}, ${availableParallelism()} × ${cpus()[0]?.model ?? "CPU"}`);
  const results: { readonly scenario: string; readonly rows: readonly Row[] }[] = [];
  for (const { name, about, run } of SCENARIOS) {
    if (positionals.length > 0 && !positionals.includes(name)) continue;
    console.log(`\n${name}: ${about}`);
    const rows = await run({ engine, report: (text) => console.log(`  … ${text}`) });
    results.push({ scenario: name, rows });
    for (const line of table(rows)) console.log(`  ${line}`);
  }
  const rows = results.flatMap((result) => result.rows);
  const missed = rows.filter((row) => !isMet(row));
  const bounds = rows.filter((row) => row.bound !== undefined).length;
  const file = resolve(values.json);
  await mkdir(dirname(file), { recursive: true });
  const withResults = results.map(({ scenario, rows }) => ({
    scenario,
    rows: rows.map((row) => ({ ...row, met: isMet(row) })),
  }));
  const about = { engine: engineName, node: process.version, processors: availableParallelism() };
  await writeFile(file, `${JSON.stringify({ ...about, results: withResults }, undefined, 2)}\n`);
  console.log(`\n${bounds - missed.length} of ${bounds} bounds are met; figures in ${file}`);
  for (const { what } of missed) console.log(`✗ ${what}`);
  return missed.length === 0 ? 0 : 1;
}

function names(): string[] {
  return SCENARIOS.map(({ name }) => name);
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
    process.exit(2);
  },
);
