import { describe, expect, test } from "vitest";
import { failureOf, partialOf, THROWN } from "./failure";
import { hostOfSuite, onEachSdk, PROVIDER_TEXT } from "./host";
import { ABSENT, OLD_BUILD, openStage, PASSWORD, shortUrn, TARGET, TARGET_BUILD, without } from "./stage";

/** A time limit in seconds after the upgrade request, which follows two reads that are three seconds apart. */
const SOON = 6;

onEachSdk("the state after a failure", (sdk) => {
  const host = hostOfSuite(sdk);

  describe("create that could not start the upgrade leaves no resource", () => {
    test("if the upgrade is blocked", async () => {
      const { provider, urn, inputs, writes } = await openStage(host());
      const failure = await failureOf(provider.create(urn, inputs({ ...ABSENT })));
      expect(failure).toMatchObject({ code: THROWN, partial: undefined });
      expect(failure.message).toMatch(/the upgrade was not started\. .*not uploaded.* \[blocked\]$/);
      expect(writes()).toBe(0);
    });

    test("if the password is wrong", async () => {
      const { provider, urn, inputs, writes } = await openStage(host());
      const failure = await failureOf(provider.create(urn, inputs({ password: "wr0ng-p@ss" })));
      expect(failure).toMatchObject({ code: THROWN, partial: undefined });
      expect(failure.message).toMatch(/rejected the credentials.* \[unauthorized\]$/);
      expect(failure.message).not.toMatch(/wr0ng/);
      expect(writes()).toBe(0);
    });

    test("if there is no password", async () => {
      const { provider, urn, inputs } = await openStage(host());
      const failure = await failureOf(provider.create(urn, without(inputs(), "password")));
      expect(failure.message).toMatch(/config `oceanbase:password`.*\[unauthorized\]$/);
      expect(failure.partial).toBeUndefined();
    });

    test("if the time limit is reached before any response", async () => {
      const { provider, urn, inputs, cluster } = await openStage(host());
      cluster.faults.add({ times: Number.POSITIVE_INFINITY, fault: { kind: "hang" } });
      const failure = await failureOf(provider.create(urn, inputs(), 0.5));
      expect(failure).toMatchObject({ code: THROWN, partial: undefined });
      expect(failure.message).toMatch(/before an upgrade of .* was started; nothing was sent\..*\[deadline\]$/);
    });

    test("if the arguments are not valid", async () => {
      const { provider, urn, inputs, cluster } = await openStage(host());
      const failure = await failureOf(provider.create(urn, inputs({ version: "four" })));
      expect(failure).toMatchObject({ code: THROWN, partial: undefined });
      expect(failure.message).toMatch(/^version is not an OceanBase version/);
      expect(cluster.journal.entries).toEqual([]);
    });
  });

  test("create whose accepted upgrade outlasts the time limit leaves the resource", async () => {
    const { provider, urn, inputs, id, writes } = await openStage(host(), { endless: true });
    const partial = await partialOf(provider.create(urn, inputs(), SOON));
    expect(partial.id).toBe(id);
    expect(partial.properties).toMatchObject({
      ...inputs(),
      __provider: PROVIDER_TEXT,
      __urn: shortUrn(urn),
      status: "upgrading",
      currentVersion: "4.2.1.8",
      lastUpgrade: { task: "11", from: OLD_BUILD, to: TARGET_BUILD, state: "running" },
    });
    expect(Object.values(Object(partial.properties["members"]))).toEqual([OLD_BUILD, OLD_BUILD, OLD_BUILD]);
    expect(partial.reasons).toEqual([
      expect.stringMatching(
        /^The time limit was reached \(customTimeouts\): .*: upgrade 11 .* is still running\. .*\[deadline\]$/,
      ),
    ]);
    expect(writes()).toBe(1);
  });

  test("create whose upgrade failed leaves the resource, with the vendor's message", async () => {
    const { provider, urn, inputs, id, cluster } = await openStage(host());
    cluster.control.fail({ stage: "Execute upgrade pre script" });
    const partial = await partialOf(provider.create(urn, inputs()));
    expect(partial).toMatchObject({
      id,
      properties: {
        __provider: PROVIDER_TEXT,
        __urn: shortUrn(urn),
        status: "failed",
        lastUpgrade: { state: "failed" },
      },
    });
    expect(partial.reasons).toEqual([expect.stringMatching(/Execute upgrade pre script failed.*\[upgrade-failed\]$/)]);
  });

  test("update that could not start the upgrade does not change the state", async () => {
    const { provider, urn, inputs, cluster, writes } = await openStage(host());
    const { id, properties } = await provider.create(urn, inputs());
    const failure = await failureOf(provider.update({ urn, id }, properties, inputs({ ...ABSENT })));
    expect(failure).toMatchObject({ code: THROWN, partial: undefined });
    expect(failure.message).toMatch(/\[blocked\]$/);
    expect([writes(), cluster.acceptedUpgrades.length]).toEqual([1, 1]);
  });

  test("update of a resource with an upgrade in progress resumes the same task, and stores it again", async () => {
    const { provider, urn, inputs, cluster, writes } = await openStage(host(), { endless: true });
    const first = await partialOf(provider.create(urn, inputs(), SOON));
    const second = await partialOf(provider.update({ urn, id: first.id }, first.properties, inputs(), 1));
    expect(second.id).toBe(first.id);
    expect(second.properties).toMatchObject({ status: "upgrading", lastUpgrade: first.properties["lastUpgrade"] });
    expect(second.reasons).toEqual([expect.stringMatching(/: upgrade 11 .* is still running\./)]);
    cluster.control.unhang();
    const { properties } = await provider.update({ urn, id: second.id }, second.properties, inputs());
    expect(properties).toMatchObject({ status: "current", lastUpgrade: { task: "11", state: "succeeded" } });
    expect(writes()).toBe(1);
  });

  test("responses contain an id, the arguments, the hidden inputs and the observed outputs, as plain JSON", async () => {
    const { provider, urn, inputs, id } = await openStage(host());
    const created = await provider.create(urn, inputs());
    expect(created.id).toBe(id);
    expect(created.properties).toEqual({
      ...inputs({ __urn: shortUrn(urn) }),
      ...TARGET,
      currentVersion: TARGET.version,
      members: expect.any(Object),
      status: "current",
      lastUpgrade: expect.objectContaining({ task: "11", state: "succeeded", finishedAt: expect.any(String) }),
    });
    const updated = await provider.update({ urn, id }, created.properties, inputs());
    expect(updated.properties).toEqual(created.properties);
    const read = await provider.read({ urn, id }, created.properties);
    for (const response of [created.properties, updated.properties, read.properties, read.inputs]) {
      expect(missingValues(response)).toEqual([]);
      expect(JSON.stringify(response)).toContain(JSON.stringify(PASSWORD));
    }
  });
});

