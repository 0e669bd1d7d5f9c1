/** @module-tag long */
import { describe, expect, test } from "vitest";
import type { Fault } from "../simulators";
import { type Boundary, otherBoundaries, UPGRADE_CALL, wavesOf } from "./boundaries";
import { RpcFailure } from "./failure";
import { type Host, hostOfSuite, openHost } from "./host";
import { type CleanUp, isUpdate, openPinned, PATIENT, SDK, TYPES, tell, watched } from "./kill-points";

type Kind = (typeof TYPES)[number];

describe("a run that is cancelled", { timeout: 900_000 }, () => {
  const survivor = hostOfSuite(SDK, PATIENT);

  test.concurrent.for(TYPES)(
    "at the requests of an upgrade of $type is handed over at once, and goes on",
    async (kind, { onTestFinished }) => {
      const arrivals = await watched(kind, survivor(), onTestFinished);
      // The runs at the upgrade call come to it at about the same time.
      const waves = [...wavesOf(otherBoundaries(arrivals)), UPGRADE_CALL];
      const followed: Promise<void>[] = [];
      const stopped: boolean[] = [];
      for (const wave of waves) {
        const outcomes = await cancelled(kind, wave, survivor(), onTestFinished);
        stopped.push(...wave.map(({ title }) => outcomes.some(({ boundary }) => boundary.title === title)));
        for (const outcome of outcomes) followed.push(goesOn(outcome, survivor()));
        for (const each of followed) each.catch(() => undefined);
      }
      await Promise.all(followed);
      tell("cancelled", kind, arrivals, stopped);
    },
  );
});

/** Stops a run at each boundary, cancels them all at once. @returns those that had come to it */
async function cancelled(
  kind: Kind,
  boundaries: readonly Boundary[],
  survivor: Host,
  cleanUp: CleanUp,
): Promise<Outcome[]> {
  const host = await openHost(SDK, PATIENT);
  cleanUp(() => host.close());
  const { provider } = host;
  let runsEnded = () => {};
  // The request of the boundary is processed when nobody waits for it any more. A look's place can turn out to be that of the
  // upgrade call: the run after one that is never processed waits for it for minutes.
  const late: Fault = { kind: "hold", until: new Promise((resolve) => (runsEnded = resolve)) };
  const cases = await Promise.all(
    boundaries.map(async (boundary, nth) => {
      const pinned = await openPinned(kind, cleanUp, isUpdate(nth) ? survivor.provider : undefined);
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
  // A look's place can turn out to be another one; that of the upgrade call never does.
  expect(running.length).toBeGreaterThanOrEqual(boundaries.filter(({ certain }) => certain).length);
  for (const { boundary } of cases.filter(({ gate }) => !gate.closed))
    expect(boundary).toMatchObject({ certain: false });

  const called = running.map(({ system }) => system.accepted() > 0);
  await provider.cancel();
  const asked = running.map(({ gate }) => gate.arrivals.length);
  const outcomes = await Promise.all(running.map(async (each) => ({ ...each, error: await each.ended })));
  runsEnded();
  for (const [nth, { boundary, error }] of outcomes.entries()) {
    const { title } = boundary;
    if (!(error instanceof RpcFailure)) throw new Error(`${title}: the run was not cancelled`);
    const text = error.partial?.reasons.join() ?? error.message;
    expect(text, title).toMatch(/\[(interrupted|unconfirmed)\]$/);
    if (called[nth]) expect(`${title}: ${text}`).not.toContain("nothing was sent");
  }
  expect(running.map(({ gate }) => gate.arrivals.length)).toEqual(asked);

  return outcomes;
}

type Outcome = Awaited<ReturnType<typeof openPinned>> & { readonly boundary: Boundary; readonly error: unknown };

/** The run after it. */
async function goesOn({ gate, again, system, boundary, error }: Outcome, { provider }: Host): Promise<void> {
  gate.open();
  const { title } = boundary;
  const properties = await again(provider, error instanceof RpcFailure ? error.partial : undefined);
  const found = { title, status: properties["status"], accepted: system.accepted() };
  expect(found).toEqual({ title, status: "current", accepted: 1 });
  expect(JSON.stringify(properties)).toContain(system.after);
}
