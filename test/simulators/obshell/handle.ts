import type { SimRequest, SimResponse } from "../shell/http";
import { decryptBody, decryptFirstHeader, decryptHeader, type OcsHeader } from "./cipher";
import { type Dialect, dialectOf, has, usesV1 } from "./dialect";
import { failure, panicked, success } from "./envelope";
import { Panic, Refusal } from "./errors";
import { type Match, matchRoute, redirectOf, UNDECRYPTED } from "./routes";
import type { AgentState } from "./state";
import { verify } from "./verify";
import { at, authTime, type World } from "./world";

const API = /^\/(api|rpc)\/v1/;

/** Any other path is the web interface, from 4.3.0.0 on. */
const WEB_UI: SimResponse = {
  status: 200,
  headers: { "content-type": "text/html; charset=utf-8" },
  body: Buffer.from("<!doctype html><title>obshell</title>"),
};

/** One request to one agent, through the server's own order: header, body, route, password, handler (OBShell facts §1.3). */
export function handle(world: World, index: number, request: SimRequest, now: number): SimResponse {
  const agent = at(world.state.agents, index);
  const dialect = dialectFor(world, agent);
  const redirect = redirectOf(request, agent.version);
  if (redirect !== undefined) return moved(redirect);
  if (!API.test(request.target) && has("webUi", agent.version)) return WEB_UI;
  const status = request.target === "/api/v1/status";
  const traceId = status ? "" : (request.headers["x-obshell-trace-id"] ?? world.random.hex(16));
  try {
    return success(dispatch({ world, agent, index, now, dialect, request }), now, traceId);
  } catch (error) {
    if (error instanceof Refusal) return failure(error, dialect, now, traceId);
    if (error instanceof Panic) return panicked(error, dialect, agent.startedAt);
    throw error;
  }
}

function dialectFor(world: World, agent: AgentState): Dialect {
  const { dialect } = world.state.switches;
  return dialect === "auto" ? dialectOf(agent.version) : dialect;
}

interface Incoming {
  readonly world: World;
  readonly agent: AgentState;
  readonly index: number;
  readonly now: number;
  readonly dialect: Dialect;
  readonly request: SimRequest;
}

function dispatch(incoming: Incoming): unknown {
  const { world, agent, request, now, dialect } = incoming;
  const agentHeader = (request.headers["x-ocs-agent-header"] ?? "") !== "";
  const match = matchRoute(request, agent.version);
  const skip = UNDECRYPTED.has(request.target) || (match !== undefined && isOpen(match, incoming));
  const header = skip ? undefined : headerOf(incoming);
  const body = header === undefined ? request.body : bodyOf(incoming, header);
  if (match === undefined) throw new Refusal("Common.NotFound", { args: ["404 not found"] });
  if (match.route.auth === "password" && !isOpen(match, incoming)) {
    verify(world.state, agent, { header, agentHeader, target: request.target, now: authTime(world, now), dialect });
  }
  return match.route.handle({ ...incoming, body, params: match.params });
}

/** Whether this server requires no credentials for the call. */
function isOpen({ route }: Match, { dialect, agent }: Incoming): boolean {
  return route.openIn === dialect && !usesV1(agent.version);
}

/** The agent header overrides the other; an empty one counts as absent. */
function headerOf({ world, agent, request }: Incoming): OcsHeader | undefined {
  const { headers, target } = request;
  if (usesV1(agent.version)) {
    const first = headers["x-ocs-auth"];
    return first
      ? { ...decryptFirstHeader(agent.key, first, world.state.switches.firstHeaderBlocks), uri: target }
      : undefined;
  }
  const text = headers["x-ocs-agent-header"] || headers["x-ocs-header"];
  return text ? decryptHeader(agent.key, text) : undefined;
}

function bodyOf({ agent, request: { body } }: Incoming, header: OcsHeader): Buffer {
  return body.length === 0 || usesV1(agent.version) ? body : decryptBody(body, header.keys);
}

function moved(target: string): SimResponse {
  const html = `<a href="${target}">Moved Permanently</a>.\n\n`;
  const headers = { location: target, "content-type": "text/html; charset=utf-8" };
  return { status: 301, headers, body: Buffer.from(html) };
}