/** Paths of null or missing values: this package must not send any. */
function missingValues(value: unknown, path = "$"): string[] {
  if (value === undefined || value === null) return [path];
  if (typeof value !== "object") return [];
  return Object.entries(value).flatMap(([key, member]) => missingValues(member, `${path}.${key}`));
}

/** Fits into a gRPC header with a margin; the engine never receives a larger one. */
const FITTING = 48 * 1024;
const LARGE = { zones: 3, reachable: 3 };
const LONG = { timeout: 180_000, tags: ["long"] };
const FAILING = "Execute upgrade pre script";

onEachSdk("a failure of a very large cluster", (sdk) => {
  const host = hostOfSuite(sdk);

  test("with 450 members contains every member", async () => {
    const { provider, urn, inputs, cluster } = await openStage(host(), { ...LARGE, agentsPerZone: 150 });
    cluster.control.fail({ stage: FAILING });
    const { properties, bytes } = await partialOf(provider.create(urn, inputs()));
    expect(Object.keys(Object(properties["members"]))).toHaveLength(450);
    expect(bytes).toBeLessThan(FITTING);
  });

  test("with 1200 members leaves them out, and contains everything that the next run needs", LONG, async () => {
    const { provider, urn, id, inputs, cluster, writes } = await openStage(host(), { ...LARGE, agentsPerZone: 400 });
    cluster.control.fail({ stage: FAILING });
    const failure = await partialOf(provider.create(urn, inputs()));
    expect(failure.properties).toEqual({
      ...inputs({ __urn: shortUrn(urn) }),
      __provider: PROVIDER_TEXT,
      currentVersion: "4.2.1.8",
      status: "failed",
      lastUpgrade: expect.objectContaining({ task: "11", state: "failed" }),
    });
    expect(failure.reasons).toEqual([expect.stringContaining(`${FAILING} failed`)]);
    expect(failure.bytes).toBeLessThan(FITTING);
    cluster.control.operate("RETRY");
    const { properties } = await provider.update({ urn, id }, failure.properties, inputs());
    expect(Object.keys(Object(properties["members"]))).toHaveLength(1_200);
    expect([properties["status"], writes()]).toEqual(["current", 1]);
  });

  test("with a very long message of the vendor still reaches the engine", async () => {
    const { provider, urn, inputs, cluster } = await openStage(host(), { zones: 3 });
    cluster.faults.add({
      match: { method: "POST", path: "/api/v1/ob/upgrade" },
      fault: { kind: "replace", status: 500, headers: JSON_TYPE, body: rejection("太长了 ".repeat(30_000)) },
    });
    const failure = await failureOf(provider.create(urn, inputs(), 60));
    expect(failure.code).toBe(THROWN);
    expect(failure.message.slice(0, 200)).toMatch(/refused .*太长了/);
  });
});

const JSON_TYPE = { "content-type": "application/json" };

function rejection(message: string): string {
  const error = { code: 1000, errCode: "OB.Upgrade.Refused", message };
  return JSON.stringify({ successful: false, timestamp: new Date().toISOString(), status: 500, error });
}
