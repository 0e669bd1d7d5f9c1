import type { ProviderProcess } from "./provider-process";
import type { Timeline } from "./timeline";

type Values = Readonly<Record<string, unknown>>;

/** A resource in the state of the stack. */
export interface Saved {
  readonly id: string;
  readonly inputs: Values;
  readonly outputs: Values;
  /** Reasons of a partial failure: the next `up` updates, regardless of `diff`. */
  readonly initErrors: readonly string[];
}

/** How a command ended for the resource. */
export type Ending =
  /** Created, updated, read or previewed. `changed` is false if there were no changes. */
  | { readonly kind: "done"; readonly changed: boolean }
  /** The provider threw. `partial`: with a state to store. */
  | { readonly kind: "failed"; readonly error: unknown; readonly partial: boolean }
  | { readonly kind: "invalid"; readonly reasons: readonly string[] }
  | { readonly kind: "killed" };

/** Time limits of the provider's reads in milliseconds (provider/frontend/resource/preview.ts, provider/frontend/resource/read.ts). */
const CHECK_OR_DIFF = 10_000;
const READ = 30_000;

const OPEN = new Set<unknown>(["running", "unknown", "deferred"]);

/** A stack with one resource: calls the provider as the engine does, and stores the results (test/engine/local). */
export class Stack {
  state: Saved | undefined;
  #inputs: Values;
  readonly #timeline: Timeline;
  /** The default time limit of the resource type, in milliseconds. */
  readonly #timeout: number;

  constructor(inputs: Values, timeout: number, timeline: Timeline) {
    this.#inputs = inputs;
    this.#timeout = timeout;
    this.#timeline = timeline;
  }

  /** The inputs in the program. */
  get programInputs(): Values {
    return this.#inputs;
  }

  /** Changes arguments in the program. */
  changeProgram(args: Values): void {
    this.#inputs = { ...this.#inputs, ...args };
  }

  /** Whether the state records an upgrade that has not ended, or whose result is unknown. */
  get hasOpenUpgrade(): boolean {
    return hasOpenUpgrade(this.state);
  }

  /** `pulumi preview`, or the preview of an `up`. */
  preview(process: ProviderProcess): Promise<Ending> {
    return this.#untilKilled(process, async () => {
      const reasons = await this.#check(process, this.#inputs);
      if (reasons.length > 0) return { kind: "invalid", reasons };
      return { kind: "done", changed: await this.#changes(process, this.#inputs) };
    });
  }

  /** @param limit customTimeouts in seconds */
  up(process: ProviderProcess, limit: number | undefined): Promise<Ending> {
    const inputs = limit === undefined ? this.#inputs : { ...this.#inputs, __timeouts: timeoutsOf(limit) };
    const milliseconds = limit === undefined ? this.#timeout : limit * 1_000;
    return this.#untilKilled(process, async () => {
      const reasons = await this.#check(process, inputs);
      if (reasons.length > 0) return { kind: "invalid", reasons };
      const old = this.state;
      const needed = (await this.#changes(process, inputs)) || (old !== undefined && old.initErrors.length > 0);
      if (!needed) return { kind: "done", changed: false };
      this.#begin(process, milliseconds);
      try {
        if (old === undefined) {
          const { id, outs } = await process.lifecycle.create(inputs);
          this.#store(process, { id, inputs, outputs: outs, initErrors: [] });
        } else {
          const { outs } = await process.lifecycle.update(old.id, old.outputs, inputs);
          this.#store(process, { id: old.id, inputs, outputs: outs, initErrors: [] });
        }
        return { kind: "done", changed: true };
      } catch (error) {
        const partial = partialOf(error);
        if (partial === undefined) throw error;
        const { id, properties, reasons: initErrors } = partial;
        this.#store(process, { id: old?.id ?? id, inputs, outputs: properties, initErrors });
        return { kind: "failed", error, partial: true };
      }
    });
  }

  /** `pulumi refresh` */
  refresh(process: ProviderProcess): Promise<Ending> {
    return this.#untilKilled(process, async () => {
      const old = this.state;
      if (old === undefined) return { kind: "done", changed: false };
      this.#begin(process, READ);
      const { id, props, inputs } = await process.lifecycle.read(old.id, old.outputs);
      if (id === undefined) {
        if (!process.dead) this.state = undefined;
        return { kind: "done", changed: true };
      }
      this.#store(process, {
        id,
        inputs: asValues(inputs) ?? old.inputs,
        outputs: asValues(props) ?? {},
        initErrors: [],
      });
      return { kind: "done", changed: true };
    });
  }

  async #check(process: ProviderProcess, inputs: Values): Promise<string[]> {
    this.#begin(process, CHECK_OR_DIFF);
    const { failures = [] } = await process.lifecycle.check(this.state?.inputs ?? {}, inputs);
    return failures.map(({ property, reason }) => `${property}: ${reason}`);
  }

  async #changes(process: ProviderProcess, inputs: Values): Promise<boolean> {
    if (this.state === undefined) return true;
    this.#begin(process, CHECK_OR_DIFF);
    const { changes, replaces = [] } = await process.lifecycle.diff(this.state.id, this.state.outputs, inputs);
    if (replaces.length > 0) throw new Error(`the resource would be replaced: ${replaces.join(", ")}`);
    return changes === true;
  }

  #begin(process: ProviderProcess, limit: number): void {
    process.operation = { since: this.#timeline.now(), limit };
  }

  /** Stores the result as JSON, as the engine does. A dead process returns nothing. */
  #store(process: ProviderProcess, saved: Saved): void {
    if (process.dead) return;
    // JSON keeps the shape.
    this.state = JSON.parse(JSON.stringify(saved)) as Saved;
  }

  async #untilKilled(process: ProviderProcess, work: () => Promise<Ending>): Promise<Ending> {
    const ending = work().catch((error: unknown): Ending => ({ kind: "failed", error, partial: false }));
    const first = await Promise.race([ending, process.killed]);
    process.ended = true;
    return first === "killed" ? { kind: "killed" } : first;
  }
}

/** Whether the state records an upgrade that has not ended, or whose result is unknown. */
export function hasOpenUpgrade(state: Saved | undefined): boolean {
  return OPEN.has(asValues(state?.outputs["lastUpgrade"])?.["state"]);
}

function timeoutsOf(seconds: number): Values {
  return { create: `${seconds}s`, update: `${seconds}s` };
}

function partialOf(error: unknown): { id: string; properties: Values; reasons: readonly string[] } | undefined {
  if (!(error instanceof Error) || !("properties" in error && "reasons" in error && "id" in error)) return undefined;
  const { id, properties, reasons } = error;
  const values = asValues(properties);
  if (typeof id !== "string" || values === undefined || !Array.isArray(reasons)) return undefined;
  return { id, properties: values, reasons: reasons.map(String) };
}

function asValues(value: unknown): Values | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Values) : undefined;
}
