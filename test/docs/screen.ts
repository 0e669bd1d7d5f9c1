import type { Run } from "../engine";

/** The output of `pulumi preview` on a terminal: the tree of resources, and the messages of each. */
export function screenOf(run: Run): string[] {
  const messages = new Map(run.steps.map(({ urn }) => [urn, messagesOf(run, urn)]));
  const rows = run.steps.map(({ urn, name, type, op }, at) => {
    const branch = type === STACK ? "" : at === run.steps.length - 1 ? "└─ " : "├─ ";
    return [SIGNS[op] ?? "", branch + type, name, op, countOf(messages.get(urn) ?? [])];
  });
  const table = [["", "Type", "Name", "Plan", "Info"], ...rows];
  const diagnostics = run.steps.flatMap(({ urn, name, type }) => {
    const lines = messages.get(urn) ?? [];
    return lines.length === 0 ? [] : ["", `${type} (${name}):`, ...lines];
  });
  return [...table.map((cells) => cells.filter(Boolean).join(" ")), "", "Diagnostics:", ...diagnostics.slice(1)];
}

const STACK = "pulumi:pulumi:Stack";
const SIGNS: Readonly<Record<string, string>> = { create: "+", update: "~", delete: "-" };

/** Lasting messages; progress is shown only in the row. */
function messagesOf({ diagnostics }: Run, urn: string): string[] {
  return diagnostics.filter((one) => one.urn === urn && !one.ephemeral).flatMap(({ message }) => message.split("\n"));
}

function countOf({ length }: readonly string[]): string {
  return length === 0 ? "" : `${length} message${length === 1 ? "" : "s"}`;
}
