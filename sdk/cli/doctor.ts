import { createRequire } from "node:module";
import { join } from "node:path";
import { mapTexts } from "../../provider/base/json";
import { OLDEST_NODE } from "../../provider/base/node-version";
import { type Estate, type FoundDatabase, findingsIn } from "../../provider/core/estate";
import { describeActivity } from "../../provider/core/unit";
import { tlsFrom } from "../../provider/http/tls";
import { type Command, type Given, JSON_OUTPUT, OUTPUT_FILE } from "./command";
import { type Connection, connectionOptions, connectionsOf, estateKinds, SYSTEMS, systemOf } from "./connection";
import { exitCode, failed, inWordsOfCommand, type Line, type Section, sectionText, summary } from "./diagnosis";
import { UsageError } from "./failure";
import { writeResult } from "./files";
import { connectionsIn, managedIn, nameOf, planLines } from "./managed";
import { examineNetwork, type Network, type NetworkPath } from "./network";
import { ownVersion } from "./package";
import { pluginStartLine } from "./plugin-start";
import { STACK } from "./stack";
import type { Terminal } from "./terminal";

export const doctor: Command = {
  name: "doctor",
  summary: "check the prerequisites of upgrades",
  operand: SYSTEMS,
  optional: true,
  description:
    "Checks, in this order: this machine, the network path to each server (name resolution, TCP, TLS, clock), credentials, server version, permissions, running and failed tasks, and what blocks an upgrade. Each problem comes with a remedy. Specify a system and its endpoints, or a stack. In a stack, each resource is checked against its target version.\n\nIt only reads. Secrets are removed, so the output can be attached to an issue.",
  options: async (terminal) => ({
    ...connectionOptions(await estateKinds(terminal)),
    ...STACK,
    ...JSON_OUTPUT,
    ...OUTPUT_FILE,
  }),
  examples: [
    "npx pulumi-dbversion doctor oceanbase --endpoint http://10.0.0.1:2886",
    "npx pulumi-dbversion doctor --stack production",
    "pulumi stack export --show-secrets | npx pulumi-dbversion doctor --file -",
  ],
  exits: [
    "no problems; there may be warnings",
    "problems",
    "no problems, but something could not be checked, or invalid command line",
  ],
  async run(given, terminal) {
    const examination = await examined(given, terminal);
    const sections = mapTexts([await machine(terminal), ...examination], (text) =>
      terminal.redact(inWordsOfCommand(text)),
    );
    const text = given.has("json")
      ? `${JSON.stringify({ version: ownVersion(), summary: summary(sections), sections }, undefined, 2)}\n`
      : `${sections.map(sectionText).join("\n")}\n${summary(sections)}\n`;
    await writeResult(text, given.text("output"), "result", terminal);
    return exitCode(sections);
  },
};

/** The checks of the local machine. */
async function machine(terminal: Terminal): Promise<Section> {
  return {
    title: "this machine",
    lines: [
      { state: "ok", name: "Node", message: `${process.version} (required: ${OLDEST_NODE} or later)` },
      { state: "ok", name: "pulumi-dbversion", message: ownVersion() },
      sdkLine(),
      await cliLine(terminal),
      await pluginStartLine(terminal),
    ],
  };
}

/** The SDK that a program in the current directory would load. */
function sdkLine(): Line {
  const name = "Pulumi SDK";
  try {
    const { version } = createRequire(join(process.cwd(), "index.js"))("@pulumi/pulumi/package.json");
    return { state: "ok", name, message: `@pulumi/pulumi ${version}` };
  } catch {
    return { state: "note", name, message: "not installed in the current directory; this command does not need it" };
  }
}

async function cliLine(terminal: Terminal): Promise<Line> {
  const name = "Pulumi CLI";
  try {
    return { state: "ok", name, message: (await terminal.run("pulumi", ["version"])).trim() };
  } catch {
    return { state: "note", name, message: "not found; this command needs it only for --stack" };
  }
}

async function examined(given: Given, terminal: Terminal): Promise<Section[]> {
  if (given.operands.length > 0) {
    const system = await systemOf(given, terminal);
    given.refuse(["file"], `cannot be combined with a system; omit "${system.name}" to check the resources of a stack`);
    return sectionsOf(await connectionsOf(system, given, terminal), terminal, inventoryLines);
  }
  if (!given.has("stack") && !given.has("file"))
    throw new UsageError("specify a system, or a stack with --stack or --file");
  const ofSystems = Object.keys(connectionOptions(await estateKinds(terminal)));
  given.refuse(
    ofSystems,
    "requires a system, such as `doctor oceanbase`; the resources of a stack have their own connections",
  );
  const managed = await managedIn(given, terminal);
  const { connections, problems } = await connectionsIn(managed, terminal);
  const sections = await sectionsOf(connections, terminal);
  const lines: Line[] = [...problems];
  for (const each of managed) lines.push(...(await planLines(each, terminal)));
  return [...sections, { title: "resources", lines }];
}

