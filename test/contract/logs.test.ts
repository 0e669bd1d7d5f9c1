import { expect, test } from "vitest";
import { hostOfSuite, hostOfTest, onEachSdk } from "./host";
import { openStage, TARGET_BUILD, without } from "./stage";

const ALREADY = { severity: "info", message: `already at ${TARGET_BUILD}`, ephemeral: false };

onEachSdk("the log", (sdk) => {
  const host = hostOfSuite(sdk);

  test("has the plan as a lasting line at the resource, once per run", async () => {
    const { provider, urn, id, inputs, logs } = await openStage(host());
    await provider.check(urn, inputs());
    await provider.check(urn, inputs());
    await provider.diff({ urn, id }, inputs({ status: "behind" }), inputs());
    expect(logs()).toEqual([
      { severity: "info", urn, message: "4.2.1.8 → 4.3.5.2, rolling over 3 zones", ephemeral: false },
    ]);
  });

  test("has progress as passing lines, and what will matter later as lasting ones", async () => {
    const { provider, urn, inputs, logs, cluster, said } = await openStage(host());
    cluster.control.startMaintenance("Start OB");
    const created = provider.create(urn, inputs());
    await said(/waiting for maintenance task/);
    cluster.control.finish();
    await created;
    const kinds = logs().map(({ message, ephemeral, severity }) => [message.split(/[ (]/)[0], ephemeral, severity]);
    expect(kinds).toContainEqual(["waiting", true, "info"]);
    expect(logs().filter(({ ephemeral }) => !ephemeral)).toEqual([
      expect.objectContaining({ severity: "info", message: expect.stringMatching(/^upgrade 12 started$/) }),
      expect.objectContaining({ severity: "info", message: expect.stringMatching(/^upgraded 4\.2\.1\.8-\d+ → /) }),
    ]);
  });

  test("has what needs attention as a warning", async () => {
    const { provider, urn, inputs, logs, cluster } = await openStage(host());
    cluster.control.setBuildVersion("4.4.0.0-1");
    await provider.create(urn, inputs());
    expect(logs()).toEqual([
      expect.objectContaining({
        severity: "warning",
        message: expect.stringMatching(/newer than the target version/),
        ephemeral: false,
      }),
    ]);
  });

  test("of a system that cannot be planned says so as a warning, and check passes", async () => {
    const { provider, urn, inputs, logs } = await openStage(host());
    const { failures } = await provider.check(urn, inputs({ endpoints: ["http://127.0.0.1:9"] }));
    expect(failures).toEqual([]);
    expect(logs()).toEqual([
      expect.objectContaining({ severity: "warning", message: expect.stringMatching(/^cannot plan: unreachable/) }),
    ]);
  });

  test("names the resource by the engine's word where the state has no hidden URN", async () => {
    const { provider, urn, inputs, logs, cluster } = await openStage(host());
    cluster.control.setBuildVersion(TARGET_BUILD);
    await provider.check(urn, without(inputs(), "__urn"));
    expect(logs()).toEqual([{ ...ALREADY, urn }]);
  });

  test("names the resource by the hidden input in the first call of a process", async () => {
    const { provider, urn, inputs, cluster, engine } = await openStage(await hostOfTest(sdk, { fresh: true }));
    cluster.control.setBuildVersion(TARGET_BUILD);
    await provider.check(urn, inputs());
    expect(engine.logs).toEqual([{ ...ALREADY, urn }]);
    expect(provider.output).toBe("");
  });
});
