import { expect, test } from "vitest";
import { failureOf } from "./failure";
import { hostOfSuite, onEachSdk, urnOf } from "./host";
import { openStage, TARGET_BUILD, without } from "./stage";

onEachSdk("a resource type", (sdk) => {
  const host = hostOfSuite(sdk);
  const ORACLE = urnOf("orders", "oracle:ClusterVersion");
  const unknown = "pulumi-dbversion has no resource type oracle:ClusterVersion";

  test("that this package has not is refused by its name in every call", async () => {
    const { provider, id, inputs, cluster } = await openStage(host());
    const subject = { urn: ORACLE, id };
    const args = inputs({ __urn: ORACLE });
    const failures = await Promise.all([
      failureOf(provider.check(ORACLE, args)),
      failureOf(provider.diff(subject, args, args)),
      failureOf(provider.create(ORACLE, args)),
      failureOf(provider.update(subject, args, args)),
      failureOf(provider.read(subject, args)),
    ]);
    expect(failures.map(({ message, partial }) => [message, partial])).toEqual(
      failures.map(() => [unknown, undefined]),
    );
    expect(cluster.journal.entries).toEqual([]);
  });

  test("that is known is served by the same process, also below a component", async () => {
    const { provider, inputs, cluster } = await openStage(host());
    cluster.control.setBuildVersion(TARGET_BUILD);
    await failureOf(provider.check(ORACLE, inputs({ __urn: ORACLE })));
    const nested = urnOf("nested").replace("::pulumi-nodejs", "::shop:index:Database$pulumi-nodejs");
    expect((await provider.create(nested, inputs({ __urn: nested }))).properties["status"]).toBe("current");
  });

  test("is told from another by the URN, in one process", async () => {
    const { provider, urn, inputs, cluster } = await openStage(host());
    cluster.control.setBuildVersion(TARGET_BUILD);
    const agents = urn.replace("ClusterVersion", "AgentVersion");
    const version = { version: "4.3.3.0", __urn: agents };
    const [database, obshell] = await Promise.all([
      provider.create(urn, inputs()),
      provider.create(agents, without(inputs(version), "release")),
    ]);
    expect(database.properties).toMatchObject({ status: "current", currentVersion: "4.3.5.2" });
    expect(obshell.properties).toMatchObject({ status: "current", currentVersion: "4.3.3.0" });
  });
});
