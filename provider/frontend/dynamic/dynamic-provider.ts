import type { dynamic } from "@pulumi/pulumi";
import { suggestion } from "../../base/closest";
import { isTable } from "../../base/json";
import { parseDuration, shortened } from "../../base/sentences";
import { fullUrn, shortUrn, typeOfUrn } from "../../base/urn";
import type { CheckFailure } from "../resource/arguments";
import { type Applied, Lifecycle } from "../resource/lifecycle";
import { type Outputs, PLAN, type Properties, toWire, UNKNOWN, USED_APPROVALS } from "../resource/properties";
import { type Call, type Environment, Failure, type OnCancel } from "../resource/session";
import { currentCall, onCancel } from "./bridge";

/**
 * Translates the calls of Pulumi's dynamic-provider process for the lifecycle. One object serves every resource type;
 * the type of a call is in its properties.
 */
export class DynamicProvider implements dynamic.ResourceProvider {
  readonly #lifecycle: Lifecycle;
  readonly #onCancel: OnCancel;

  /** @param environment with `onCancel`, the source of ^C: by default the engine */
  constructor(environment: Environment & { readonly onCancel?: OnCancel }) {
    this.#lifecycle = new Lifecycle(environment);
    this.#onCancel = environment.onCancel ?? onCancel;
  }

  /** Synchronous, because the SDK accepts other calls while it awaits `configure`, but none before it has returned. */
  configure(request: { config: { get(key: string): string | null | undefined } }): Promise<void> {
    this.#lifecycle.configure((key) => request.config.get(key));
    return Promise.resolve();
  }

