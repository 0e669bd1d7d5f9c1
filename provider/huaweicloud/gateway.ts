import type { z } from "zod";
import { beforeSending, type RefusalKind, Refused, Unreachable, UpgradeError } from "../core/errors";
import type { Permit } from "../core/request";
import { accepted, foreignWrite, validate } from "../http/body";
import { encode, type Query } from "./authenticator";
import { type Call, Caller } from "./caller";
import type { Connection } from "./connection";
import { forbidden, request, unauthorized, unavailable, vendorProblem } from "./errors";
import { Throttled } from "./limits";
import { projectIdOf } from "./project-id";
import type { Meaning, Reply, VendorProblem } from "./responses";
import { exampleEndpoint, type Service } from "./service";
import type { Scope } from "./tokens";

/** A request to the service. */
export interface ServiceCall<T> {
  /** Default GET. */
  readonly method?: Call["method"];
  /** Path segments after `/v3/{project_id}`: `["instances", id]`. */
  readonly path: readonly string[];
  readonly query?: Query;
  readonly body?: unknown;
  readonly schema: z.ZodType<T>;
  /** The required IAM action; defaults to that of the service's reads. */
  readonly action?: string;
  /** For writes: called immediately before sending. */
  readonly permit?: Permit;
}

/**
 * The result of a read.
 * - `missing`: the requested object does not exist
 * - `unserved`: this region does not have the API
 * - `no-job`: the job does not exist, or not yet
 */
export type Reading<T> =
  | { readonly kind: "data"; readonly data: T }
  | { readonly kind: "missing" | "unserved" | "no-job"; readonly text: string };

/** The service reports that there is nothing newer, which counts only after another read. */
export class AlreadyLatest extends Refused {}

/** How to continue after a refusal unrelated to credentials. */
const REFUSALS: Readonly<Partial<Record<Meaning, RefusalKind>>> = {
  busy: "busy",
  conflict: "soon",
  latest: "soon",
  unpublished: "soon",
  missing: "final",
  unserved: "final",
  "no-job": "final",
  refused: "final",
};

const FOREIGN =
  "The response is not from Huawei Cloud. Check `endpoint` and `region`, and any proxy or firewall in between.";

export interface GatewayOptions {
  readonly service: Service;
  readonly connection: Connection;
  /** Aborts the requests. */
  readonly signal: AbortSignal;
  /** Origin of the service. */
  readonly origin: string;
  readonly scope: Scope;
}

interface Recognition {
  /** The service has responded in its own format before. */
  recognized: boolean;
}

/** The API of a service in one project. */
export class Gateway {
  readonly origin: string;
  readonly #options: GatewayOptions;
  readonly #caller: Caller;
  readonly #service: Recognition;

  constructor(options: GatewayOptions, service: Recognition = { recognized: false }) {
    this.#options = options;
    this.#service = service;
    this.origin = options.origin;
    this.#caller = new Caller(options.connection, options.signal, options.service.codes);
  }

  /** Milliseconds since 1970, by the server's clock where ours is known to be off. */
  get now(): number {
    const { clock, session } = this.#options.connection;
    return clock.now() + session.clockOffset;
  }

