import { expect, test } from "vitest";
import { failureOf, partialOf, THROWN } from "./failure";
import { hostOfSuite, onEachSdk, PROVIDER_TEXT } from "./host";
import { openStage, shortUrn } from "./stage";

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
