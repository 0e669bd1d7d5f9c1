import type { dynamic } from "@pulumi/pulumi";
import { type Call, Failure, type OnCancel } from "../resource/call";
import { type Applied, Lifecycle } from "../resource/lifecycle";
import { PLAN, type Properties, toWire, type Wire } from "../resource/properties";
import type { Surroundings } from "../resource/session";
import { currentCall, onCancel } from "./bridge";
import { partialFailure, plainFailure } from "./failure";
import { checkTimeouts, hiddenOf, hiddenOutputs, hiddenUrn, limitOf, typeOfUrn } from "./hidden";

type Outputs = { [key: string]: Wire };

/**
 * Translates the calls of Pulumi's dynamic-provider process for the lifecycle. One object serves every resource type;
 * the type of a call is in its properties.
 */
export class DynamicProvider implements dynamic.ResourceProvider {
  readonly #lifecycle: Lifecycle;
  readonly #onCancel: OnCancel;

  /** @param surroundings with `onCancel`, the source of ^C: by default the engine */
  constructor(surroundings: Surroundings & { readonly onCancel?: OnCancel }) {
    this.#lifecycle = new Lifecycle(surroundings);
    this.#onCancel = surroundings.onCancel ?? onCancel;
  }

  /** Synchronous, because the SDK accepts other calls while it awaits `configure`, but none before it has returned. */
  configure(request: { config: { get(key: string): string | null | undefined } }): Promise<void> {
    this.#lifecycle.configure((key) => request.config.get(key));
    return Promise.resolve();
  }

  async check(olds: Properties, news: Properties): Promise<dynamic.CheckResult> {
    const checked = await told(() => this.#lifecycle.check(this.#call(news), olds, news, checkTimeouts(news)));
    const plan = checked.plan === undefined ? {} : { [PLAN]: checked.plan };
    return { inputs: { ...news, ...plan }, failures: [...checked.failures] };
  }

  diff(_id: string, olds: Properties, news: Properties): Promise<dynamic.DiffResult> {
    return told(() => this.#lifecycle.diff(this.#call(news), olds, news));
  }

  async create(inputs: Properties): Promise<{ id: string; outs: Outputs }> {
    return saved(inputs, await told(() => this.#lifecycle.create(this.#call(inputs, "create"), inputs)));
  }

  async update(id: string, olds: Properties, news: Properties): Promise<{ outs: Outputs }> {
    const { outs } = saved(news, await told(() => this.#lifecycle.update(this.#call(news, "update"), id, olds, news)));
    return { outs };
  }

  async read(id: string, properties: Properties): Promise<dynamic.ReadResult> {
    const found = await told(() => this.#lifecycle.read(this.#call(properties), properties));
    if (found === "gone") return {};
    if (found === "unread") return { id, props: properties };
    return {
      id,
      props: toWire({ ...hiddenOutputs(properties), ...found.outputs }),
      inputs: toWire({ ...hiddenOf(properties), ...found.inputs }),
    };
  }

  delete(_id: string, properties: Properties): Promise<void> {
    return told(() => this.#lifecycle.delete(this.#call(properties, "delete"), properties));
  }

  /** Prefers the URN of the engine's call: the hidden input can be from before a rename. */
  #call(properties: Properties, operation?: "create" | "update" | "delete"): Call {
    const urn = currentCall()?.urn ?? hiddenUrn(properties) ?? "";
    const limit = operation === undefined ? undefined : limitOf(operation, properties);
    return { type: typeOfUrn(urn) ?? "", urn, limit, onCancel: this.#onCancel };
  }
}

/** @throws PartialFailure if it has failed: Pulumi then saves the outputs */
function saved(inputs: Properties, { id, outputs, failure }: Applied): { id: string; outs: Outputs } {
  const outs: Outputs = { ...wired(hiddenOutputs(inputs)), ...outputs };
  if (failure !== undefined) throw partialFailure(id, outs, failure);
  return { id, outs };
}

function wired(properties: Properties): Outputs {
  return Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, toWire(value)]));
}

/** Removes the stack from errors for users. */
async function told<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof Failure ? plainFailure(error.message) : error;
  }
}
