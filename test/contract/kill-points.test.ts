import { describe, expect, test } from "vitest";
import { hostOfSuite, openHost } from "./host";
import { boundariesOf, NOWHERE, openPinned, PATIENT, SDK, TYPES } from "./kill-points";

describe("a provider process that is killed", { timeout: 180_000 }, () => {
  const survivor = hostOfSuite(SDK, PATIENT);

  test.concurrent.for(TYPES)(
    "around the calls and among the looks of an upgrade of $type loses nothing, and nothing is begun twice",
    async (kind, { onTestFinished }) => {
      const { provider } = survivor();
      const whole = await openPinned(kind, onTestFinished);
      whole.gate.close(NOWHERE);
      expect((await whole.upgrade(provider))["status"]).toBe("current");

      const victim = await openHost(SDK, PATIENT);
      onTestFinished(() => victim.close());
      const cases = await Promise.all(
        boundariesOf(whole.gate.arrivals).map(async (boundary, nth) => {
          const pinned = await openPinned(kind, onTestFinished, nth % 2 === 0 ? undefined : provider);
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

      await Promise.all(
        cases.map(async ({ boundary, gate, system, again, ended }) => {
          gate.open();
          const { title, certain } = boundary;
          if (certain) expect(await ended, title).toBe("killed");
          const properties = await again(provider);
          const found = { title, status: properties["status"], accepted: system.accepted() };
          expect(found).toEqual({ title, status: "current", accepted: 1 });
          expect(JSON.stringify(properties)).toContain(system.after);
        }),
      );
      const killed = await Promise.all(cases.map(({ ended }) => ended));
      expect(killed.filter((each) => each === "killed").length).toBeGreaterThan(cases.length / 2);
    },
  );
});
