import { pathOf, queryOf, type SimRequest, type SimResponse } from "../shell/http";
import { authenticate } from "./auth";
import type { Call } from "./call";
import { malformed, Refusal } from "./errors";
import { bare, failure, success } from "./response";
import { holds } from "./roles";
import { type Match, matchRoute } from "./routes";
import type { NodeState } from "./state";
import { masterOf, type World } from "./world";

/** One request to one node: master or redirect, route, credentials, headers, permission, handler (Redis Enterprise facts §1). */
export function handle(world: World, contacted: NodeState, request: SimRequest, now: number): SimResponse {
  const { state } = world;
  const local = isLocal(request);
  const node = local ? contacted : masterOf(state);
  if (node === undefined) return bare(503, {}, "no healthy upstream");
  if (!local && node !== contacted && !state.settings.handleRedirects) return redirect(world, node, request);
  const match = matchRoute(request, node.softwareVersion, state.switches.deprecatedTwin);
  if (match === undefined) return bare(404);
  if (match === "method") return bare(405);
  try {
    return success(
      state,
      answer({ world, node, now, request, params: match.params, query: queryOf(request.target) }, match),
    );
  } catch (error) {
    if (error instanceof Refusal) return failure(state, error);
    throw error;
  }
}

/** Calls about the called node itself are not redirected (Redis Enterprise facts §1.3). */
export function isLocal(request: SimRequest): boolean {
  return /^\/(v[12]\/local\/|v1\/bootstrap$)/.test(pathOf(request.target));
}

/** To the master's address, before credentials are checked. */
function redirect({ state }: World, master: NodeState, { target }: SimRequest): SimResponse {
  const host = master.ip.includes(":") ? `[${master.ip}]` : master.ip;
  return bare(state.switches.redirectStatus, { location: `${state.scheme}://${host}:${master.port}${target}` });
}

function answer(call: Omit<Call, "user">, { route }: Match): unknown {
  const { world, request } = call;
  checkApiVersion(request);
  if (route.permission === null) {
    checkHeaders(world, request);
    return route.handle(call);
  }
  const user = authenticate(world, request);
  checkHeaders(world, request);
  if (!holds(user, route.permission)) {
    throw new Refusal(403, world.state.switches.codes.forbidden, `permission ${route.permission} is needed`);
  }
  return route.handle({ ...call, user });
}

/** 505 for a version that the server does not have; the version in the path is unrelated. */
function checkApiVersion({ headers }: SimRequest): void {
  const version = headers["x-api-version"];
  if (version === undefined || version === "1" || version === "2") return;
  throw new Refusal(505, "unsupported_version", `unsupported x-api-version ${version}`);
}

/** Invalid headers are 400; a POST needs its content type, with a body or without (Redis Enterprise facts §1.1). */
function checkHeaders({ state }: World, { method, headers, body }: SimRequest): void {
  const accept = headers["accept"] ?? "*/*";
  if (!/\*\/\*|application\/(json|\*)/.test(accept)) throw malformed(state.switches, `cannot answer as ${accept}`);
  const type = (headers["content-type"] ?? "").split(";")[0]?.trim().toLowerCase();
  if ((body.length > 0 || method === "POST") && type !== "application/json")
    throw malformed(state.switches, "content-type must be application/json");
}
