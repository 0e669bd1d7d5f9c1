import { existsSync } from "node:fs";
import { userInfo } from "node:os";
import { isTable } from "../../provider/base/json";
import { parseDuration } from "../../provider/base/sentences";
import { resourceName } from "../../provider/base/urn";
import { APPROVAL_FORMAT, type Approval, type Proposal } from "../../provider/core/control/approval";
import type { ApprovedUpgrades } from "../../provider/core/policy";
import { listOf, member, stackExportIn, textOf } from "../report/stack-export";
import { type Command, type Given, OUTPUT_FILE } from "./command";
import { CommandError, UsageError } from "./failure";
import { type Expected, type Input, readInput, readOperand, writeResult } from "./files";
import { table } from "./layout";
import type { Terminal } from "./terminal";

export const approve: Command = {
  name: "approve",
  summary: "approve planned upgrades, for the argument `approval`",
  operand: "<preview.json | ->",
  description:
    "Writes an approval for each upgrade that a preview planned for resources with the argument `approval`. Only exactly these upgrades may then start. It reads the output of `pulumi preview --json --diff` or, for upgrades that an earlier `pulumi up` held, of `pulumi stack export`, from a file or from standard input (-). Approvals of other resources that are already in the file are kept.",
  options: async () => ({
    ...OUTPUT_FILE,
    by: { value: "NAME", description: "name of the approver, for information only; default: the git user" },
    "valid-for": {
      value: "DURATION",
      description: "how long the approvals are valid, such as 72h; default: no expiry",
    },
  }),
  examples: [
    "pulumi preview --json --diff | npx pulumi-dbversion approve - -o approved.json",
    "pulumi stack export | npx pulumi-dbversion approve - -o approved.json --valid-for 72h",
  ],
  exits: [
    "the approvals were written",
    "no approvals were written: the input has no planned upgrades, or a file cannot be read or written",
    "invalid command line",
  ],
  async run(given, terminal) {
    const output = given.text("output");
    const terms = await termsOf(given, terminal);
    const plans = plansIn(await readOperand(given, PREVIEW, terminal));
    const known = output !== undefined && existsSync(output) ? await approvedIn(output, terminal) : {};
    const added = Object.fromEntries([...plans].map(([urn, units]) => [urn, approved(units, terms)]));
    const content: ApprovedUpgrades = { formatVersion: APPROVAL_FORMAT, approvals: sorted({ ...known, ...added }) };
    await writeResult(`${JSON.stringify(content, null, 2)}\n`, output, APPROVALS.what, terminal);
    terminal.note(shown(plans));
    return 0;
  },
};

type Units = Readonly<Record<string, Proposal>>;
type Terms = Omit<Approval, keyof Proposal>;

const PREVIEW: Expected = {
  what: "preview",
  how: "Pass the output of `pulumi preview --json --diff` or `pulumi stack export`.",
};

/** The planned upgrades, by URN and unit. @throws CommandError or ReportError */
function plansIn({ content, name }: Input): Map<string, Units> {
  const steps = member(content, "steps");
  if (!Array.isArray(steps) && !isTable(member(content, "deployment"))) {
    throw new CommandError(`${name} is neither a preview nor a stack export. ${PREVIEW.how}`);
  }
  const plans = new Map<string, Units>();
  for (const resource of Array.isArray(steps) ? [] : stackExportIn(content, name).resources)
    keep(plans, resource, heldUnits(resource));
  for (const step of listOf(steps)) {
    const [before, after] = [member(step, "oldState"), member(step, "newState")];
    keep(plans, after, unitsOf(member(member(after, "inputs"), "__plan")) ?? heldUnits(before));
  }
  if (plans.size === 0) {
    throw new CommandError(
      `${name} has no planned upgrade of a resource with the argument \`approval\`. A preview contains only upgrades that it would request. For upgrades that are already held, pass the output of \`pulumi stack export\`.`,
    );
  }
  return plans;
}

const LONGEST = 2_000;

function keep(plans: Map<string, Units>, resource: unknown, units: Units | undefined): void {
  const urn = textOf(member(resource, "urn"), LONGEST);
  if (urn !== undefined && units !== undefined) plans.set(urn, units);
}

/** The plan of a resource whose upgrade is held. The inputs may still contain the plan of a completed upgrade. */
function heldUnits(resource: unknown): Units | undefined {
  const outputs = member(resource, "outputs");
  return member(outputs, "status") === "held" ? unitsOf(member(outputs, "__plan")) : undefined;
}

function unitsOf(plan: unknown): Units | undefined {
  const units = isTable(plan) ? Object.entries(plan).flatMap(([unit, proposal]) => proposalIn(unit, proposal)) : [];
  return units.length === 0 ? undefined : Object.fromEntries(units);
}

function proposalIn(unit: string, proposal: unknown): [string, Proposal][] {
  const [from, to, how, digest] = ["from", "to", "how", "digest"].map((key) => textOf(member(proposal, key), LONGEST));
  if (from === undefined || to === undefined || how === undefined || digest === undefined) return [];
  return [[unit, { from, to, how, digest }]];
}

const APPROVALS: Expected = { what: "approval file", how: "Move or delete it, then run the command again." };

/** The approvals that an earlier run wrote. @throws CommandError or ReportError */
async function approvedIn(file: string, terminal: Terminal): Promise<ApprovedUpgrades["approvals"]> {
  const { content } = await readInput(file, APPROVALS, terminal);
  const approvals = member(content, "approvals");
  if (member(content, "formatVersion") !== APPROVAL_FORMAT || !isTable(approvals)) {
    throw new CommandError(`${file} is not an approval file of a supported format. ${APPROVALS.how}`);
  }
  // Its entries are written back unchanged.
  return approvals as ApprovedUpgrades["approvals"];
}

async function termsOf(given: Given, terminal: Terminal): Promise<Terms> {
  const now = terminal.clock.now();
  const limit = given.text("valid-for");
  const duration = limit === undefined ? undefined : parseDuration(limit);
  if (limit !== undefined && !duration) {
    throw new UsageError(`--valid-for must be a duration above zero, such as 72h, not "${limit}"`);
  }
  return {
    approvedAt: new Date(now).toISOString(),
    approvedBy: given.text("by") ?? (await userOfGit(terminal)),
    ...(duration === undefined ? {} : { expiresAt: new Date(now + duration).toISOString() }),
  };
}

async function userOfGit(terminal: Terminal): Promise<string> {
  const read = async (key: string) => (await terminal.run("git", ["config", key]).catch(() => "")).trim();
  const [name, email] = [await read("user.name"), await read("user.email")];
  if (name === "") return userInfo().username;
  return email === "" ? name : `${name} <${email}>`;
}

function approved(units: Units, terms: Terms): Record<string, Approval> {
  return Object.fromEntries(Object.entries(units).map(([unit, proposal]) => [unit, { ...proposal, ...terms }]));
}

/** Sorted by name, to keep diffs of the file readable. */
function sorted<T>(table: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(table).sort(([one], [other]) => one.localeCompare(other, "en")));
}

function shown(plans: ReadonlyMap<string, Units>): string {
  const rows = [...plans].flatMap(([urn, units]) =>
    Object.entries(units).map(([unit, { how }]) => [resourceName(urn) || urn, unit, how]),
  );
  return `Approved:\n${table(["resource", "database", "plan"], rows)}`;
}