  /** The same gateway, for requests that are also aborted with this signal. */
  until(signal: AbortSignal): Gateway {
    const either = AbortSignal.any([this.#options.signal, signal]);
    return new Gateway({ ...this.#options, signal: either }, this.#service);
  }

  /**
   * @throws Unreachable when IAM is temporarily unavailable; UpgradeError when the region has no project, or several
   */
  projectId(): Promise<string> {
    const { connection, scope, signal } = this.#options;
    return projectIdOf(connection, scope, signal);
  }

  /**
   * A request that changes nothing.
   * @throws Unreachable when the service is unavailable; Refused when a POST finds something busy; UpgradeError
   * `unauthorized`,
   * `not-the-vendor` or `blocked`
   */
  async read<T>(call: ServiceCall<T>): Promise<Reading<T>> {
    const made = await this.#call(call);
    const reply = await this.#caller.attempt(made, this.#options.scope);
    const { parsed, what } = reply;
    switch (parsed.kind) {
      case "data":
        return { kind: "data", data: this.#understood(() => validate(call.schema, parsed.data, what)) };
      case "missing":
      case "unserved":
      case "no-job":
        this.#service.recognized = true;
        return { kind: parsed.kind, text: parsed.text };
      case "busy":
      case "conflict":
      case "foreign":
        // A read can wait; a POST that starts a check is refused.
        if (made.method === "POST") throw this.#refusal(parsed, reply, call.action);
        throw this.#trouble(parsed, reply, call.action);
      default:
        throw this.#trouble(parsed, reply, call.action);
    }
  }

  /**
   * A read for which every region has an API.
   * @returns undefined when the object does not exist
   * @throws as `read` does, and UpgradeError `blocked` where the API does not exist: the response is then from another
   * service
   */
  async find<T>(call: ServiceCall<T>): Promise<T | undefined> {
    const reading = await this.read(call);
    if (reading.kind === "data") return reading.data;
    if (reading.kind !== "unserved") return undefined;
    const message = `${this.origin} does not serve GET /v3/{project_id}/${call.path.join("/")}: ${reading.text}.`;
    throw new UpgradeError("blocked", message, { remedy: this.#unserved });
  }

  /** What to do about an API that the region lacks. */
  get #unserved(): string {
    return `Check \`endpoint\` and \`region\`: ${this.#options.service.availability}.`;
  }

  /**
   * A request that changes something, sent at most once.
   * @throws Refused when the service or its gateway rejects it; AlreadyLatest when there is nothing newer; Unreachable
   * with
   * `sent` when it is unknown whether it was accepted; UpgradeError `unauthorized`
   */
  async write<T>(call: ServiceCall<T>): Promise<T> {
    const made = await beforeSending(() => this.#call(call));
    const reply = await this.#caller.send(made, this.#options.scope).catch(notThrottled);
    const { parsed, what } = reply;
    if (parsed.kind === "data") return accepted(call.schema, parsed.data, what);
    throw this.#refusal(parsed, reply, call.action);
  }

  async #call<T>({ method = "GET", path, query, body, permit }: ServiceCall<T>): Promise<Call> {
    const projectId = await this.projectId();
    const whole = ["", "v3", projectId, ...path].map(encode).join("/");
    return {
      what: `${method} ${whole} at ${this.origin}`,
      method,
      origin: this.origin,
      path: whole,
      headers: { "x-project-id": projectId },
      query,
      body,
      permit,
    };
  }

  #trouble(trouble: VendorProblem, { what, signed }: Reply, action = this.#options.service.readAction): UpgradeError {
    const { connection, service } = this.#options;
    const { credentials } = connection.session;
    const error = vendorProblem(what, trouble, { credentials, signed, action, example: exampleEndpoint(service) });
    this.#service.recognized ||= trouble.code !== "";
    return error.code === "not-the-vendor" && this.#service.recognized ? passing(error) : error;
  }

  #refusal(
    trouble: VendorProblem,
    { what, signed, worthAnother }: Reply,
    action = this.#options.service.readAction,
  ): UpgradeError {
    const { credentials } = this.#options.connection.session;
    const text = `${what} was refused: ${trouble.text}`;
    switch (trouble.kind) {
      case "unauthorized":
      case "stale":
        if (worthAnother) return new Refused(`${text}.`, { refusal: "soon" });
        return unauthorized(what, trouble, credentials, signed);
      case "forbidden":
        return forbidden(what, trouble, action);
      case "latest":
        return new AlreadyLatest(`${text}.`, { refusal: "soon" });
      case "unavailable":
        return unavailable(what, trouble);
      case "foreign":
        return foreignWrite(what, trouble, FOREIGN);
      default:
        return refusedWith(text, trouble, trouble.kind === "unserved" ? this.#unserved : undefined);
    }
  }

  /** A response that matches its schema shows that it is from the service. */
  #understood<T>(read: () => T): T {
    try {
      const value = read();
      this.#service.recognized = true;
      return value;
    } catch (error) {
      throw error instanceof UpgradeError && this.#service.recognized ? passing(error) : error;
    }
  }
}

/** A foreign response from an address that responded properly before is transient, not a wrong address. */
function passing(error: UpgradeError): Unreachable {
  return new Unreachable(error.message, { sent: true, responded: true, cause: error });
}

/**
 * The request id is for the vendor's support. If the request is repeated, the id would only make every line a new one.
 */
function refusedWith(text: string, { kind, requestId, code }: VendorProblem, remedy: string | undefined): Refused {
  const refusal = REFUSALS[kind] ?? "final";
  const message = `${text}${refusal === "final" ? request(requestId) : ""}.`;
  return new Refused(message, { refusal, vendorCode: code, remedy });
}

/** A throttled write was not processed, so it may be sent again any number of times. */
function notThrottled(error: unknown): never {
  if (error instanceof Throttled) throw new Refused(error.message, { refusal: "busy", cause: error });
  throw error;
}
