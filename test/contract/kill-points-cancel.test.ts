import { describe, expect, test } from "vitest";
import type { Fault } from "../simulators";
import { RpcFailure } from "./failure";
import { type Host, hostOfSuite, openHost } from "./host";
import { type Boundary, boundariesOf, type CleanUp, NOWHERE, openPinned, PATIENT, SDK, TYPES } from "./kill-points";

/**
 * Milliseconds until the hand-over of all runs is out. That one process takes less than a second is measured where the
 * machine has nothing else to do (cancel.test.ts); here, simulators and providers of all types share it.
 */
const HAND_OVER = 4_000;
/** Milliseconds after which the request that was under way is processed: nobody waits for it any more. */
const LATE = 5_000;

type Kind = (typeof TYPES)[number];

describe("a run that is cancelled", { timeout: 180_000 }, () => {
  const survivor = hostOfSuite(SDK, PATIENT);

  test.concurrent.for(TYPES)(
    "around the calls and among the looks of an upgrade of $type is handed over at once, and goes on",
    async (kind, { onTestFinished }) => {
      const { provider } = survivor();
      const whole = await openPinned(kind, onTestFinished);
      whole.gate.close(NOWHERE);
      expect((await whole.upgrade(provider))["status"]).toBe("current");
      const waves = wavesOf(boundariesOf(whole.gate.arrivals));
      const followed = [];
      for (const wave of waves) followed.push(await cancelled(kind, wave, survivor(), onTestFinished));
      await Promise.all(followed.map((follow) => follow()));
    },
  );
});

/**
 * What is cancelled together, in one process: the runs at the upgrade call, which come to it at about the same time, and
 * all others.
 */
function wavesOf(boundaries: readonly Boundary[]): Boundary[][] {
  const atUpgrade = boundaries.filter(({ certain }) => certain);
  return [boundaries.filter(({ certain }) => !certain), atUpgrade];
}

/** Stops a run at each boundary, cancels them all at once. @returns the runs after them */
async function cancelled(
  kind: Kind,
  boundaries: readonly Boundary[],
  survivor: Host,
  cleanUp: CleanUp,
): Promise<() => Promise<void>> {
  const host = await openHost(SDK, PATIENT);
  cleanUp(() => host.close());
  const { provider } = host;
  const cases = await Promise.all(
    boundaries.map(async (boundary, nth) => {
      const pinned = await openPinned(kind, cleanUp, nth % 2 === 0 ? undefined : survivor.provider);
      const late: Fault = { kind: "delay", ms: LATE * pinned.system.speed };
      // A look's place can turn out to be that of the upgrade call: one that is never processed is waited for for minutes.
      const reached = pinned.gate.close(boundary, late);
      const ended = pinned.upgrade(provider).then(
        () => undefined,
        (error: unknown) => error,
      );
      await Promise.race([reached, ended]);
      return { ...pinned, boundary, ended };
    }),
  );
  const running = cases.filter(({ gate }) => gate.closed);
  for (const { boundary } of cases.filter(({ gate }) => !gate.closed))
    expect(boundary).toMatchObject({ certain: false });

  const called = running.map(({ system }) => system.accepted() > 0);
  const began = performance.now();
  const timed = running.map(async (each) => {
    const error = await each.ended;
    return { ...each, error, latency: performance.now() - began };
  });
  await provider.cancel();
  const asked = running.map(({ gate }) => gate.arrivals.length);
  const outcomes = await Promise.all(timed);
  for (const [nth, { boundary, error, latency }] of outcomes.entries()) {
    const { title } = boundary;
    expect(latency, title).toBeLessThan(HAND_OVER);
    if (!(error instanceof RpcFailure)) throw new Error(`${title}: the run was not cancelled`);
    const text = error.partial?.reasons.join() ?? error.message;
    expect(text, title).toMatch(/\[(interrupted|unconfirmed)\]$/);
    if (called[nth]) expect(`${title}: ${text}`).not.toContain("nothing was called");
  }
  expect(running.map(({ gate }) => gate.arrivals.length)).toEqual(asked);

  return async () => {
    await Promise.all(outcomes.map((outcome) => goesOn(outcome, outcome.error, survivor)));
  };
}

type Outcome = Awaited<ReturnType<typeof openPinned>> & { readonly boundary: Boundary };

async function goesOn({ gate, again, system, boundary }: Outcome, error: unknown, { provider }: Host) {
  gate.open();
  const { title } = boundary;
  const properties = await again(provider, error instanceof RpcFailure ? error.partial : undefined);
  const found = { title, status: properties["status"], accepted: system.accepted() };
  expect(found).toEqual({ title, status: "current", accepted: 1 });
  expect(JSON.stringify(properties)).toContain(system.after);
}
