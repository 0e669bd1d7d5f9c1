import { isDeepStrictEqual } from "node:util";
import { type DiagnosticEvent, type EventBody, STACK_TYPE, type StepEvent, type SummaryEvent } from "../events";
import { outputLines } from "./outputs-text";
import type { OperationKind } from "./request";
import { isDefaultProvider, nameOf, typeOf } from "./urn";

const TITLES: Readonly<Record<OperationKind, string>> = {
  preview: "Previewing update",
  up: "Updating",
  refresh: "Refreshing",
  destroy: "Destroying",
};

interface OpText {
  readonly prefix: string;
  readonly planned: string;
  readonly running: string;
  readonly done: string;
}

const OPS: Readonly<Record<string, OpText>> = {
  same: { prefix: "   ", planned: "", running: "", done: "" },
  create: { prefix: " + ", planned: "create", running: "creating", done: "created" },
  update: { prefix: " ~ ", planned: "update", running: "updating", done: "updated" },
  delete: { prefix: " - ", planned: "delete", running: "deleting", done: "deleted" },
  replace: { prefix: "+- ", planned: "replace", running: "replacing", done: "replaced" },
  "create-replacement": {
    prefix: "++ ",
    planned: "create replacement",
    running: "creating replacement",
    done: "created replacement",
  },
  "delete-replaced": {
    prefix: "-- ",
    planned: "delete original",
    running: "deleting original",
    done: "deleted original",
  },
  read: { prefix: ">- ", planned: "read", running: "reading", done: "read" },
  "read-replacement": {
    prefix: ">~ ",
    planned: "read for replacement",
    running: "reading for replacement",
    done: "read for replacement",
  },
  refresh: { prefix: " ~ ", planned: "refreshing", running: "refreshing", done: "refresh" },
};

interface Row {
  readonly urn: string;
  op: string;
  phase: "running" | "done" | "failed";
  started: number;
  diff: string;
  readonly messages: DiagnosticEvent[];
  last: DiagnosticEvent | undefined;
}

/** The CLI's non-interactive output: a line for each thing that happens, the messages and the sums at the end. */
export class Display {
  readonly #print: (line: string) => void;
  readonly #kind: OperationKind;
  readonly #rows = new Map<string, Row>();
  readonly #stackUrn: string;
  readonly #started = performance.now();
  #stack: StepEvent | undefined;

  constructor(kind: OperationKind, stack: string, project: string, print: (line: string) => void) {
    this.#kind = kind;
    this.#print = print;
    this.#stackUrn = `urn:pulumi:${stack}::${project}::${STACK_TYPE}::${project}-${stack}`;
    print(`${TITLES[kind]} (${stack}):`);
    print("");
    print(`@ ${TITLES[kind].toLowerCase()}....`);
  }

  show(event: EventBody): void {
    const { resourcePreEvent, resOutputsEvent, resOpFailedEvent, diagnosticEvent, summaryEvent, stdoutEvent } = event;
    if (resourcePreEvent) this.#step(resourcePreEvent, "running");
    if (resOutputsEvent) this.#step(resOutputsEvent, "done");
    if (resOpFailedEvent) this.#step(resOpFailedEvent, "failed");
    if (diagnosticEvent && diagnosticEvent.severity !== "debug") this.#diagnostic(diagnosticEvent);
    if (stdoutEvent) this.#lines(stdoutEvent.message);
    if (summaryEvent) this.#summary(summaryEvent);
  }

