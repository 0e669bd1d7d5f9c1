import { expect, test } from "vitest";
import { failureOf, type Properties } from "./failure";
import { hostOfSuite, onEachSdk, PROVIDER_TEXT } from "./host";
import { openStage, TARGET_BUILD, without } from "./stage";

const STORED: Properties = { status: "current", currentVersion: "4.3.5.2", members: { gone: TARGET_BUILD } };

onEachSdk("read", (sdk) => {
  const host = hostOfSuite(sdk);

  test("of a pin that holds gives the inputs as written, and what runs", async () => {
    const { provider, urn, id, inputs, cluster, writes } = await openStage(host());
    cluster.control.setBuildVersion(TARGET_BUILD);
    const read = await provider.read({ urn, id }, inputs({ ...STORED, currentVersion: "4.2.1.8" }), inputs());
    expect(read.inputs).toEqual(inputs());
    const observed = { status: "current", currentVersion: "4.3.5.2" };
    expect(read).toMatchObject({ id, properties: { ...without(inputs(), "__urn"), ...observed } });
    expect(await provider.diff({ urn, id }, read.properties, inputs())).toEqual({ changes: "none", replaces: [] });
    expect(writes()).toBe(0);
  });

  test("of a pin that was left gives the observed version in its place, and the next diff says yes", async () => {
    const { provider, urn, id, inputs } = await openStage(host());
    const read = await provider.read({ urn, id }, inputs(STORED), inputs());
    expect(read.inputs).toEqual(without(inputs({ version: "4.2.1.8" }), "release"));
    expect(read.properties).toMatchObject({ status: "behind", currentVersion: "4.2.1.8", version: "4.3.5.2" });
    expect((await provider.diff({ urn, id }, read.properties, inputs())).changes).toBe("some");
  });

  test("of a state without what this package observes fills it in", async () => {
    const { provider, urn, id, inputs, cluster } = await openStage(host());
    cluster.control.setBuildVersion(TARGET_BUILD);
    const read = await provider.read({ urn, id }, without(inputs(), "__urn"));
    expect(read.properties).toMatchObject({ status: "current", currentVersion: "4.3.5.2" });
    expect(read.id).toBe(id);
  });

  test.each<[string, Properties]>([
    ["has no arguments", {}],
    ["has arguments of another time", { endpoints: ["http://127.0.0.1:9"], target: "4.3.5.2", status: "current" }],
  ])("of a state that %s leaves it as it is, with a warning", async (_, state) => {
    const { provider, urn, id, cluster, said } = await openStage(host());
    const stored = { __provider: PROVIDER_TEXT, __urn: urn, ...state };
    expect(await provider.read({ urn, id }, stored)).toEqual({ id, properties: stored, inputs: undefined });
    expect(await said(/arguments are not valid, so the state was not changed/)).toMatchObject({
      severity: "warning",
      ephemeral: false,
    });
    expect(cluster.journal.entries).toEqual([]);
  });

  test("of a system that does not answer leaves the state as it is, with a warning", async () => {
    const { provider, urn, id, inputs, said } = await openStage(host());
    const stored = inputs({ ...STORED, endpoints: ["http://127.0.0.1:9"] });
    expect(await provider.read({ urn, id }, stored)).toEqual({ id, properties: stored, inputs: undefined });
    expect(await said(/^orders\d+: could not be read/)).toMatchObject({ severity: "warning", ephemeral: false });
  });

  test("with a wrong password is an error, not a drift", async () => {
    const { provider, urn, id, inputs } = await openStage(host());
    const { message } = await failureOf(provider.read({ urn, id }, inputs({ ...STORED, password: "wr0ng" })));
    expect(message).toMatch(/\[unauthorized\]$/);
  });
});