/** All checks of each connection: the servers, then the system. @param last runs if all others pass */
async function sectionsOf(
  connections: readonly Connection[],
  terminal: Terminal,
  last?: (estate: Estate) => Promise<Line[]>,
): Promise<Section[]> {
  const sections: Section[] = [];
  const networks = new Map<string, Network>();
  for (const connection of connections) {
    const estate = connection.open();
    try {
      for (const origin of estate.origins) {
        if (networks.has(origin)) continue;
        terminal.progress(`checking ${origin}`);
        const network = await examineNetwork(pathTo(connection, origin), terminal);
        networks.set(origin, network);
        sections.push({ title: origin, lines: network.lines });
      }
      const reached = estate.origins.some((origin) => networks.get(origin)?.reached);
      const lines = reached ? await vendorLines(estate, last) : notReached(estate);
      sections.push({ title: estate.title, lines });
    } finally {
      await estate.close();
    }
  }
  return sections;
}

function pathTo({ kind, args, proxies }: Connection, origin: string): NetworkPath {
  const { shape } = kind.inputs;
  return { origin, proxies, tls: tlsFrom(args), accepts: (argument) => Object.hasOwn(shape, argument) };
}

function notReached({ checks }: Estate): Line[] {
  return checks.map(({ name }) => ({ state: "unknown", name, message: "not checked: no server is reachable" }));
}

async function vendorLines(estate: Estate, last?: (estate: Estate) => Promise<Line[]>): Promise<Line[]> {
  const lines: Line[] = [];
  const failedLine = () => lines.find(({ state }) => state === "problem" || state === "unknown");
  for (const { name, run } of estate.checks) {
    const before = failedLine();
    if (before !== undefined) {
      lines.push({ state: "unknown", name, message: `not checked: depends on ${before.name}` });
      continue;
    }
    try {
      const { message, untested = [] } = await run();
      lines.push({ state: "ok", name, message });
      for (const text of untested) lines.push({ state: "note", name, message: text });
    } catch (error) {
      lines.push(failed(name, error));
    }
  }
  if (last === undefined || failedLine() !== undefined) return lines;
  return [...lines, ...(await last(estate).catch((error: unknown) => [failed("databases", error)]))];
}

async function inventoryLines(estate: Estate): Promise<Line[]> {
  const { databases, gaps } = await estate.inventory();
  const unread = gaps.map((message): Line => ({ state: "unknown", name: "databases", message }));
  return [...unread, ...together(databases.flatMap(databaseLines))];
}

function databaseLines({ type, current, targets, activity, advice = [], ...database }: FoundDatabase): Statement[] {
  const offered = targets === undefined ? "available versions unknown" : targets.join(", ") || "no newer version";
  const state = targets === undefined ? "note" : "ok";
  const busy = activity === undefined || activity.kind === "blocked" ? "" : `; ${describeActivity(activity)}`;
  const found = findingsIn({ ...database, ...(activity === undefined ? {} : { activity }) });
  const lines = [
    ...(found.length > 0 ? [] : [{ state, message: `${current} → ${offered}${busy}` } as const]),
    ...found.map(({ message, remedy }) => ({ state: "problem", message, remedy }) as const),
    ...advice.map(({ message, remedy }) => ({ state: "note", message, remedy }) as const),
  ];
  return lines.map((line) => ({ type, database: database.name, line }));
}

/** A line about one database. */
interface Statement {
  readonly type: string;
  readonly database: string;
  readonly line: Omit<Line, "name">;
}

/** Merges equal statements about several databases into one line: the same message with the same remedy. */
function together(statements: readonly Statement[]): Line[] {
  const groups = Map.groupBy(statements, ({ line }) => JSON.stringify(line));
  return [...groups.values()].flatMap((group) => {
    const databases = Map.groupBy(group, ({ type }) => type);
    const names = [...databases].map(([type, each]) =>
      nameOf(
        each.map(({ database }) => database),
        type,
      ),
    );
    return group.slice(0, 1).map(({ line }) => ({ ...line, name: names.join(", ") }));
  });
}
