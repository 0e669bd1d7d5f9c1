/** @module-tag long */
import { expect, test } from "vitest";
import { failureOf, type Properties, partialOf } from "./failure";
import { hostOfSuite, hostOfTest, onEachSdk } from "./host";
import { openStage } from "./stage";

const DEADLINE = expect.stringMatching(
  /^The time limit was reached \(customTimeouts\): .*: upgrade 11 .* is still running/,
);

/** Time limits in seconds: three between the two reads before the request, and a margin for the request on a busy machine. */
const SHORT = 3 + 1.5;

onEachSdk("customTimeouts", (sdk) => {
  const host = hostOfSuite(sdk);

  test("of the engine end the wait, whatever the hidden input contains", async () => {
    const { provider, urn, inputs } = await openStage(host(), { endless: true });
    const longInput: Properties = { __timeouts: { create: "1h", update: "1h" } };
    const { reasons, id, properties } = await partialOf(provider.create(urn, inputs(longInput), SHORT));
    expect(reasons).toEqual([DEADLINE]);
    expect(properties["__timeouts"]).toEqual(longInput["__timeouts"]);
    const again = await partialOf(provider.update({ urn, id }, properties, inputs(longInput), SHORT));
    expect(again.reasons).toEqual([DEADLINE]);
  });

  test("of the engine take precedence over a shorter hidden input", async () => {
    const { provider, urn, inputs } = await openStage(host());
    const shortInput: Properties = { __timeouts: { create: "1ms", update: "1ms" } };
    expect((await provider.create(urn, inputs(shortInput), 600)).properties["status"]).toBe("current");
  });

  test("are taken from the hidden input if the engine sends none", async () => {
    const { provider, urn, inputs } = await openStage(host(), { endless: true });
    const limited: Properties = { __timeouts: { create: `${SHORT}s`, update: "1s" } };
    const { reasons, id, properties } = await partialOf(provider.create(urn, inputs(limited)));
    expect(reasons).toEqual([DEADLINE]);
    expect((await partialOf(provider.update({ urn, id }, properties, inputs(limited)))).reasons).toEqual([DEADLINE]);
  });

  test("are taken from the hidden input in the first RPC of a process", { tags: ["long"] }, async () => {
    const { provider, urn, inputs } = await openStage(await hostOfTest(sdk, { fresh: true }), { endless: true });
    const limited: Properties = { __timeouts: { create: `${SHORT}s` } };
    expect((await partialOf(provider.create(urn, inputs(limited), 3_600))).reasons).toEqual([DEADLINE]);
  });

  test("that are invalid fail the check, and create uses the default", async () => {
    const { provider, urn, inputs } = await openStage(host());
    const invalid: Properties = { __timeouts: { create: "soon" } };
    expect((await provider.check(urn, inputs(invalid))).failures).toEqual([
      { property: "customTimeouts", reason: expect.stringContaining("create must be a duration above zero") },
    ]);
    expect((await provider.create(urn, inputs(invalid))).properties["status"]).toBe("current");
    expect((await failureOf(provider.create(urn, inputs(invalid), 0.001))).message).toMatch(/\[deadline\]$/);
  });
});
