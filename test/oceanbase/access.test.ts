import { constants, generateKeyPairSync, privateDecrypt } from "node:crypto";
import { describe, expect, it } from "vitest";
import { DynamicProvider } from "../../provider/frontend/dynamic/dynamic-provider";
import { generationOf, readAgentKey, seal } from "../../provider/oceanbase/agent/auth";
import { clusterVersion } from "../../provider/oceanbase/cluster-version";
import { createTransport, ObshellCluster } from "../simulators";
import { simulatedTransport } from "../support/simulated-transport";
import { OLD_BUILD, PASSWORD, rig, TARGET_BUILD } from "./rig";

describe("authentication", () => {
  it("uses the agents' own password where an agent says that it has one", async () => {
    const { lifecycle, inputs, cluster } = rig({
      agentVersion: "4.4.2.0-102026041610",
      agentPassword: "agent-p@ss",
      buildVersion: TARGET_BUILD,
    });
    const { outs } = await lifecycle.create(inputs({ agentPassword: "agent-p@ss", password: undefined }));
    expect(outs).toMatchObject({ status: "current" });
    expect(cluster.journal.entries.every((entry) => entry.status === 200)).toBe(true);
  });

  it("with a wrong agent password is refused as such", async () => {
    const { lifecycle, inputs } = rig({ agentVersion: "4.4.2.0-102026041610", agentPassword: "agent-p@ss" });
    await expect(lifecycle.create(inputs({ agentPassword: "wrong-one" }))).rejects.toThrow(
      /Agent password is incorrect.*Set `agentPassword` to the agents' own password\. \[unauthorized\]/,
    );
  });

  it("with a wrong agent password is refused as such by servers that do not say which", async () => {
    const { lifecycle, inputs } = rig({ agentVersion: "4.3.0.0-102025043011", agentPassword: "agent-p@ss" });
    await expect(lifecycle.create(inputs({ agentPassword: "wrong-one" }))).rejects.toThrow(
      /Verification failed: access denied.*Set `agentPassword` to the agents' own password\. \[unauthorized\]/,
    );
  });

  it.each([
    [
      "of root, where only the agents' would do",
      "WithAgentPassword",
      "Unauthorized: Should use agent_password to verify: oceanbase password is not initialized",
      "no agentPassword given (argument `agentPassword`, config `oceanbase:agentPassword`, environment `OCEANBASE_AGENT_PASSWORD`)",
    ],
    [
      "for another path, as behind a proxy",
      "Header.UriMismatch",
      "URI mismatch",
      "something between this machine and the agent rewrites the path. List the agents' own addresses",
    ],
    [
      "of root that is wrong",
      "IncorrectOceanbasePassword",
      "Unauthorized: OceanBase password is incorrect",
      "Set `password` to the password of root@sys",
    ],
  ])("%s is refused with what helps", async (_, code, message, remedy) => {
    const { lifecycle, inputs, cluster } = rig();
    const error = { code: 10008, errCode: `Security.Authentication.${code}`, message };
    const body = JSON.stringify({ successful: false, status: 401, error });
    cluster.faults.add({
      match: { path: /ob\/info|agents\/status|obcluster|package|unfinish/ },
      times: Number.POSITIVE_INFINITY,
      fault: { kind: "replace", status: 401, body },
    });
    const refusal = lifecycle.create(inputs());
    await expect(refusal).rejects.toThrow(remedy);
    await expect(refusal).rejects.toThrow("[unauthorized]");
    if (code !== "IncorrectOceanbasePassword") await expect(refusal).rejects.not.toThrow("root@sys");
  });

  it.each([
    [{ version: "4.2.2.0-20240109191841" }, "v1"],
    [{ version: "4.2.3.0-1" }, "v2"],
    [{ version: "4.2.4.0-1", supportedAuth: ["v2"] }, "v2"],
    [{ version: "9.0.0.0-1", supportedAuth: ["v3", "v2"] }, "v2"],
    [{ version: "9.0.0.0-1", supportedAuth: ["v3"] }, undefined],
    [{ version: "4.2.1.0-1" }, undefined],
    [{ version: "what" }, undefined],
  ])("of an agent with %j is generation %s", (info, generation) => {
    expect(generationOf(info)).toBe(generation);
  });

  it("of a generation that nobody knows is refused with what the agent offers", async () => {
    const { lifecycle, inputs } = rig({ switches: { supportedAuth: ["v7"] } });
    await expect(lifecycle.create(inputs())).rejects.toThrow(/no known authentication method \(v7\).*\[blocked\]/);
  });

  it("v1 sends password and expiry in seconds in its own header, and the body in plain JSON", () => {
    const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const text = publicKey.export({ type: "pkcs1", format: "der" }).toString("base64");
    const agent = readAgentKey(text, 5_000);
    const sealed = seal({ agent, generation: "v1", password: PASSWORD, target: "/x", body: '{"a":1}', now: 1_000_000 });
    expect(sealed.body).toBe('{"a":1}');
    const block = privateDecrypt(
      { key: privateKey, padding: constants.RSA_NO_PADDING },
      Buffer.from(sealed.headers["x-ocs-auth"] ?? "", "base64"),
    );
    const header = block.subarray(block.indexOf(0, 2) + 1).toString();
    expect(JSON.parse(header)).toEqual({ password: PASSWORD, ts: 1_005 + 900 });
  });
});

