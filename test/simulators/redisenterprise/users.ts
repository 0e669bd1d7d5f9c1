import { basicPair, byPassword, deny } from "./auth";
import { count, type Fields, readBody, type Shape, text } from "./body";
import type { Call } from "./call";
import { malformed } from "./errors";
import type { UserState } from "./state";
import { bearerOf, issueToken } from "./token";

/** GET /v1/users: a bare array. */
export function getUsers({ world }: Call): unknown {
  return world.state.users.map(({ uid, email, role }) => ({ uid, email, name: email, role, status: "active" }));
}

const SHAPE: Shape = { ttl: "count", username: "string", password: "string" };

/** Seconds (Redis Enterprise facts §1.2). */
const TTL = { least: 1, most: 86_400, usual: 300 } as const;

/** POST /v1/users/authorize: a password, in the header or in the body, for a token. */
export function postAuthorize(call: Omit<Call, "user">): unknown {
  const fields = optionalBody(call);
  return answer(call, whoAuthorizes(call, fields), fields);
}

/** POST /v1/users/refresh_jwt: a valid token for another one. */
export function postRefresh(call: Omit<Call, "user">): unknown {
  const { world, request } = call;
  const { tokenSchemes } = world.state.switches;
  const [scheme = "", token = ""] = (request.headers["authorization"] ?? "").split(" ", 2);
  const known = tokenSchemes.some((one) => one.toLowerCase() === scheme.toLowerCase());
  const user = known ? bearerOf(world.state, token, world.authClock.now()) : undefined;
  return answer(call, user ?? deny(world), optionalBody(call));
}

function whoAuthorizes({ world, request }: Omit<Call, "user">, fields: Fields): UserState {
  const { switches, settings } = world.state;
  const [username, password] = [text(fields, "username"), text(fields, "password")];
  if (switches.authorizeBy !== "header" && username !== undefined && password !== undefined) {
    return byPassword(world, username, password);
  }
  const [scheme = "", value = ""] = (request.headers["authorization"] ?? "").split(" ", 2);
  const allowed = switches.authorizeBy !== "body" && settings.basicAuthentication && scheme.toLowerCase() === "basic";
  const pair = allowed ? basicPair(value) : undefined;
  return pair === undefined ? deny(world) : byPassword(world, ...pair);
}

function optionalBody(call: Omit<Call, "user">): Fields {
  return call.request.body.length === 0 ? {} : readBody(call, SHAPE);
}

function answer({ world }: Omit<Call, "user">, user: UserState, fields: Fields): unknown {
  const ttl = count(fields, "ttl") ?? TTL.usual;
  if (ttl < TTL.least || ttl > TTL.most) throw malformed(world.state.switches, `ttl must be 1 to ${TTL.most} seconds`);
  return { access_token: issueToken(world.state, user, world.authClock.now(), ttl) };
}
