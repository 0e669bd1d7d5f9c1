import { mapTexts } from "../../provider/base/json";
import { counted, sentences } from "../../provider/base/sentences";
import { asUpgradeError } from "../../provider/core/errors";
import { type FoundDatabase, findingsIn, type Identity, type Inventory, isSame } from "../../provider/core/estate";
import { describeActivity } from "../../provider/core/unit";
import { type Command, JSON_OUTPUT, OUTPUT_FILE } from "./command";
import { type Connection, connectionOptions, connectionsOf, estateKinds, SYSTEMS, systemOf } from "./connection";
import { inWordsOfCommand, inWordsOfRead } from "./diagnosis";
import { CommandError, UsageError } from "./failure";
import { writeResult } from "./files";
import { table, wrapped } from "./layout";
import { type Adopted, FORMS, fleetOf, programOf } from "./program";
import type { Terminal } from "./terminal";

export const discover: Command = {
  name: "discover",
  summary: "list the databases of a cluster or project and their available upgrades",
  operand: SYSTEMS,
  description:
    "Lists the databases of a cluster or project: current version, available targets, replication and persistence, maintenance window, and what must be done before an upgrade. With --write, it prints a program that manages all of them at their current versions, so that the first preview shows no upgrade. It only reads.\n\nCredentials come from the configuration of the stack (with --stack), from environment variables or, in a terminal, from a prompt without echo.",
  options: async (terminal) => ({
    ...connectionOptions(await estateKinds(terminal)),
    stack: { value: "NAME", description: "read credentials from the configuration of this stack" },
    ...JSON_OUTPUT,
    write: { value: FORMS.join("|"), description: "print a TypeScript program, or a file for examples/fleet" },
    ...OUTPUT_FILE,
  }),
  examples: [
    "npx pulumi-dbversion discover oceanbase --endpoint http://10.0.0.1:2886",
    "npx pulumi-dbversion discover taurusdb --region cn-north-4 --json",
    "npx pulumi-dbversion discover redis-enterprise --endpoint https://10.0.0.1:9443 --ca-certificate ca.pem --write ts",
  ],
  exits: [
    "everything was read",
    "nothing could be read",
    "something could not be read (details on standard error), or invalid command line",
  ],
  async run(given, terminal) {
    const system = await systemOf(given, terminal);
    const form = FORMS.find((each) => each === given.text("write"));
    if (given.has("write") && form === undefined) throw new UsageError(`--write must be ${FORMS.join(" or ")}`);
    if (form !== undefined) given.refuse(["json"], "cannot be combined with --write");
    const read: Read[] = [];
    for (const connection of await connectionsOf(system, given, terminal)) {
      const each = await readEstate(connection, terminal);
      const known = read.find((one) => one.identity && each.identity && isSame(one.identity, each.identity));
      if (known === undefined) read.push(each);
      else terminal.note(`${each.title} is the same as ${known.title} and is listed once.`);
    }
    const estates = read.flatMap(({ adopted }) => adopted ?? []);
    const databases = read.flatMap((each) => each.databases);
    const gaps = read.flatMap((each) => each.gaps);
    if (estates.length === 0) throw new CommandError(gaps.join(" "));
    if (form !== undefined && estates.every(({ resources }) => resources.length === 0)) {
      throw new CommandError(["No databases that a program could manage were found.", ...gaps].join(" "));
    }
    const text =
      form === "ts"
        ? programOf(system.name, estates)
        : form === "fleet"
          ? await fleetOf(system.name, estates)
          : given.has("json")
            ? `${JSON.stringify({ system: system.name, databases, gaps }, undefined, 2)}\n`
            : listing(databases);
    await writeResult(text, given.text("output"), "result", terminal);
    for (const gap of gaps) terminal.note(`incomplete: ${gap}`);
    return gaps.length === 0 ? 0 : 2;
  },
};

interface Read extends Pick<Inventory, "databases" | "gaps"> {
  readonly title: string;
  /** Absent when nothing could be read. */
  readonly identity?: Identity;
  /** Absent when nothing could be read. */
  readonly adopted?: Adopted;
}

/** Catches errors, so that one unreadable estate does not hide the others. */
async function readEstate(connection: Connection, terminal: Terminal): Promise<Read> {
  const redact = (text: string) => terminal.redact(inWordsOfCommand(text));
  const estate = connection.open();
  const { title } = estate;
  try {
    const { identity, ...inventory } = await estate.inventory();
    const gaps = inventory.gaps.map(inWordsOfRead);
    const { databases, resources } = mapTexts({ ...inventory, gaps }, redact);
    return { title, identity, databases, gaps: gaps.map(redact), adopted: { connection, resources } };
  } catch (error) {
    const { code, sentence } = asUpgradeError(error);
    if (code === "unexpected" || code === "interrupted") throw error;
    return { title, databases: [], gaps: [redact(inWordsOfRead(`${title} could not be read: ${sentence} [${code}]`))] };
  } finally {
    await estate.close();
  }
}

const HEADINGS = ["NAME", "TYPE", "ID", "CURRENT", "AVAILABLE", "PROTECTION", "WINDOW", "STATE", "NEEDS"];

/** A table, followed by the findings that its last column refers to. */
function listing(databases: readonly FoundDatabase[]): string {
  const needs = new Map<string, number>();
  const rows = databases.map((database) => {
    const numbers = [...findingsIn(database), ...(database.advice ?? [])].map((finding) => {
      const text = sentences(finding.message, finding.remedy);
      const number = needs.get(text) ?? needs.size + 1;
      needs.set(text, number);
      return number;
    });
    return rowOf(database, numbers);
  });
  const list = [...needs].map(([text, number]) => `${String(number).padStart(3)}  ${wrapped(text, 5)}\n`);
  return `${table(HEADINGS, rows)}\n${counted(databases.length, "database")}\n${list.length === 0 ? "" : `\nneeds\n${list.join("")}`}`;
}

function rowOf(database: FoundDatabase, numbers: readonly number[]): readonly string[] {
  const { name, type, id, current, targets, protection = "", window = "" } = database;
  const available = targets === undefined ? "unknown" : targets.length === 0 ? "none" : targets.join(", ");
  const daily = window === "" ? "" : `${window} UTC`;
  const columns = [name, type.replace(":", "."), id, current, available, protection, daily];
  return [...columns, stateOf(database), numbers.join(", ")];
}

/** The vendor's current operation, or what prevents an upgrade: `agent not running`. */
function stateOf({ activity, findings }: FoundDatabase): string {
  if (activity !== undefined) return describeActivity(activity);
  return [...new Set(findings.map(({ code }) => code.replaceAll("-", " ")))].join(", ");
}
