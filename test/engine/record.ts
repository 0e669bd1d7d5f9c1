import { isDeepStrictEqual } from "node:util";
import {
  type EngineEvent,
  SECRET_SIGNATURE,
  SIGNATURE,
  STACK_TYPE,
  type StateMetadata,
  type StepMetadata,
} from "./events";
import type { Diagnostic, Run, RunStep } from "./types";

interface Ending {
  readonly ok: boolean;
  readonly output: string;
  readonly durationMs: number;
}

/** Converts the events of one operation into the result that tests use. */
export function summarize(events: readonly EngineEvent[], ending: Ending): Run {
  const stack = events.findLast((event) => event.resOutputsEvent?.metadata.type === STACK_TYPE)?.resOutputsEvent;
  const summary = events.findLast((event) => event.summaryEvent)?.summaryEvent;
  return {
    ...ending,
    changes: summary?.resourceChanges ?? {},
    steps: steps(events),
    diagnostics: events.flatMap(diagnostic),
    outputs: masked(stack?.metadata.new?.outputs ?? {}) as Record<string, unknown>, // an object stays an object
  };
}

function diagnostic({ diagnosticEvent: event }: EngineEvent): Diagnostic[] {
  if (!event || event.severity === "debug") return [];
  const { severity, urn = "", ephemeral = false } = event;
  return [{ severity, urn, ephemeral, message: plain(event.message) }];
}

/** The engine marks colours up as `<{%reset%}>`. */
function plain(message: string): string {
  return message.replace(/<\{%.*?%\}>/g, "").trimEnd();
}

function steps(events: readonly EngineEvent[]): RunStep[] {
  const result: { -readonly [K in keyof RunStep]: RunStep[K] }[] = [];
  const running = new Map<string, (typeof result)[number]>();
  for (const event of events) {
    const begun = event.resourcePreEvent?.metadata;
    if (begun && !isDefaultProvider(begun)) {
      const step = { ...describe(begun), status: "unfinished" as const };
      running.set(begun.urn, step);
      result.push(step);
    }
    const done = event.resOutputsEvent?.metadata;
    const ended = done ?? event.resOpFailedEvent?.metadata;
    const step = ended && running.get(ended.urn);
    if (!step) continue;
    step.status = done ? "done" : "failed";
    // A refresh begins as "refresh" and ends as its result: "same", "update" or "delete".
    if (done && step.op === "refresh") Object.assign(step, { op: done.op, diff: changedInputs(done) });
  }
  return result;
}

function describe(step: StepMetadata): Omit<RunStep, "status"> {
  const { op, urn, type } = step;
  return { op, urn, type, name: urn.split("::").slice(3).join("::"), diff: changedInputs(step) };
}

/** Default providers are internal: the CLI neither shows nor counts them (`isInternalStep`). */
function isDefaultProvider({ type, urn }: StepMetadata): boolean {
  return type.startsWith("pulumi:providers:") && /::default(_[^:]*)?$/.test(urn);
}

/** Without a detailed diff from the provider the CLI compares the inputs, hiding keys that begin with `__`. */
function changedInputs({ old, new: current }: StepMetadata): string[] {
  if (!old || !current) return [];
  return [...new Set([...keys(old), ...keys(current)])]
    .filter((key) => !key.startsWith("__") && !isDeepStrictEqual(old.inputs[key], current.inputs[key]))
    .sort();
}

function keys(state: StateMetadata): string[] {
  return Object.keys(state.inputs);
}

function masked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(masked);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value);
  if (entries.some(([key, member]) => key === SIGNATURE && member === SECRET_SIGNATURE)) return "[secret]";
  return Object.fromEntries(entries.map(([key, member]) => [key, masked(member)]));
}