describe("endpoints", () => {
  it("of different clusters are refused with both names, before anything is called", async () => {
    const world = rig({ clusterName: "orders" });
    const other = new ObshellCluster({
      clock: world.clock,
      rootPassword: PASSWORD,
      clusterName: "payments",
      buildVersion: OLD_BUILD,
    });
    other.hosts.forEach((host, index) => void host.place("10.88.0.9", 2886 + index));
    const send = createTransport([world.cluster, other], { sleep: (ms) => world.clock.sleep(ms) });
    const lifecycle = new DynamicProvider({
      kinds: { "oceanbase:ClusterVersion": async () => clusterVersion(() => simulatedTransport(send)) },
      log: { write: () => undefined, flush: async () => undefined },
      rhythm: { change: 0, repeat: 0 },
      clock: world.clock,
      env: {},
    });
    const endpoints = [`http://${world.cluster.endpoints[0]}`, `http://${other.endpoints[0]}`];
    await expect(lifecycle.create(world.inputs({ endpoints }))).rejects.toThrow(
      /different clusters: http:\/\/10\.\S+ of (orders|payments), http:\/\/10\.\S+ of (orders|payments)\..*\[blocked\]/,
    );
    expect([...world.cluster.writes(), ...other.writes()]).toEqual([]);
  });

  it("that name the same agent twice count once", async () => {
    const { lifecycle, inputs, cluster } = rig({ buildVersion: TARGET_BUILD });
    const [first] = cluster.endpoints;
    await lifecycle.create(inputs({ endpoints: [`http://${first}`, `http://${first}/`, `http://${first}`] }));
    expect(cluster.journal.count("GET", "/api/v1/secret")).toBe(1);
  });

  it("may be IPv6", async () => {
    const world = rig({ buildVersion: OLD_BUILD });
    world.cluster.hosts.forEach((host, index) => void host.place("fd00::1", 2886 + index));
    const endpoints = [0, 1, 2].map((index) => `http://[fd00::1]:${2886 + index}`);
    const { id, outs } = await world.lifecycle.create(world.inputs({ endpoints }));
    expect(id).toBe("[fd00::1]:2886");
    expect(outs).toMatchObject({ status: "current" });
  });

  it("of an agent without a cluster are told what to do", async () => {
    const { lifecycle, inputs } = rig({ identity: "SINGLE", zones: 1 });
    await expect(lifecycle.create(inputs())).rejects.toThrow(
      /belongs to no OceanBase cluster.*take over the cluster first/,
    );
  });

  it.each(["MASTER", "FOLLOWER"] as const)(
    "of agents that have no cluster yet are told so at once: %s",
    async (identity) => {
      const { lifecycle, inputs, clock } = rig({ identity });
      const began = clock.now();
      await expect(lifecycle.create(inputs())).rejects.toThrow(
        /belongs to no OceanBase cluster \(identity (MASTER|FOLLOWER)\)\. .*`obshell cluster init`.*\[blocked\]/,
      );
      expect(clock.since(began)).toBeLessThan(5_000);
    },
  );
});

describe("clocks", () => {
  it.each([-600_000, 600_000])("that differ by %i ms do not matter", async (skew) => {
    const { lifecycle, inputs } = rig({}, skew);
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
  });
});
