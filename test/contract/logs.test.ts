import { expect, test } from "vitest";
import { hostOfSuite, hostOfTest, onEachSdk } from "./host";
import { openStage, TARGET_BUILD, without } from "./stage";

/** What a preview says of a resource. It begins with the name, because `preview --diff` shows nothing else of the resource. */
const planned = (urn: string, plan: string) => ({
  severity: "info",
  urn,
  message: `${urn.split("::").at(-1)}: ${plan}`,
  ephemeral: false,
});
const ALREADY = `already at ${TARGET_BUILD}`;

onEachSdk("the log", (sdk) => {
  const host = hostOfSuite(sdk);

  test("has the plan as a lasting line at the resource, once per run", async () => {
    const { provider, urn, id, inputs, logs } = await openStage(host());
    await provider.check(urn, inputs());
    await provider.check(urn, inputs());
    await provider.diff({ urn, id }, inputs({ status: "behind" }), inputs());
    expect(logs()).toEqual([planned(urn, "4.2.1.8 → 4.3.5.2, rolling over 3 zones")]);
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
      expect.objectContaining({
        severity: "warning",
        message: expect.stringMatching(/^orders\d+: cannot plan: unreachable/),
      }),
    ]);
  });

  test("names the resource by the engine's word where the state has no hidden URN", async () => {
    const { provider, urn, inputs, logs, cluster } = await openStage(host());
    cluster.control.setBuildVersion(TARGET_BUILD);
    await provider.check(urn, without(inputs(), "__urn"));
    expect(logs()).toEqual([planned(urn, ALREADY)]);
  });

  test("names the resource by the hidden input in the first call of a process", async () => {
    const { provider, urn, inputs, cluster, engine } = await openStage(await hostOfTest(sdk, { fresh: true }));
    cluster.control.setBuildVersion(TARGET_BUILD);
    await provider.check(urn, inputs());
    expect(engine.logs).toEqual([planned(urn, ALREADY)]);
    expect(provider.output).toBe("");
  });
});
