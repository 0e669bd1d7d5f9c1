/** @module-tag long */
import { describe, expect, test } from "vitest";
import { type Boundary, otherBoundaries, UPGRADE_CALL, wavesOf } from "./boundaries";
import { type Host, hostOfSuite, openHost } from "./host";
import { type CleanUp, isUpdate, openPinned, PATIENT, SDK, TYPES, tell, watched } from "./kill-points";

interface Stop {
  readonly kind: (typeof TYPES)[number];
  readonly boundary: Boundary;
}

describe("a provider process that is killed", { timeout: 900_000 }, () => {
  const survivor = hostOfSuite(SDK, PATIENT);

  test("at the upgrade calls of all types loses nothing, and nothing is begun twice", async ({ onTestFinished }) => {
    const stops = TYPES.flatMap((kind) => UPGRADE_CALL.map((boundary) => ({ kind, boundary })));
    expect(await killed(stops, survivor(), onTestFinished)).toEqual(stops.map(() => true));
  });

  test.concurrent.for(TYPES)(
    "at any other request of an upgrade of $type loses nothing, and nothing is begun twice",
    { tags: ["long"] },
    async (kind, { onTestFinished }) => {
      const arrivals = await watched(kind, survivor(), onTestFinished);
      const stopped: boolean[] = [];
      for (const wave of wavesOf(otherBoundaries(arrivals)))
        stopped.push(
          ...(await killed(
            wave.map((boundary) => ({ kind, boundary })),
            survivor(),
            onTestFinished,
          )),
        );
      tell("killed", kind, arrivals, stopped);
    },
  );
});

/** Stops a run at each boundary by killing the process of all, and runs each again. @returns which had come to it */
async function killed(stops: readonly Stop[], { provider }: Host, cleanUp: CleanUp): Promise<boolean[]> {
  const victim = await openHost(SDK, PATIENT);
  cleanUp(() => victim.close());
  const cases = await Promise.all(
    stops.map(async ({ kind, boundary }, nth) => {
      const pinned = await openPinned(kind, cleanUp, isUpdate(nth) ? provider : undefined);
      const reached = pinned.gate.close(boundary);
      const ended = pinned.upgrade(victim.provider).then(
        ({ status }) => status,
        () => "killed",
      );
      await Promise.race([reached, ended]);
      return { ...pinned, boundary, ended };
    }),
  );
  await victim.provider.kill();

  return Promise.all(
    cases.map(async ({ boundary, gate, system, again, ended }) => {
      const { title, certain } = boundary;
      const reached = gate.closed;
      if (certain) expect(reached, title).toBe(true);
      // What has not come to its boundary was over already.
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
