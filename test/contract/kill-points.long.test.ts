/** @module-tag long */
import { describe, expect, test } from "vitest";
import type { Fault } from "../simulators";
import { type Boundary, otherBoundaries, UPGRADE_REQUEST, wavesOf } from "./boundaries";
import { RpcFailure } from "./failure";
import { type Host, hostOfSuite, openHost } from "./host";
import { type CleanUp, isUpdate, LONG_TIMEOUT, logReached, openResource, recorded, SDK, TYPES } from "./kill-points";

interface Stop {
  readonly kind: (typeof TYPES)[number];
  readonly boundary: Boundary;
}

describe("a killed provider process", { timeout: 900_000 }, () => {
  const survivor = hostOfSuite(SDK, LONG_TIMEOUT);

  test("at the upgrade requests of all types loses no upgrade and starts none twice", async ({ onTestFinished }) => {
    const stops = TYPES.flatMap((kind) => UPGRADE_REQUEST.map((boundary) => ({ kind, boundary })));
    expect(await killed(stops, survivor(), onTestFinished)).toEqual(stops.map(() => true));
  });

  test.concurrent.for(TYPES)(
    "at any other request of an upgrade of $type loses no upgrade and starts none twice",
    { tags: ["long"] },
    async (kind, { onTestFinished }) => {
      const arrivals = await recorded(kind, survivor(), onTestFinished);
      const stopped: boolean[] = [];
      for (const wave of wavesOf(otherBoundaries(arrivals)))
        stopped.push(
          ...(await killed(
            wave.map((boundary) => ({ kind, boundary })),
            survivor(),
            onTestFinished,
          )),
        );
      logReached("killed", kind, arrivals, stopped);
    },
  );
});

/** Stops a run at each boundary by killing the process of all, and runs each again. @returns which reached their boundary */
async function killed(stops: readonly Stop[], { provider }: Host, cleanUp: CleanUp): Promise<boolean[]> {
  const victim = await openHost(SDK, LONG_TIMEOUT);
  cleanUp(() => victim.close());
  const cases = await Promise.all(
    stops.map(async ({ kind, boundary }, nth) => {
      const resource = await openResource(kind, cleanUp, isUpdate(nth) ? provider : undefined);
      const reached = resource.gate.close(boundary);
      const ended = resource.upgrade(victim.provider).then(
        ({ status }) => status,
        () => "killed",
      );
      await Promise.race([reached, ended]);
      return { ...resource, boundary, ended };
    }),
  );
  await victim.provider.kill();

  return Promise.all(
    cases.map(async ({ boundary, gate, system, again, ended }) => {
      const { title, certain } = boundary;
      const reached = gate.closed;
      if (certain) expect(reached, title).toBe(true);
      // A run that did not reach its boundary had already ended.
      expect(await ended, title).toBe(reached ? "killed" : "current");
      gate.open();
      const properties = await again(provider);
      const found = { title, status: properties["status"], accepted: system.accepted() };
      expect(found).toEqual({ title, status: "current", accepted: 1 });
      expect(JSON.stringify(properties)).toContain(system.after);
      return reached;
    }),
  );
}

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