  #step(event: StepEvent, phase: Row["phase"]): void {
    const { metadata } = event;
    if (isDefaultProvider(metadata.urn) || metadata.op === "remove-pending-replace") return;
    if (metadata.type === STACK_TYPE && phase === "done") this.#stack = event;
    const row = this.#row(metadata.urn);
    if (phase === "running") row.started = performance.now();
    Object.assign(row, { op: metadata.op, phase, diff: diffText(event) });
    // Unchanged resources are not shown, the stack is.
    if (metadata.op !== "same" || metadata.type === STACK_TYPE) this.#printRow(row);
  }

  #diagnostic(event: DiagnosticEvent): void {
    const row = this.#row(event.urn || this.#stackUrn);
    row.messages.push(event);
    // A row goes on showing its last error.
    if (row.last?.severity !== "error" || event.severity === "error") row.last = event;
    this.#printRow(row);
  }

  #row(urn: string): Row {
    const row = this.#rows.get(urn);
    if (row) return row;
    const made: Row = {
      urn,
      op: "same",
      phase: "running",
      started: performance.now(),
      diff: "",
      messages: [],
      last: undefined,
    };
    this.#rows.set(urn, made);
    return made;
  }

  #printRow(row: Row): void {
    const last = row.phase === "running" ? row.last && messageText(row.last).split("\n")[0] : counts(row);
    const info = [row.diff, last].filter(Boolean).join("; ");
    const { prefix } = OPS[row.op] ?? { prefix: "   " };
    this.#print(` ${prefix}${typeOf(row.urn)} ${nameOf(row.urn)} ${this.#status(row)} ${info}`.trimEnd());
  }

  #status({ op, phase, started, urn }: Row): string {
    const text = OPS[op];
    if (!text) return op;
    if (op === "same") return phase === "running" && typeOf(urn) === STACK_TYPE ? "running" : "";
    if (this.#kind === "preview") return text.planned;
    const elapsed = (performance.now() - started) / 1000;
    if (phase === "running") return `${text.running} (${Math.floor(elapsed)}s)`;
    if (phase === "failed") return `**${text.running} failed**`;
    return `${text.done} (${elapsed < 1 ? elapsed.toFixed(2) : Math.floor(elapsed)}s)`;
  }

  #lines(text: string): void {
    for (const line of text.trimEnd().split("\n")) this.#print(line);
  }

  #summary(summary: SummaryEvent): void {
    this.#diagnostics();
    this.#outputs();
    this.#print("Resources:");
    for (const line of summaryLines(summary)) this.#print(`    ${line}`);
    const errored = [...this.#rows.values()].filter(({ messages }) => messages.some(isError)).length;
    if (errored > 0) this.#print(`    ${errored} errored`);
    this.#print("");
    if (!summary.isPreview) this.#lines(`Duration: ${Math.round((performance.now() - this.#started) / 1000)}s\n`);
  }

  #diagnostics(): void {
    const rows = [...this.#rows.values()].filter(({ messages }) => messages.some(({ ephemeral }) => !ephemeral));
    if (rows.length > 0) this.#print("Diagnostics:");
    for (const { urn, messages } of rows) {
      this.#print(`  ${typeOf(urn)} (${nameOf(urn)}):`);
      for (const event of messages.filter(({ ephemeral }) => !ephemeral)) {
        for (const line of messageText(event).trimEnd().split("\n")) this.#print(`    ${line}`.trimEnd());
      }
      this.#print("");
    }
  }

  #outputs(): void {
    const lines = this.#stack && this.#kind !== "destroy" ? outputLines(this.#stack.metadata) : [];
    if (lines.length === 0) return;
    for (const line of ["Outputs:", ...lines, ""]) this.#print(line);
  }
}

function isError({ severity }: DiagnosticEvent): boolean {
  return severity === "error";
}

function messageText({ prefix = "", message }: DiagnosticEvent): string {
  return prefix + message.trimEnd();
}

function counts({ messages }: Row): string {
  const kinds = [
    ["error", messages.filter(isError)],
    ["warning", messages.filter(({ severity }) => severity === "warning")],
    ["message", messages.filter(({ severity, ephemeral }) => severity.startsWith("info") && !ephemeral)],
  ] as const;
  const present = kinds.filter(([, found]) => found.length > 0);
  return present.map(([kind, found]) => `${found.length} ${kind}${found.length === 1 ? "" : "s"}`).join("; ");
}

/** `[diff: +added,gone-removed~changed]`, from the inputs; hidden keys are not shown. */
function diffText({ metadata }: StepEvent): string {
  const { old, new: current, op } = metadata;
  if (!old || !current || !["update", "replace", "create-replacement"].includes(op)) return "";
  const keys = [...new Set([...Object.keys(old.inputs), ...Object.keys(current.inputs)])].sort();
  const shown = keys.filter((key) => !key.startsWith("__"));
  const groups = [
    ["+", shown.filter((key) => !(key in old.inputs))],
    ["-", shown.filter((key) => !(key in current.inputs))],
    [
      "~",
      shown.filter(
        (key) => key in old.inputs && key in current.inputs && !isDeepStrictEqual(old.inputs[key], current.inputs[key]),
      ),
    ],
  ] as const;
  const text = groups.map(([sign, found]) => (found.length > 0 ? sign + found.join(",") : "")).join("");
  return text && `[diff: ${text}]`;
}

const SUMMARY: readonly (readonly [op: string, sign: string, planned: string, done: string])[] = [
  ["create", "+ ", "to create", "created"],
  ["update", "~ ", "to update", "updated"],
  ["delete", "- ", "to delete", "deleted"],
  ["replace", "+-", "to replace", "replaced"],
  ["same", "", "unchanged", "unchanged"],
];

function summaryLines({ resourceChanges, isPreview }: SummaryEvent): string[] {
  return SUMMARY.flatMap(([op, sign, planned, done]) => {
    const count = resourceChanges[op] ?? 0;
    return count > 0 ? [`${sign}${count} ${isPreview ? planned : done}`] : [];
  });
}
