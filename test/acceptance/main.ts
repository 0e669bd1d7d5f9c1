import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { undiciTransport } from "../../provider/http/undici-transport";
import { parse } from "../../sdk/cli/command";
import { connectionOptions, estateKinds } from "../../sdk/cli/connection";
import { UsageError } from "../../sdk/cli/failure";
import { processStreams, type Terminal, withoutSecrets } from "../../sdk/cli/terminal";
import { goldenOf, readSystem, simulatedExchanges } from "./acceptance";

/** `npm run acceptance`: compares the responses of a real system with those of its simulator. */

const USAGE = `usage: npm run acceptance -- <oceanbase|redis-enterprise|taurusdb> [connection options] [options]

Reads a real system, records its responses in test/golden/, and lists the differences from those of the simulator. Only GET
requests are sent. A recording contains no values except versions, and values that the simulator has in the same field.

Connection options and environment variables are those of \`npx pulumi-dbversion discover\`; see its --help.

  --name NAME   the name of the file; default: recorded
  --keep FIELD  records the name of a field that the simulator does not have; may be repeated. By default such names are
                hidden, because they may be names of databases
  --dry         writes nothing

exit codes: 0 no differences; 1 differences; 2 a read failed, or the command line is invalid`;

const OWN = {
  name: { value: "NAME", description: "the name of the file" },
  keep: { value: "FIELD", multiple: true, description: "records the name of a field" },
  dry: { description: "writes nothing" },
  help: { description: "prints this" },
} as const;

async function main(args: readonly string[], terminal: Terminal): Promise<number> {
  const given = parse(args, { ...connectionOptions(await estateKinds(terminal)), ...OWN });
  if (given.has("help")) {
    await terminal.print(`${USAGE}\n`);
    return 0;
  }
  const name = given.text("name") ?? "recorded";
  if (!/^[\w.-]+$/.test(name)) throw new UsageError("--name takes letters, digits, dots and hyphens");
  const read = await readSystem(given, terminal, undiciTransport);
  const { system, exchanges, failures } = read;
  const simulated = await simulatedExchanges(system, terminal, exchanges);
  const { golden, hidden } = goldenOf(read, "recorded by `npm run acceptance`", simulated, given.all("keep"));
  for (const failure of failures) terminal.note(`not read: ${failure}`);
  for (const field of hidden) terminal.note(`hidden: the name of the field "${field}"; --keep ${field} records it`);
  for (const difference of golden.differences) await terminal.print(`${difference}\n`);
  await terminal.print(`${exchanges.length} responses, ${golden.differences.length} differences\n`);
  if (!given.has("dry") && exchanges.length > 0) {
    const folder = join(__dirname, "..", "golden", system);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, `${name}.json`), `${JSON.stringify(golden, undefined, 2)}\n`);
    await terminal.print(`wrote test/golden/${system}/${name}.json\n`);
  }
  return failures.length > 0 ? 2 : golden.differences.length > 0 ? 1 : 0;
}

main(process.argv.slice(2), withoutSecrets(processStreams())).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(error instanceof UsageError ? `${error.message}\n${USAGE}` : error);
    process.exitCode = 2;
  },
);
