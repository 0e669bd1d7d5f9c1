import { describe, expect, it } from "vitest";
import type { Clock } from "../../provider/core/runtime";
import { HeldClock } from "../hostile/held-clock";
import { inputsOf } from "../hostile/trial";
import { taurusdb } from "../simulators";
import { RESOURCE_TYPES, type ResourceType } from "../systems";
import { sceneOf } from "../systems/scene";

const HOUR = 3_600_000;
const { user, password, account } = taurusdb.DEFAULTS;

/** A wall clock that can be set, and measures durations correctly. The vendor has another clock. */
class SetClock implements Clock {
  readonly #true: HeldClock;
  #offset = 0;

  constructor(clock: HeldClock) {
    this.#true = clock;
  }

  set(by: number): void {
    this.#offset += by;
  }

  now(): number {
    return this.#true.now() + this.#offset;
  }

  elapsed(): number {
    return this.#true.elapsed();
  }

  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return this.#true.sleep(milliseconds, signal);
  }
}

interface Played {
  readonly took: number;
  readonly requests: number;
  readonly unauthorized: number;
  readonly accepted: number;
  readonly outs: Readonly<Record<string, unknown>>;
}

/** One run during which the wall clock is set at a request. @param throttled whether the response to it is 429 */
async function runWithJump(
  of: ResourceType,
  at: number,
  by: number,
  more: object = {},
  throttled = false,
): Promise<Played> {
  const clock = new HeldClock();
  const ours = new SetClock(clock);
  let requests = 0;
  let unauthorized = 0;
  const { vendor, process } = sceneOf(of, clock, async (request, genuine) => {
    requests += 1;
    const due = requests === at;
    if (due && !throttled) ours.set(by);
    await clock.sleep(2);
    if (due && throttled) {
      setImmediate(() => ours.set(by));
      const body = '{"error_code":"APIGW.0308","error_msg":"limit:10,time:1 minute"}';
      return { status: 429, headers: {}, body: Buffer.from(body) };
    }
    const response = await genuine(request);
    if (response.status === 401) unauthorized += 1;
    return response;
  });
  const lifecycle = process({ clock: ours });
  const began = clock.now();
  const { outs } = await lifecycle.create({ ...inputsOf(vendor), unreachableTimeout: "10m", ...more });
  return { took: clock.now() - began, requests, unauthorized, accepted: vendor.accepted(), outs };
}

/** Durations may differ by a few reads, because the interval between reads has a random part. */
const SLACK = 60_000;

describe.each(RESOURCE_TYPES)("$type: the wall clock is set during a run", (of) => {
  it.each([HOUR, -HOUR])("by %i ms, which does not affect the run", { timeout: 60_000 }, async (by) => {
    // An upgraded agent has another key, so one rejection is normal.
    const { took, requests, unauthorized } = await runWithJump(of, 0, 0);
    for (const share of [0.1, 0.3, 0.5, 0.7, 0.9]) {
      const run = await runWithJump(of, Math.max(1, Math.floor(requests * share)), by);
      expect(run).toMatchObject({ accepted: 1, outs: { status: "current" } });
      expect(run.unauthorized).toBeLessThanOrEqual(unauthorized);
      expect(Math.abs(run.took - took)).toBeLessThan(SLACK);
    }
  });
});

describe.each(RESOURCE_TYPES.filter(({ type }) => type.startsWith("taurusdb")))(
  "$type: set while calls are kept back",
  (of) => {
    it.each([HOUR, -HOUR])("by %i ms, requests continue after a minute of throttling", async (by) => {
      const run = await runWithJump(of, 3, by, {}, true);
      expect(run).toMatchObject({ accepted: 1, outs: { status: "current" } });
      expect(run.took).toBeLessThan(8 * 60_000);
    });

    it.each([HOUR, -HOUR])("by %i ms, a token is requested once", async (by) => {
      const more = { accessKey: undefined, secretKey: undefined, userName: user, password, domainName: account };
      expect(await runWithJump(of, 8, by, more)).toMatchObject({ accepted: 1, unauthorized: 0 });
    });
  },
);