  async check(olds: Properties, news: Properties): Promise<dynamic.CheckResult> {
    const checked = await withoutStack(() => this.#lifecycle.check(this.#call(news), olds, news, checkTimeouts(news)));
    const plan = checked.plan === undefined ? {} : { [PLAN]: checked.plan };
    return { inputs: { ...news, ...plan }, failures: [...checked.failures] };
  }

  diff(_id: string, olds: Properties, news: Properties): Promise<dynamic.DiffResult> {
    return withoutStack(() => this.#lifecycle.diff(this.#call(news), olds, news));
  }

  async create(inputs: Properties): Promise<{ id: string; outs: Outputs }> {
    return saved(inputs, await withoutStack(() => this.#lifecycle.create(this.#call(inputs, "create"), inputs)));
  }

  async update(id: string, olds: Properties, news: Properties): Promise<{ outs: Outputs }> {
    const { outs } = saved(
      news,
      await withoutStack(() => this.#lifecycle.update(this.#call(news, "update"), id, olds, news)),
    );
    return { outs };
  }

  async read(id: string, properties: Properties): Promise<dynamic.ReadResult> {
    const found = await withoutStack(() => this.#lifecycle.read(this.#call(properties), properties));
    if (found === "gone") return {};
    if (found === "unread") return { id, props: properties };
    return {
      id,
      props: toWire({ ...hiddenOutputs(properties), ...found.outputs }),
      inputs: toWire({ ...hiddenOf(properties), ...found.inputs }),
    };
  }

  delete(_id: string, properties: Properties): Promise<void> {
    return withoutStack(() => this.#lifecycle.delete(this.#call(properties, "delete"), properties));
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
  const outs = { ...toWire(hiddenOutputs(inputs)), ...outputs };
  if (failure !== undefined) throw partialFailure(id, outs, failure);
  return { id, outs };
}

/** Removes the stack from errors for users. */
async function withoutStack<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof Failure ? plainFailure(error.message) : error;
  }
}

/** Hidden keys of a dynamic resource. sdk/resource.ts adds those that are not the SDK's. Outputs have the short URN. */
const PROVIDER = "__provider";
const URN = "__urn";
const TIMEOUTS = "__timeouts";

/** The hidden keys that must stay with the resource, as they are in the inputs; undefined for those that are missing. */
export function hiddenOf(properties: Properties): Properties {
  return {
    [PROVIDER]: properties[PROVIDER],
    [TIMEOUTS]: properties[TIMEOUTS],
    [URN]: hiddenUrn(properties),
  };
}

/** The full URN from inputs or outputs. */
export function hiddenUrn(properties: Properties): string | undefined {
  const urn = properties[URN];
  return typeof urn === "string" && urn !== UNKNOWN ? fullUrn(urn) : undefined;
}

/** The hidden outputs of a resource, from its inputs. */
export function hiddenOutputs(inputs: Properties): Properties {
  const urn = hiddenUrn(inputs);
  return { ...hiddenOf(inputs), [URN]: urn === undefined ? undefined : shortUrn(urn) };
}

const OPERATIONS = ["create", "update", "delete"];
/** The operations that Pulumi accepts: a read has its own limit. */
const KNOWN = [...OPERATIONS, "read"];

/** Checks customTimeouts of a resource: a limit of zero would end every upgrade before it starts. */
export function checkTimeouts({ [TIMEOUTS]: timeouts }: Properties): CheckFailure[] {
  if (!isTable(timeouts)) return [];
  const unknown = Object.keys(timeouts).filter((name) => !KNOWN.includes(name));
  const failures = OPERATIONS.flatMap((operation) => {
    const text = timeouts[operation];
    if (text === undefined || text === UNKNOWN) return [];
    const limit = typeof text === "string" ? parseDuration(text) : undefined;
    if (limit !== undefined && limit > 0) return [];
    return [{ property: "customTimeouts", reason: `${operation} must be a duration above zero, such as "3h"` }];
  });
  return [
    ...failures,
    ...unknown.map((name) => ({
      property: "customTimeouts",
      reason: `${name} is not an operation; ${suggestion(name, OPERATIONS)}`,
    })),
  ];
}

/** The limit of an operation in milliseconds, from the engine or the resource's inputs; undefined without one. */
export function limitOf(operation: "create" | "update" | "delete", properties: Properties): number | undefined {
  const seconds = currentCall()?.timeoutSeconds;
  if (seconds !== undefined) return seconds * 1_000;
  const timeouts = properties[TIMEOUTS];
  const text = isTable(timeouts) ? timeouts[operation] : undefined;
  return typeof text === "string" ? parseDuration(text) : undefined;
}

/**
 * An error without outputs to save: the state is not changed. Its stack is its message, because Pulumi prints stacks of
 * failed checks and reads on the stack's row.
 */
export function plainFailure(message: string): Error {
  const bounded = shortened(message, LONGEST_MESSAGE);
  const error = new Error(bounded);
  error.stack = bounded;
  return error;
}

/** Maximum message length: percent-encoded, up to nine bytes per character, in an HTTP/2 header of 64 KiB. */
const LONGEST_MESSAGE = 4_000;

/** An error whose properties Pulumi saves, so that the next `pulumi up` can resume. Only `reasons` are shown. */
export interface PartialFailure extends Error {
  readonly id: string;
  readonly properties: Outputs;
  readonly reasons: string[];
}

export function partialFailure(id: string, properties: Properties, reason: string): PartialFailure {
  // The engine discards the message of a partial failure, so the space is left to the reasons.
  return Object.assign(plainFailure("see the reasons"), { id, ...fitPartialFailure(properties, reason) });
}

/** A partial failure is sent in an HTTP/2 header. Beyond 64 KiB it is silently lost and the engine waits forever. */
const PARTIAL_FAILURE_BYTES = 48 * 1024;

/** Maximum length of a reason. */
const LONGEST_REASON = 4_000;
/** Removed last: the next run needs them to resume. */
const NEEDED = new Set(["status", "version", "redisVersion", "modules", "lastUpgrade"]);

/**
 * Properties that can be removed, in this order: what the next read shows again, the largest arguments, the used
 * approvals, and last the task.
 */
function expendable(properties: Properties): string[] {
  const rest = Object.keys(properties).filter((key) => !key.startsWith("__") && key !== "members" && !NEEDED.has(key));
  const size = (key: string) => sizeOf(properties[key]);
  return ["members", PLAN, ...rest.sort((a, b) => size(b) - size(a)), USED_APPROVALS, "lastUpgrade"];
}

/** Properties and reason of a partial failure, truncated to the size limit. */
export function fitPartialFailure(
  properties: Properties,
  reason: string,
): Pick<PartialFailure, "properties" | "reasons"> {
  const reasons = [shortened(reason, LONGEST_REASON)];
  const left = PARTIAL_FAILURE_BYTES - sizeOf(reasons);
  const kept: Record<string, unknown> = { ...properties };
  for (const key of expendable(kept)) {
    if (sizeOf(kept) <= left) break;
    if (key === "problems") kept[key] = shrunk(kept[key], (rest) => sizeOf({ ...kept, [key]: rest }) <= left);
    else delete kept[key];
  }
  return { properties: toWire(kept), reasons };
}

/** Halves a table until it is small enough, because each of its reasons is useful on its own. */
function shrunk(table: unknown, isSmall: (rest: object) => boolean): object {
  let rest = Object.entries(Object(table));
  while (rest.length > 0 && !isSmall(Object.fromEntries(rest))) rest = rest.slice(0, rest.length >> 1);
  return Object.fromEntries(rest);
}

/** In bytes. */
function sizeOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(toWire(value)));
}
