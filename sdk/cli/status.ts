import { mapTexts } from "../../provider/base/json";
import { printable } from "../../provider/core/texts/vendor-text";
import type { Database } from "../report/database";
import { courseOf, minuteOf, shortRouteOf, targetTexts } from "../report/format";
import { countsOf, type Stack, stackOf } from "../report/stack";
import { parseTime } from "../report/stack-export";
import { type Command, type Given, JSON_OUTPUT } from "./command";
import { UsageError } from "./failure";
import { table, wrapped } from "./layout";
import { readExport, STACK } from "./stack";
import type { Terminal } from "./terminal";

/** Interval between the reads of `--watch`, in milliseconds. */
const PERIOD = 5_000;
/** Moves the cursor to the top left corner, and erases everything below. */
const CLEAR = "\u001b[H\u001b[J";

export const status: Command = {
  name: "status",
  summary: "show the databases that a stack manages, from its state",
  description:
    "Shows the data of `pulumi-dbversion report` as a table in the terminal: target and current version, status and last upgrade of each database. Databases that need attention come first. It reads the state of the stack, and makes no requests to databases. To read the databases again, run `pulumi refresh`.",
  options: async () => ({
    ...STACK,
    ...JSON_OUTPUT,
    watch: { short: "w", description: "show the state again every 5 seconds, until ^C" },
  }),
  examples: [
    "npx pulumi-dbversion status --stack production --watch",
    "pulumi stack export | npx pulumi-dbversion status --file -",
  ],
  exits: ["the state was shown", "the state could not be read", "invalid command line"],
  lasts: (given) => given.has("watch"),
  async run(given, terminal) {
    given.atMost(0);
    if (given.has("file")) given.refuse(["stack"], "cannot be combined with --file");
    if (!given.has("watch")) {
      await terminal.print(await shown(given, terminal));
      return 0;
    }
    if (given.text("file") === "-") throw new UsageError("--watch cannot be combined with --file -");
    let last = "";
    for (;;) {
      const text = await shown(given, terminal);
      const screen = terminal.columns === undefined ? text : `${CLEAR}${text}`;
      if (screen !== last && !(await terminal.print(screen))) return 0;
      last = screen;
      await terminal.clock.sleep(PERIOD, terminal.signal);
    }
  },
};

async function shown(given: Given, terminal: Terminal): Promise<string> {
  const { content, name } = await readExport(given, terminal, false);
  const stack = mapTexts(stackOf(content, name), printable);
  return given.has("json") ? `${JSON.stringify(jsonOf(stack), undefined, 2)}\n` : tableOf(stack);
}

const HEADINGS = ["DATABASE", "TYPE", "TARGET", "CURRENT", "STATUS", "LAST UPGRADE"];

function tableOf({ title, time, databases }: Stack): string {
  const written = parseTime(time);
  const totals = countsOf(databases).map(({ status, count }) => `${count} ${status}`);
  const head = `${title}${written === undefined ? "" : `, state of ${minuteOf(written)} UTC`}: ${totals.join(", ")}`;
  const reasons = databases.flatMap((database) =>
    reasonsOf(database).map((reason) => `  ${database.name}: ${wrapped(reason, 4)}\n`),
  );
  return `${head}\n\n${table(HEADINGS, databases.map(rowOf))}${reasons.length === 0 ? "" : `\n${reasons.join("")}`}`;
}

function rowOf(database: Database): readonly string[] {
  const { name, subject, status: state, drifted, upgrade } = database;
  const last = upgrade === undefined ? "" : `${shortRouteOf(upgrade)}, ${courseOf(upgrade)}`;
  return [
    name,
    subject.type.replace(":", "."),
    targetTexts(database).join(", "),
    currentOf(database),
    drifted ? `${state}, drift` : state,
    last,
  ];
}

/** More are only counted. */
const MOST_NAMED = 4;

function currentOf({ current, members }: Database): string {
  if (current !== undefined) return current;
  if (members.length > MOST_NAMED) return `${members.length} members`;
  return members.map(({ name, version = "not observed" }) => `${name} ${version}`).join(", ");
}

/** Problems, and the reasons why an upgrade is held, as the run reported them. */
function reasonsOf({ notes, control: { hold }, upgrade, members }: Database): readonly string[] {
  const problems = members.flatMap(({ name, problem }) => (problem === undefined ? [] : [`${name}: ${problem}`]));
  const held = hold === undefined ? [] : [`held: ${hold.message}`];
  return [...notes, ...held, ...(upgrade?.reason === undefined ? [] : [upgrade.reason]), ...problems];
}

function jsonOf({ title, time, databases: all }: Stack) {
  const databases = all.map((database) => {
    const { name, subject, release, current, members, drifted, upgrade, control } = database;
    const { message, until } = control.hold ?? {};
    const own = {
      name,
      type: subject.type,
      target: targetTexts(database).join(", "),
      release,
      current,
      status: database.status,
      drifted,
    };
    const heldBy = message === undefined ? undefined : { message, until };
    return { ...own, members, lastUpgrade: upgrade, heldBy, reasons: reasonsOf(database) };
  });
  return { stack: title, time, databases };
}
