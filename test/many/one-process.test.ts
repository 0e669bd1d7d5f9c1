import { describe, expect, it } from "vitest";
import { DynamicProvider } from "../../provider/frontend/dynamic/dynamic-provider";
import type { Transport, WireRequest } from "../../provider/http/transport";
import { HeldClock } from "../hostile/held-clock";
import { createTransport, TaurusCloud, taurusdb } from "../simulators";
import { simulatedTransport } from "../support/simulated-transport";
import { kindsOver } from "../systems";
import { Fleet } from "./fleet";

/** Maximum average number of requests of one resource, from outdated to up to date. */
const REQUESTS_EACH = 150;
/** Maximum average number of log lines of one resource. */
const LINES_EACH = 200;
/** Maximum memory of all resources during the run, simulators and their journals included. */
const MEMORY = 600 << 20;

/** Resources, and the vendors that they are distributed over; TaurusDB has the same number of both of its types. */
const SIZES = [
  { count: 100, obshells: 5, instances: 10, clusters: 7, databases: 10, tags: [] },
  { count: 1_000, obshells: 50, instances: 100, clusters: 28, databases: 25, tags: ["long"] },
];

describe.each(SIZES)(
  "$count resources of all types in one process",
  ({ count, obshells, instances, clusters, databases, tags }) => {
    it("all reach their target version with one accepted upgrade each", { timeout: 300_000, tags }, async () => {
      const clock = new HeldClock();
      const fleet = new Fleet(clock);
      fleet.addObshell(obshells, "database");
      fleet.addObshell(obshells, "agents");
      fleet.addTaurus(instances, instances);
      fleet.addRedis(clusters, databases);
      expect(fleet.resources).toHaveLength(count);
      expect(new Set(fleet.resources.map(({ type }) => type)).size).toBe(6);
      const kinds = kindsOver(fleet.connect);
      let lines = 0;
      const countLine = () => {
        lines += 1;
      };
      const log = { write: countLine, flush: async () => undefined };
      const lifecycle = new DynamicProvider({ kinds, log, rhythm: { change: 2_000, repeat: 60_000 }, clock, env: {} });

      let highest = 0;
      const before = process.memoryUsage().rss;
      const watch = setInterval(() => {
        highest = Math.max(highest, process.memoryUsage().rss - before);
      }, 100);
      const inputsOf = ({ type, name, args }: (typeof fleet.resources)[number]) => ({
        ...args,
        __urn: `urn:pulumi:dev::shop::pulumi-nodejs:dynamic/${type}::${name}`,
        __provider: "text",
      });
      const created = await Promise.all(
        fleet.resources.map(async (resource) => {
          try {
            const { id, outs } = await lifecycle.create(inputsOf(resource));
            return { id, outs, status: String(outs["status"]) };
          } catch (error) {
            const { reasons } = error as { readonly reasons?: readonly string[] };
            return { id: "", outs: {}, status: `${resource.type}: ${reasons?.[0] ?? String(error)}` };
          }
        }),
      ).finally(() => clearInterval(watch));

      const statuses = created.map(({ status }) => status);
      expect(statuses.filter((status) => status !== "current").slice(0, 5)).toEqual([]);
      expect(fleet.accepted).toBe(count);
      expect(fleet.rejectedCredentials).toEqual([]);
      expect(fleet.requests / count).toBeLessThan(REQUESTS_EACH);
      expect(highest).toBeLessThan(MEMORY);
      expect(lines / count).toBeLessThan(LINES_EACH);

      // Settled resources send no requests.
      const requests = fleet.requests;
      for (const [index, resource] of fleet.resources.entries()) {
        const { id = "", outs = {} } = created[index] ?? {};
        expect(await lifecycle.diff(id, outs, inputsOf(resource))).toMatchObject({ changes: false });
      }
      expect(fleet.requests).toBe(requests);
      console.log(`${count} resources: ${requests} requests, ${lines} lines, ${highest >> 20} MB more`);
    });
  },
);

