import type { SimRequest } from "../shell/http";
import type { AccessKeyState, AccountState, Principal, UserState } from "./account";
import { Refusal } from "./errors";
import { canonicalRequest, parseAuthorization, parseSdkDate, sameSignature, signatureOf } from "./signature";
import { MINUTE } from "./timings";
import type { World } from "./world";

/** Authenticates the caller, by signature or by token (TaurusDB facts §1). */

const WINDOW_MS = 15 * MINUTE;
const LOCK_AFTER = 5;
const LOCK_MS = 5 * MINUTE;

/** A call with both is rejected unless both are valid. */
export function authenticate(world: World, request: SimRequest, now: number): Principal {
  const { authorization, "x-auth-token": token } = request.headers;
  if (authorization === undefined && token === undefined) throw incorrect("x-auth-token not found");
  const signed = authorization === undefined ? undefined : verifySignature(world, request, authorization, now);
  const named = token === undefined ? undefined : verifyToken(world, token, now);
  const principal = named ?? signed;
  if (principal === undefined || (signed && named && signed.user !== named.user)) throw incorrect("Unauthorized");
  return principal;
}

/** The time by which credentials expire. */
export function authNow(world: World, now: number): number {
  return (world.authClock?.now() ?? now) + world.state.clockSkewMs;
}

function incorrect(what: string): Refusal {
  return new Refusal("APIGW.0301", { args: [what] });
}

function verifySignature(world: World, request: SimRequest, text: string, now: number): Principal {
  const authorization = parseAuthorization(text);
  if (authorization === undefined) throw incorrect("Unauthorized");
  const { access, signedHeaders, signature } = authorization;
  const owner = keyOwner(world, access);
  if (owner === undefined) throw incorrect(`Get secretKey failed,ak:${access},err:ak not exist`);
  const lock = world.state.locks[access];
  const time = authNow(world, now);
  if (lock !== undefined && time < lock.lockedUntil) {
    throw incorrect("AK access failed to reach the limit,forbidden");
  }
  checkHeaders(world, request, signedHeaders);
  const sdkDate = request.headers["x-sdk-date"]?.trim() ?? "";
  checkDate(world, sdkDate, now);
  const canonical = canonicalRequest(request, signedHeaders, world.state.switches.plusInQuery);
  if (!sameSignature(signature, signatureOf(owner.key.secret, sdkDate, canonical))) {
    countFailure(world, access, time);
    throw incorrect(`verify aksk signature fail, canonicalRequest:${canonical.replaceAll("\n", "|")}`);
  }
  delete world.state.locks[access];
  checkTemporary(owner.key, request.headers["x-security-token"], time);
  return { account: owner.account, user: owner.user, scope: undefined };
}

interface KeyOwner {
  readonly account: AccountState;
  readonly user: UserState;
  readonly key: AccessKeyState;
}

/** An inactive key, or one of a disabled user, counts as unknown. */
function keyOwner({ state }: World, access: string): KeyOwner | undefined {
  for (const account of state.accounts) {
    for (const user of account.users) {
      const key = user.keys.find((one) => one.access === access && one.active);
      if (key !== undefined && user.enabled) return { account, user, key };
    }
  }
  return undefined;
}

function checkHeaders({ state }: World, { headers }: SimRequest, signedHeaders: readonly string[]): void {
  const required = state.switches.signedHeadersRequired.find((name) => !signedHeaders.includes(name));
  if (required !== undefined) throw incorrect(`signed header ${required} not found`);
  const absent = signedHeaders.find((name) => headers[name] === undefined);
  if (absent !== undefined) throw incorrect(`signed header ${absent} not found`);
}

/** A fast simulated clock must reject neither clients that send real time nor those that use simulated time. */
function checkDate({ state, authClock }: World, sdkDate: string, now: number): void {
  const date = parseSdkDate(sdkDate);
  if (date === undefined) throw incorrect("x-sdk-date format error");
  const times = authClock === undefined ? [now] : [now, authClock.now()];
  if (times.some((time) => Math.abs(date - time - state.clockSkewMs) <= WINDOW_MS)) return;
  throw new Refusal(state.switches.clockSkewCode, {
    args: ["the difference between x-sdk-date and the server time exceeds 15 minutes"],
  });
}

function countFailure({ state }: World, access: string, time: number): void {
  const lock = state.locks[access] ?? { failures: 0, lockedUntil: 0 };
  lock.failures += 1;
  if (lock.failures >= LOCK_AFTER) Object.assign(lock, { failures: 0, lockedUntil: time + LOCK_MS });
  state.locks[access] = lock;
}

function checkTemporary({ temporary }: AccessKeyState, given: string | undefined, time: number): void {
  if (temporary === null) {
    if (given !== undefined) throw incorrect("Unauthorized");
  } else if (given !== temporary.securityToken || time >= temporary.expiresAt) throw incorrect("Unauthorized");
}

function verifyToken(world: World, text: string, now: number): Principal {
  const token = world.state.tokens.find((one) => one.token === text);
  const account = world.state.accounts.find((one) => one.id === token?.accountId);
  const user = account?.users.find((one) => one.id === token?.userId);
  if (token === undefined || account === undefined || user === undefined) throw new Refusal("APIGW.0307");
  if (!user.enabled || authNow(world, now) >= token.expiresAt) throw new Refusal("APIGW.0307");
  return { account, user, scope: token.projectId };
}
