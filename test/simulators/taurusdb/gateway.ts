import type { Principal } from "./account";
import { Refusal } from "./errors";
import type { RouteName } from "./routes";
import type { Disturbance, RateLimit } from "./state";
import { MINUTE } from "./timings";
import type { World } from "./world";

/** Faults of the gateway for valid calls: throttling, and failures requested by a test. */

export function throttle(world: World, route: RouteName, principal: Principal | undefined, now: number): void {
  const user = principal?.user.id ?? "";
  for (const limit of world.state.limits) {
    if (limit.route !== undefined && limit.route !== route) continue;
    if (!admit(limit, user, now)) throw throttled(world, limit);
  }
}

/** Counts the call, even if it is rejected. */
function admit(limit: RateLimit, user: string, now: number): boolean {
  const count = limit.counts[user];
  if (count === undefined || now >= count.since + limit.windowMs) {
    limit.counts[user] = { since: now, calls: 1 };
    return limit.limit >= 1;
  }
  count.calls += 1;
  return count.calls <= limit.limit;
}

function throttled(world: World, { limit, windowMs }: RateLimit): Refusal {
  return tooMany(world, [limit, windowMs === MINUTE ? "1 minute" : `${Math.ceil(windowMs / 1000)} second`]);
}

function tooMany({ state }: World, args: readonly (string | number)[]): Refusal {
  const { retryAfter } = state.switches;
  const headers = retryAfter === null ? {} : { "retry-after": String(retryAfter) };
  return new Refusal("APIGW.0308", { args, headers });
}

/** The failure for this call, if any. Counts the call. */
export function takeDisturbance({ state }: World, route: RouteName): Disturbance | undefined {
  for (const one of state.disturbances) {
    if (one.route !== undefined && one.route !== route) continue;
    if (one.skip > 0) {
      one.skip -= 1;
      continue;
    }
    one.left -= 1;
    if (one.left <= 0) state.disturbances.splice(state.disturbances.indexOf(one), 1);
    return one;
  }
  return undefined;
}

export function disturbed(world: World, { code, status, args }: Disturbance): Refusal {
  if (code === "APIGW.0308") return tooMany(world, args.length > 0 ? args : [10, "1 minute"]);
  return new Refusal(code, { args, ...(status === undefined ? {} : { status }) });
}
