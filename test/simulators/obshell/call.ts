import type { SimRequest } from "../shell/http";
import { queryOf } from "../shell/http";
import { type Dialect, type Feature, has } from "./dialect";
import { Panic, Refusal } from "./errors";
import { decodeStruct, GoJsonError, isGoObject, type StructShape } from "./gojson";
import type { AgentState } from "./state";
import { observerCondition, type World } from "./world";

/** One authenticated call for a handler. */
export interface Call {
  readonly world: World;
  readonly agent: AgentState;
  /** Index of the called agent. */
  readonly index: number;
  readonly now: number;
  readonly dialect: Dialect;
  readonly request: SimRequest;
  /** Decrypted body. */
  readonly body: Buffer;
  /** Values of the `:name` segments of the route. */
  readonly params: Readonly<Record<string, string>>;
}

export function server(call: Call, feature: Feature): boolean {
  return has(feature, call.agent.version);
}

/** Binds a JSON body; `required` are Go names of fields that may not be empty, with the struct path before them. */
export function bind(
  call: Call,
  shape: StructShape,
  required: readonly { readonly field: string; readonly key: string }[],
): Readonly<Record<string, unknown>> {
  const values = decodeBody(call, shape);
  const missing = required.filter(({ field }) => !values[field]);
  if (missing.length === 0) return values;
  const lines = missing.map(({ key }) => {
    const name = key.split(".").at(-1);
    return `Key: '${key}' Error:Field validation for '${name}' failed on the 'required' tag`;
  });
  throw new Refusal("Common.BindJsonFailed", { args: [lines.join("\n")] });
}

function decodeBody(call: Call, shape: StructShape): Readonly<Record<string, unknown>> {
  const text = textToBind(call);
  try {
    return decodeStruct(text, shape);
  } catch (error) {
    if (!(error instanceof GoJsonError)) throw error;
    throw new Refusal("Common.BindJsonFailed", { args: [error.message] });
  }
}

/**
 * An absent body counts as `{}`. From 4.3.0.0 on the server reads the body for its log before the handler does, and
 * leaves nothing of one that is not an object (`readRequestBodyMaskPassword`).
 */
function textToBind(call: Call): string {
  if (call.request.body.length === 0) return "{}";
  const text = call.body.toString("utf8");
  return server(call, "bodyLogged") && !isGoObject(text) ? "" : text;
}

const TRUE = new Set(["1", "t", "T", "TRUE", "true", "True"]);
const FALSE = new Set(["", "0", "f", "F", "FALSE", "false", "False"]);

/** `show_details`, true by default; what Go cannot parse is a panic (OBShell facts §3.4). */
export function showDetails(call: Call): boolean {
  const value = queryOf(call.request.target).get("show_details");
  if (value === null) return true;
  if (TRUE.has(value)) return true;
  if (FALSE.has(value)) return false;
  throw new Panic("invalid memory address or nil pointer dereference");
}

/** Rejects the call unless this agent belongs to a cluster. */
export function requireCluster(call: Call): void {
  const { agent } = call;
  if (agent.identity === "CLUSTER AGENT") return;
  const address = `${agent.ip}:${agent.port}`;
  throw new Refusal("Agent.Identify.NotSupportOperation", { args: [address, agent.identity, "CLUSTER AGENT"] });
}

/** The error of this agent for calls that need the database; undefined while it has one. */
export function databaseRefusal(call: Call, prefix?: string): Refusal | undefined {
  const { agent, now, world } = call;
  const options = prefix === undefined ? {} : { prefix };
  if (agent.identity !== "CLUSTER AGENT") return new Refusal("Agent.OceanBase.NotHold", options);
  if (now - agent.openedAt < world.state.switches.notHoldMs) return new Refusal("Agent.OceanBase.NotHold", options);
  switch (observerCondition(agent.observer)) {
    case "up":
      return undefined;
    case "vanishing":
      return new Refusal("OB.Server.Process.CheckFailed", { ...options, args: [agent.observer.pid] });
    case "gone":
      return new Refusal("OB.Server.Process.NotExist", options);
    case "dead":
      return new Refusal("Agent.OceanBase.Useless", options);
  }
}

export function requireDatabase(call: Call, prefix?: string): void {
  const refusal = databaseRefusal(call, prefix);
  if (refusal !== undefined) throw refusal;
}

/** Runs `body`; its errors also contain `data`. */
export function withData<T>(data: null | { readonly contents: null }, body: () => T): T {
  try {
    return body();
  } catch (error) {
    throw error instanceof Refusal ? error.withData(data) : error;
  }
}
