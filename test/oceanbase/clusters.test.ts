import { describe, expect, it } from "vitest";
import { DynamicProvider } from "../../provider/frontend/dynamic/dynamic-provider";
import { agentVersion } from "../../provider/oceanbase/agent-version";
import { clusterVersion } from "../../provider/oceanbase/cluster-version";
import { createTransport, ObshellCluster } from "../simulators";
import { partial } from "../support/partial";
import { simulatedTransport } from "../support/simulated-transport";
import { VirtualClock } from "../support/virtual-clock";
import { OLD_BUILD, PASSWORD, TARGET, TARGET_BUILD, URN } from "./rig";

type Setup = Omit<ConstructorParameters<typeof ObshellCluster>[0], "clock">;

const RECENT = "4.4.2.0-102026041610";
const AGENTS = { version: "4.5.0.0", release: "102026050817.el7" };
const types = {
  "oceanbase:ClusterVersion": { urn: URN, args: TARGET },
  "oceanbase:AgentVersion": {
    urn: "urn:pulumi:dev::shop::pulumi-nodejs:dynamic/oceanbase:AgentVersion::agents",
    args: AGENTS,
  },
};
type Type = keyof typeof types;

/** Two clusters whose agents call themselves 10.77.0.2:2886 and on, reached by other names. */
function two(first: Setup, second: Setup = {}) {
  const clock = new VirtualClock();
  const shared = { clock, rootPassword: PASSWORD, buildVersion: OLD_BUILD, agentVersion: RECENT };
  const clusters = [new ObshellCluster({ ...shared, ...first }), new ObshellCluster({ ...shared, ...second })] as const;
  const names = new Map<string, { cluster: ObshellCluster; agent: number }>();
  for (const [index, cluster] of clusters.entries()) {
    cluster.control.addObPackages(TARGET.version, TARGET.release);
    cluster.control.addAgentPackage(AGENTS.version, AGENTS.release);
    for (const agent of cluster.hosts.keys()) {
      names.set(`http://${index === 0 ? "one" : "two"}${agent + 1}.example:2886`, { cluster, agent });
    }
  }
  names.set("http://alias.example:2886", { cluster: clusters[0], agent: 0 });
  const sends = new Map(
    clusters.map((cluster) => [cluster, createTransport(cluster, { sleep: (ms) => clock.sleep(ms) })]),
  );
  const transport = simulatedTransport((address, request) => {
    const named = names.get(address);
    const send = named && sends.get(named.cluster);
    if (named === undefined || send === undefined) throw new Error(`no such endpoint: ${address}`);
    return send(named.cluster.endpoints[named.agent] ?? "", request);
  });
  const said: string[] = [];
  const lifecycle = new DynamicProvider({
    kinds: {
      "oceanbase:AgentVersion": async () => agentVersion(() => transport),
      "oceanbase:ClusterVersion": async () => clusterVersion(() => transport),
    },
    log: { write: ({ message }) => void said.push(message), flush: async () => undefined },
    rhythm: { change: 0, repeat: 0 },
    clock,
    env: {},
  });
  const inputs = (type: Type, hosts: readonly string[]) => ({
    endpoints: hosts.map((host) => `http://${host}.example:2886`),
    password: PASSWORD,
    ...types[type].args,
    __urn: types[type].urn,
    __provider: "text",
  });
  const writes = () => clusters.flatMap((cluster) => cluster.writes());
  return { lifecycle, inputs, clusters, writes, said, clock };
}

const differences: [string, Setup, Setup, (world: ReturnType<typeof two>) => void][] = [
  ["their name", { clusterName: "orders" }, { clusterName: "payments" }, () => undefined],
  ["their id", { clusterId: 1 }, { clusterId: 2 }, () => undefined],
  ["their keys alone", {}, {}, ({ clusters }) => clusters[1].control.replaceKey(0)],
  [
    "their agents' addresses alone",
    {},
    {},
    ({ clusters }) => clusters[1].hosts.forEach((host, index) => void host.place("10.88.0.9", 2886 + index)),
  ],
];
const cases = differences.flatMap(([what, first, second, prepare]) =>
  (Object.keys(types) as Type[]).flatMap((type) =>
    [
      ["one1", "two1"],
      ["two1", "one1"],
    ].map((hosts) => ({ what, first, second, prepare, type, hosts })),
  ),
);

