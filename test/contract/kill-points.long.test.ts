/** @module-tag long */
import { describe, expect, test } from "vitest";
import { type Boundary, otherBoundaries, UPGRADE_REQUEST, wavesOf } from "./boundaries";
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
