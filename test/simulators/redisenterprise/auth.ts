import type { ClientCertificate, SimRequest } from "../shell/http";
import { Refusal, refusal } from "./errors";
import type { UserState } from "./state";
import { bearerOf } from "./token";
import type { World } from "./world";

/** Authenticates the caller: Basic, a token, or a client certificate (Redis Enterprise facts §1.2). Throws 401. */
export function authenticate(world: World, request: SimRequest): UserState {
  const header = request.headers["authorization"];
  const user = header === undefined ? byCertificate(world, request.client) : byHeader(world, header);
  return user ?? deny(world);
}

/** The user of a Basic header, even where Basic is switched off for other calls. Throws 401. */
export function byPassword(world: World, email: string, password: string): UserState {
  const user = world.state.users.find((one) => one.email === email);
  if (user === undefined || user.password !== password) return deny(world);
  if (user.passwordExpired) throw refusal(world.state.switches, "password_expired", "the password has expired");
  return user;
}

export function deny({ state }: World): never {
  throw new Refusal(401, state.switches.codes.unauthorized, "invalid credentials");
}

function byHeader(world: World, header: string): UserState | undefined {
  const { state } = world;
  const [scheme = "", value = ""] = header.split(/\s+/, 2);
  if (scheme.toLowerCase() === "basic") {
    const pair = state.settings.basicAuthentication ? basicPair(value) : undefined;
    return pair && byPassword(world, ...pair);
  }
  const known = state.switches.tokenSchemes.some((one) => one.toLowerCase() === scheme.toLowerCase());
  return known ? bearerOf(state, value, world.authClock.now()) : undefined;
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** User and password; the password may hold colons. */
export function basicPair(value: string): readonly [string, string] | undefined {
  if (!BASE64.test(value)) return undefined;
  const text = Buffer.from(value, "base64").toString("utf8");
  const colon = text.indexOf(":");
  return colon < 0 ? undefined : [text.slice(0, colon), text.slice(colon + 1)];
}

function byCertificate({ state }: World, client: ClientCertificate | undefined): UserState | undefined {
  const { certificateAuthentication, certificateValidation, certificateSubjects } = state.settings;
  if (client === undefined || !certificateAuthentication) return undefined;
  const shown = certificateValidation === "full_subject" ? [client.subject] : [client.commonName, ...client.names];
  const valid = certificateValidation === "disabled" || shown.some((one) => certificateSubjects.includes(one));
  if (!valid) return undefined;
  const subjects = [client.subject, client.commonName];
  return state.users.find(({ certificateSubject: one }) => one !== null && subjects.includes(one));
}
