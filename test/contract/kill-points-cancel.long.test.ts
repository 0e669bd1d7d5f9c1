/** @module-tag long */
import { describe, expect, test } from "vitest";
import type { Fault } from "../simulators";
import { type Boundary, otherBoundaries, UPGRADE_REQUEST, wavesOf } from "./boundaries";
import { RpcFailure } from "./failure";
import { type Host, hostOfSuite, openHost } from "./host";
import { type CleanUp, isUpdate, LONG_TIMEOUT, logReached, openResource, recorded, SDK, TYPES } from "./kill-points";

type Kind = (typeof TYPES)[number];

describe("a canceled run", { timeout: 900_000 }, () => {
  const survivor = hostOfSuite(SDK, LONG_TIMEOUT);

  test.concurrent.for(TYPES)(
    "at the requests of an upgrade of $type ends immediately, and the next run resumes it",
    async (kind, { onTestFinished }) => {
      const arrivals = await recorded(kind, survivor(), onTestFinished);
      // The runs at the upgrade request reach it at about the same time.
      const waves = [...wavesOf(otherBoundaries(arrivals)), UPGRADE_REQUEST];
      const resumed: Promise<void>[] = [];
      const stopped: boolean[] = [];
      for (const wave of waves) {
        const outcomes = await canceled(kind, wave, survivor(), onTestFinished);
        stopped.push(...wave.map(({ title }) => outcomes.some(({ boundary }) => boundary.title === title)));
        for (const outcome of outcomes) resumed.push(resumes(outcome, survivor()));
        for (const each of resumed) each.catch(() => undefined);
      }
      await Promise.all(resumed);
      logReached("canceled", kind, arrivals, stopped);
    },
  );
});

/** Stops a run at each boundary and cancels all of them. @returns those that reached their boundary */
async function canceled(
  kind: Kind,
  boundaries: readonly Boundary[],
  survivor: Host,
  cleanUp: CleanUp,
): Promise<Outcome[]> {
  const host = await openHost(SDK, LONG_TIMEOUT);
  cleanUp(() => host.close());
  const { provider } = host;
  let runsEnded = () => {};
  // The request at the boundary is processed once the run has ended. A boundary at a read may turn out to be at the upgrade
  // request: the run after one that is never processed waits for it for minutes.
  const held: Fault = { kind: "hold", until: new Promise((resolve) => (runsEnded = resolve)) };
  const cases = await Promise.all(
    boundaries.map(async (boundary, nth) => {
      const resource = await openResource(kind, cleanUp, isUpdate(nth) ? survivor.provider : undefined);
      const reached = resource.gate.close(boundary, held);
      const ended = resource.upgrade(provider).then(
        () => undefined,
        (error: unknown) => error,
      );
      await Promise.race([reached, ended]);
      return { ...resource, boundary, ended };
    }),
  );
  const running = cases.filter(({ gate }) => gate.closed);
  // A read may turn out to be another request; the upgrade request never does.
  expect(running.length).toBeGreaterThanOrEqual(boundaries.filter(({ certain }) => certain).length);
  for (const { boundary } of cases.filter(({ gate }) => !gate.closed))
    expect(boundary).toMatchObject({ certain: false });

  const accepted = running.map(({ system }) => system.accepted() > 0);
  await provider.cancel();
  const before = running.map(({ gate }) => gate.arrivals.length);
  const outcomes = await Promise.all(running.map(async (each) => ({ ...each, error: await each.ended })));
  runsEnded();
  for (const [nth, { boundary, error }] of outcomes.entries()) {
    const { title } = boundary;
    if (!(error instanceof RpcFailure)) throw new Error(`${title}: the run was not canceled`);
    const text = error.partial?.reasons.join() ?? error.message;
    expect(text, title).toMatch(/\[(interrupted|unconfirmed)\]$/);
    if (accepted[nth]) expect(`${title}: ${text}`).not.toContain("nothing was sent");
  }
  expect(running.map(({ gate }) => gate.arrivals.length)).toEqual(before);

  return outcomes;
}

type Outcome = Awaited<ReturnType<typeof openResource>> & { readonly boundary: Boundary; readonly error: unknown };

/** The next run. */
async function resumes({ gate, again, system, boundary, error }: Outcome, { provider }: Host): Promise<void> {
  gate.open();
  const { title } = boundary;
  const properties = await again(provider, error instanceof RpcFailure ? error.partial : undefined);
  const found = { title, status: properties["status"], accepted: system.accepted() };
  expect(found).toEqual({ title, status: "current", accepted: 1 });
  expect(JSON.stringify(properties)).toContain(system.after);
}