const { region, projectId, instanceId } = taurusdb.DEFAULTS;

interface Owner {
  readonly name: string;
  readonly args: Readonly<Record<string, string>>;
  /** The version of this owner's instances only. */
  readonly kernel: string;
  readonly starRocks: string;
  readonly cloud: TaurusCloud;
  /** Tokens that its IAM has issued. */
  readonly tokens: Set<string>;
}

/** A separate cloud for one account, with ids and addresses that are the same for all accounts. */
function ownerOf(clock: HeldClock, index: number, kind: "key" | "user"): Owner {
  const [kernel, starRocks] = [`2.0.69.${250_000 + index}`, `3.1.6.${index}`];
  const state = new TaurusCloud({ clock, kernel, starRocksKernel: starRocks }).export();
  const [account] = state.accounts;
  const [user] = account?.users ?? [];
  const [key] = user?.keys ?? [];
  if (account === undefined || user === undefined || key === undefined) throw new Error("the cloud has no account");
  const name = `account-${index}`;
  // Tokens are random: two clouds must not issue the same one.
  Object.assign(state, { seed: index + 1 });
  Object.assign(account, { name });
  Object.assign(user, { name: `operator-${index}`, password: `Passw0rd-${index}!` });
  Object.assign(key, { access: `AK-${index}-END`, secret: `SK-${index}` });
  const args =
    kind === "key"
      ? { accessKey: `AK-${index}-END`, secretKey: `SK-${index}` }
      : { userName: `operator-${index}`, password: `Passw0rd-${index}!`, domainName: name };
  return { name, args, kernel, starRocks, cloud: new TaurusCloud({ clock, state }), tokens: new Set() };
}

/**
 * One address for the clouds of many accounts, selected by the caller's credentials, as the real one does. Each of
 * them verifies the credentials: a request with another account's credentials is rejected.
 */
function oneAddress(owners: readonly Owner[], clock: HeldClock): Transport {
  const transports = new Map(
    owners.map((owner) => [
      owner,
      simulatedTransport(createTransport(owner.cloud, { sleep: (ms) => clock.sleep(ms) })),
    ]),
  );
  const callerOf = ({ headers, body }: WireRequest): Owner | undefined => {
    const { authorization = "", "x-auth-token": token = "" } = headers;
    const text = `${authorization} ${Buffer.from(body ?? "").toString("utf8")}`;
    return owners.find(
      ({ args, tokens }) => tokens.has(token) || text.includes(args["accessKey"] ?? `"${args["userName"]}"`),
    );
  };
  return {
    async send(request) {
      const owner = callerOf(request);
      if (owner === undefined) throw new Error(`unknown caller of ${request.target}`);
      // Responses arrive in any order.
      await clock.sleep(1 + (request.target.length % 7), request.signal);
      const response = await transports.get(owner)?.send(request);
      if (response === undefined) throw new Error("there is no such transport");
      const token = response.headers["x-subject-token"];
      if (token !== undefined) owner.tokens.add(token);
      return response;
    },
    close: async () => undefined,
  };
}