it("two endpoints of one agent, which has another key after its upgrade, are one cluster", async () => {
  const { lifecycle, inputs, clusters } = two({});
  const { outs } = await lifecycle.create(inputs("oceanbase:AgentVersion", ["one1", "alias"]));
  expect(outs).toMatchObject({ status: "current" });
  clusters[0].control.replaceKey(0);
  const next = { ...inputs("oceanbase:ClusterVersion", ["one1", "alias"]) };
  expect((await lifecycle.create(next)).outs).toMatchObject({ status: "current" });
});

describe("endpoints of two clusters", () => {
  it.each(cases)(
    "that differ by $what are refused: $type at $hosts",
    async ({ first, second, prepare, type, hosts }) => {
      const world = two({ buildVersion: TARGET_BUILD, ...first }, second);
      prepare(world);
      const { lifecycle, inputs, writes, said } = world;
      await lifecycle.check({}, inputs(type, hosts));
      expect(said.join()).toMatch(/The endpoints belong to different clusters: /);
      await expect(lifecycle.create(inputs(type, hosts))).rejects.toThrow(
        /The endpoints belong to different clusters: .*http:\/\/(one|two)1\.example:2886.*http:\/\/(one|two)1\.example:2886.*\[blocked\]/,
      );
      expect(writes()).toEqual([]);
    },
  );

  it("are named by the address that both claim, where nothing else tells them apart", async () => {
    const { lifecycle, inputs, clusters } = two({});
    clusters[1].control.replaceKey(0);
    await expect(lifecycle.create(inputs("oceanbase:ClusterVersion", ["one1", "two1"]))).rejects.toThrow(
      "http://one1.example:2886 and http://two1.example:2886 both report the address 10.77.0.2:2886, and have different keys.",
    );
  });

  it("with different passwords are refused for the one that does not fit", async () => {
    const { lifecycle, inputs, writes } = two({ buildVersion: TARGET_BUILD }, { rootPassword: "another" });
    await expect(lifecycle.create(inputs("oceanbase:ClusterVersion", ["one1", "two1"]))).rejects.toThrow(
      /http:\/\/two1\.example:2886 rejected the credentials.*\[unauthorized\]/,
    );
    expect(writes()).toEqual([]);
  });

  it("of which one answers only in the middle of the upgrade: nothing is asked there that counts", async () => {
    const world = two({ clusterName: "orders" }, { clusterName: "payments", buildVersion: TARGET_BUILD });
    const { lifecycle, inputs, clusters, clock } = world;
    const [orders, payments] = clusters;
    payments.control.stopAgent(0);
    // It has a task of the same number, which has ended well.
    payments.control.startMaintenance("OB rolling upgrade 4.3.5.2-102000042025031214.el7");
    payments.control.finish();
    clock.after(10_000, () => payments.control.startAgent(0));
    const { reasons } = await partial(lifecycle.create(inputs("oceanbase:ClusterVersion", ["one1", "two1"])));
    expect(reasons.join()).toMatch(/different clusters: .* of orders, .* of payments\./);
    expect(orders.acceptedUpgrades).toHaveLength(1);
    expect(orders.dags.at(-1)).toMatchObject({ state: "SUCCEED" });
    const asked = new Set(payments.journal.entries.map(({ path }) => path));
    expect([...asked].sort()).toEqual(["/api/v1/info", "/api/v1/ob/info", "/api/v1/secret"]);
  });
});

describe("endpoints of one cluster", () => {
  it.each(Object.keys(types) as Type[])("are one cluster through its upgrade, and every new key: %s", async (type) => {
    const { lifecycle, inputs, clusters } = two({ agentVersion: "4.3.3.0-102025103117" });
    clusters[0].control.setSwitches({ newKeyAtRestart: true });
    const { outs } = await lifecycle.create(inputs(type, ["one1", "one2", "one3"]));
    expect(outs).toMatchObject({ status: "current" });
  });

  it("may be two names of one agent, which gets another key between two reads", async () => {
    const world = two({ buildVersion: TARGET_BUILD });
    const { lifecycle, inputs, clusters } = world;
    const endpoints = inputs("oceanbase:ClusterVersion", ["one1"]).endpoints;
    const [cluster] = clusters;
    let met = 0;
    cluster.onCall(({ request }) => {
      if (request.target === "/api/v1/secret" && ++met === 2) cluster.control.replaceKey(0);
    });
    const both = {
      ...inputs("oceanbase:ClusterVersion", ["one1"]),
      endpoints: [...endpoints, "http://one2.example:2886"],
    };
    expect((await lifecycle.create(both)).outs).toMatchObject({ status: "current" });
  });
});
