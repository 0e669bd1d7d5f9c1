import type { SimRequest, SimResponse } from "../shell/http";
import type { Principal } from "./account";
import { authenticate } from "./authenticate";
import { type Call, jsonResponse, type ProjectCall, refuseUnknownParameters } from "./call";
import { IamRefusal, Refusal, statusOf, textOf } from "./errors";
import { disturbed, takeDisturbance, throttle } from "./gateway";
import { queryPairs } from "./query";
import { type Match, matchRoute, type ServiceRoute } from "./routes";
import type { DoorState } from "./state";
import { projectById, type World } from "./world";

const BODY_LIMIT = 12 * 1024 * 1024;

/** One request through the gateway's order: route, size, authentication, throttling, permission, service. */
export function handle(world: World, door: DoorState, request: SimRequest, now: number): SimResponse {
  const requestId = world.random.hex(32);
  const response = respond(world, door, request, now, requestId);
  return { ...response, headers: { ...response.headers, "x-request-id": requestId } };
}

function respond(world: World, door: DoorState, request: SimRequest, now: number, requestId: string): SimResponse {
  try {
    return admit(world, door, request, now);
  } catch (error) {
    if (error instanceof Refusal) return refuse(world, error, requestId);
    if (error instanceof IamRefusal) return refuseIam(error);
    throw error;
  }
}

/** `{"error_code","error_msg"}`, and the gateway's with its `request_id` (TaurusDB facts §3.5). */
function refuse({ state }: World, refusal: Refusal, requestId: string): SimResponse {
  const gateway = refusal.code.startsWith("APIGW.");
  const code = refusal.code.replace("APIGW", state.switches.gatewayPrefix);
  const body = { error_code: code, error_msg: textOf(refusal), ...(gateway ? { request_id: requestId } : {}) };
  return jsonResponse(body, statusOf(refusal), refusal.options.headers);
}

const TITLES = { 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden" } as const;

function refuseIam({ status, message }: IamRefusal): SimResponse {
  return jsonResponse({ error: { code: status, message, title: TITLES[status] } }, status);
}

function admit(world: World, door: DoorState, request: SimRequest, now: number): SimResponse {
  const match = matchRoute(request, door.service);
  if (match === undefined) throw new Refusal("APIGW.0101");
  if (request.body.length > BODY_LIMIT) {
    throw new Refusal("APIGW.0201", { status: 413, text: "Request entity too large." });
  }
  const pairs = queryPairs(request.target, world.state.switches.plusInQuery);
  const query = new Map([...pairs].reverse());
  const call = { world, now, request, params: match.params, query };
  const principal = callerOf(call, match);
  throttle(world, match.name, principal, now);
  const trouble = takeDisturbance(world, match.name);
  if (trouble === undefined) return serve(call, match, door, principal);
  if (trouble.processed) serve(call, match, door, principal);
  throw disturbed(world, trouble);
}

function callerOf({ world, request, now }: Call, { route }: Match): Principal | undefined {
  const { authorization, "x-auth-token": token } = request.headers;
  const anonymous = authorization === undefined && token === undefined;
  if (anonymous && route.service === "iam" && route.auth === "optional") return undefined;
  return authenticate(world, request, now);
}

function serve(call: Call, { route }: Match, door: DoorState, principal: Principal | undefined): SimResponse {
  if (route.service === "iam") return route.handle({ ...call, principal });
  if (principal === undefined) throw new Refusal("APIGW.0301", { args: ["Unauthorized"] });
  return route.handle(projectCall(call, route, door, principal));
}

/** The project must belong to the caller, and to the region of the endpoint. */
function projectCall(call: Call, route: ServiceRoute, door: DoorState, principal: Principal): ProjectCall {
  const { world, request, params } = call;
  const id = params["project"] ?? "";
  const named = request.headers["x-project-id"];
  const { account, project } = projectById(world, id) ?? {};
  const region = world.state.regions.find((one) => one.name === project?.region);
  if (project === undefined || region === undefined || account !== principal.account) {
    throw new Refusal("DBS.200010");
  }
  if (door.region !== null && door.region !== region.name) throw new Refusal("DBS.200010");
  if (principal.scope === null) throw new Refusal("DBS.280056");
  if (principal.scope !== undefined && principal.scope !== id) throw new Refusal("DBS.200010");
  if (named !== undefined && named !== id) throw new Refusal("DBS.200010");
  if (named === undefined && principal.scope === undefined && world.state.switches.projectHeader === "required") {
    throw new Refusal("APIGW.0301", { args: ["x-project-id not found"] });
  }
  if (route.feature !== undefined && !region.features.includes(route.feature)) throw new Refusal("APIGW.0101");
  if (route.action !== undefined && principal.user.denied.includes(route.action)) throw new Refusal("DBS.200010");
  refuseUnknownParameters(call, route.query ?? []);
  return { ...call, principal, project, region };
}
