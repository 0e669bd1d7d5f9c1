/** @module-tag long */
import { expect, test } from "vitest";
import { failureOf, type Properties, partialOf } from "./failure";
import { hostOfSuite, hostOfTest, onEachSdk } from "./host";
import { openStage } from "./stage";

const DEADLINE = expect.stringMatching(/^The time limit was reached \(customTimeouts\): .*still running upgrade 11/);

/** Time limits in seconds: three between the two looks before the call, and room for the call on a busy machine. */
const SHORT = 3 + 1.5;

onEachSdk("customTimeouts", (sdk) => {
  const host = hostOfSuite(sdk);

  test("as the engine sends them end the wait, whatever the hidden input says", async () => {
    const { provider, urn, inputs } = await openStage(host(), { endless: true });
    const patient: Properties = { __timeouts: { create: "1h", update: "1h" } };
    const { reasons, id, properties } = await partialOf(provider.create(urn, inputs(patient), SHORT));
    expect(reasons).toEqual([DEADLINE]);
    expect(properties["__timeouts"]).toEqual(patient["__timeouts"]);
    const again = await partialOf(provider.update({ urn, id }, properties, inputs(patient), SHORT));
    expect(again.reasons).toEqual([DEADLINE]);
  });

  test("as the engine sends them win over a shorter hidden input", async () => {
    const { provider, urn, inputs } = await openStage(host());
    const hasty: Properties = { __timeouts: { create: "1ms", update: "1ms" } };
    expect((await provider.create(urn, inputs(hasty), 600)).properties["status"]).toBe("current");
  });

  test("come from the hidden input when the engine sends none", async () => {
    const { provider, urn, inputs } = await openStage(host(), { endless: true });
    const limited: Properties = { __timeouts: { create: `${SHORT}s`, update: "1s" } };
    const { reasons, id, properties } = await partialOf(provider.create(urn, inputs(limited)));
    expect(reasons).toEqual([DEADLINE]);
    expect((await partialOf(provider.update({ urn, id }, properties, inputs(limited)))).reasons).toEqual([DEADLINE]);
  });

  test("come from the hidden input in the first call of a process", { tags: ["long"] }, async () => {
    const { provider, urn, inputs } = await openStage(await hostOfTest(sdk, { fresh: true }), { endless: true });
    const limited: Properties = { __timeouts: { create: `${SHORT}s` } };
    expect((await partialOf(provider.create(urn, inputs(limited), 3_600))).reasons).toEqual([DEADLINE]);
  });

  test("that cannot be read are refused by check, and mean the default to create", async () => {
    const { provider, urn, inputs } = await openStage(host());
    const odd: Properties = { __timeouts: { create: "soon" } };
    expect((await provider.check(urn, inputs(odd))).failures).toEqual([
      { property: "customTimeouts", reason: expect.stringContaining("create must be a duration above zero") },
    ]);
    expect((await provider.create(urn, inputs(odd))).properties["status"]).toBe("current");
    expect((await failureOf(provider.create(urn, inputs(odd), 0.001))).message).toMatch(/\[deadline\]$/);
  });
});