describe("accounts with the same endpoint, project and instances", () => {
  it("never receive each other's data", { timeout: 60_000 }, async () => {
    const clock = new HeldClock();
    const owners = Array.from({ length: 6 }, (_, index) => ownerOf(clock, index, index % 2 === 0 ? "key" : "user"));
    const transport = oneAddress(owners, clock);
    const lifecycle = new DynamicProvider({
      // The same function for all resources, because shared data is kept per function.
      kinds: kindsOver(() => transport),
      log: { write: () => undefined, flush: async () => undefined },
      rhythm: { change: 0, repeat: 60_000 },
      clock,
      env: {},
    });
    const inputs = (owner: Owner, type: string, targetArgs: object) => ({
      region,
      projectId,
      ...owner.args,
      ...targetArgs,
      __urn: `urn:pulumi:dev::shop::pulumi-nodejs:dynamic/taurusdb:${type}::${owner.name}`,
      __provider: "text",
    });
    const kernels = (owner: Owner, version: string) =>
      inputs(owner, "KernelVersion", { instanceIds: [instanceId], version });
    const starRocks = (owner: Owner, version: string) =>
      inputs(owner, "StarRocksVersion", { instanceId, starRocksInstanceId: owner.cloud.starRocks[0]?.id, version });

    // Up to date: every resource must read its own account's versions, even at the same time.
    const created = await Promise.all(
      owners.flatMap((owner) => [
        lifecycle.create(kernels(owner, ">=2.0.69")),
        lifecycle.create(starRocks(owner, ">=3.1.6")),
      ]),
    );
    expect(created.map(({ outs }) => Object.values(outs["members"] as Record<string, string>).join())).toEqual(
      owners.flatMap(({ kernel, starRocks: version }) => [kernel, version]),
    );
    expect(owners.map(({ cloud }) => cloud.acceptedUpgrades.length)).toEqual(owners.map(() => 0));

    // Only every third one is upgraded.
    const upgraded = owners.filter((_, index) => index % 3 === 0);
    await Promise.all(
      owners.map((owner) => lifecycle.create(kernels(owner, upgraded.includes(owner) ? ">=2.0.75" : ">=2.0.69"))),
    );
    expect(owners.map(({ cloud }) => cloud.acceptedUpgrades.length)).toEqual(
      owners.map((owner) => (upgraded.includes(owner) ? 1 : 0)),
    );
    for (const { cloud } of owners) {
      expect(cloud.journal.entries.filter(({ status }) => status === 401 || status === 403)).toEqual([]);
      expect(cloud.journal.entries.length).toBeGreaterThan(0);
    }
  });
});

describe("clusters with different credentials in one process", () => {
  it("get rejections from their vendors if credentials are mixed up", async () => {
    const clock = new HeldClock();
    const fleet = new Fleet(clock);
    fleet.addObshell(2, "database");
    fleet.addRedis(2, 1);
    const kinds = kindsOver(fleet.connect);
    const log = { write: () => undefined, flush: async () => undefined };
    const lifecycle = new DynamicProvider({ kinds, log, rhythm: { change: 0, repeat: 60_000 }, clock, env: {} });
    const operations = fleet.resources.map(({ type, name, args }, index) => {
      const other = fleet.resources[index ^ 1]?.args["password"];
      const urn = `urn:pulumi:dev::shop::pulumi-nodejs:dynamic/${type}::${name}`;
      return lifecycle.create({ ...args, password: other, __urn: urn, __provider: "text" });
    });
    const results = await Promise.allSettled(operations);
    expect(new Set(results.map(({ status }) => status))).toEqual(new Set(["rejected"]));
    expect(fleet.rejectedCredentials.length).toBeGreaterThanOrEqual(fleet.resources.length);
    expect(fleet.accepted).toBe(0);
  });

  it("each receive requests with their own credentials only", { timeout: 60_000 }, async () => {
    const clock = new HeldClock();
    const fleet = new Fleet(clock);
    fleet.addObshell(6, "database");
    fleet.addObshell(6, "agents");
    fleet.addRedis(6, 2);
    const lifecycle = new DynamicProvider({
      kinds: kindsOver(fleet.connect),
      log: { write: () => undefined, flush: async () => undefined },
      rhythm: { change: 0, repeat: 60_000 },
      clock,
      env: {},
    });
    const created = await Promise.all(
      fleet.resources.map(({ type, name, args }) =>
        lifecycle.create({
          ...args,
          __urn: `urn:pulumi:dev::shop::pulumi-nodejs:dynamic/${type}::${name}`,
          __provider: "text",
        }),
      ),
    );
    expect(created.map(({ outs }) => outs["status"])).toEqual(fleet.resources.map(() => "current"));
    expect(fleet.accepted).toBe(fleet.resources.length);
    // Every vendor verifies the caller: none of them rejected a request.
    expect(fleet.rejectedCredentials).toEqual([]);
  });
});
