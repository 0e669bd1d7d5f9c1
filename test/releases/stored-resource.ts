import type { ExportedResource } from "../engine";
import type { Declared, Fixture, Values } from "./fixture";
import type { Restored } from "./restored";

/** A resource in the state. */
export interface Stored {
  readonly id: string;
  readonly inputs: Values;
  readonly outputs: Values;
  /** Reasons of a partial failure: the next `up` updates, regardless of `diff`. */
  readonly initErrors: readonly string[];
}

/** How a run ended for the resource. */
export interface Ending {
  /** Whether there were changes. */
  readonly changed: boolean;
  /** Text of the error. */
  readonly error?: string;
}

/** Calls the provider as the engine does for one resource of a fixture, and stores the results. */
export class StoredResource {
  /** Undefined if its creation was killed. */
  stored: Stored | undefined;
  readonly news: Values;
  readonly #restored: Restored;

  constructor(fixture: Fixture, { name, args, customTimeouts }: Declared, restored: Restored) {
    const { resources = [], pending_operations = [] } = fixture.stack.deployment;
    const found = resources.find((resource) => nameOf(resource) === name);
    const pending = pending_operations.map(({ resource }) => resource).find((resource) => nameOf(resource) === name);
    this.stored = found && storedOf(found);
    this.#restored = restored;
    const { __provider, __urn } = (pending ?? found)?.inputs ?? {};
    this.news = { ...args, __provider, __urn, ...(customTimeouts && { __timeouts: customTimeouts }) };
  }

  get status(): unknown {
    return this.stored?.outputs["status"];
  }

  /** Messages about arguments. @param olds the old inputs, empty for a new resource */
  async check(olds: Values = this.stored?.inputs ?? {}): Promise<string[]> {
    const { failures = [] } = await this.#restored.lifecycle.check(olds, this.news);
    return failures.map(({ property, reason }) => `${property}: ${reason}`);
  }

  /** What the engine plans. */
  async plan(): Promise<"create" | "update" | "replace" | "same"> {
    if (this.stored === undefined) return "create";
    const { id, outputs, initErrors } = this.stored;
    const { changes, replaces = [] } = await this.#restored.lifecycle.diff(id, outputs, this.news);
    if (replaces.length > 0) return "replace";
    return changes || initErrors.length > 0 ? "update" : "same";
  }

  async up(): Promise<Ending> {
    const failures = await this.check();
    if (failures.length > 0) return { changed: false, error: failures.join("\n") };
    const plan = await this.plan();
    if (plan === "same") return { changed: false };
    const { lifecycle } = this.#restored;
    const old = this.stored;
    try {
      const { id, outs } =
        old === undefined
          ? await lifecycle.create(this.news)
          : { id: old.id, ...(await lifecycle.update(old.id, old.outputs, this.news)) };
      this.#store({ id, inputs: this.news, outputs: outs, initErrors: [] });
      return { changed: true };
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      if ("properties" in error && "reasons" in error && "id" in error) {
        const { id, properties: outputs, reasons: initErrors } = error;
        // A failed update keeps the old inputs.
        this.#store({ id, inputs: old?.inputs ?? this.news, outputs, initErrors });
        return { changed: true, error: String(initErrors) };
      }
      return { changed: true, error: error.message };
    }
  }

  async refresh(): Promise<void> {
    const old = this.stored;
    if (old === undefined) return;
    const { id = old.id, props = {}, inputs = old.inputs } = await this.#restored.lifecycle.read(old.id, old.outputs);
    this.#store({ id, inputs, outputs: props, initErrors: [] });
  }

  /** The engine stores everything as JSON. */
  #store(stored: { readonly [K in keyof Stored]: unknown }): void {
    this.stored = JSON.parse(JSON.stringify(stored));
  }
}

function storedOf({ id = "", inputs = {}, outputs = {}, initErrors = [] }: ExportedResource): Stored {
  return { id, inputs: plain(inputs), outputs: plain(outputs), initErrors };
}

export function nameOf({ urn }: Pick<ExportedResource, "urn">): string {
  return urn.split("::").at(-1) ?? "";
}

/** The properties as providers receive them: secrets are plain values. */
function plain(properties: Values): Values {
  return JSON.parse(JSON.stringify(properties), (_, value) =>
    typeof value === "object" && value !== null && "plaintext" in value ? JSON.parse(value.plaintext) : value,
  );
}
