import type { Transport, WireRequest, WireResponse } from "../../provider/http/transport";
import {
  createTransport,
  ObshellCluster,
  RedisEnterpriseCluster,
  redisenterprise,
  type SimSystem,
  TaurusCloud,
  taurusdb,
} from "../simulators";
import { simulatedTransport } from "../support/simulated-transport";

/** The vendors' errors for unknown credentials: obshell, TaurusDB's gateway, Redis Enterprise. */
const REJECTED_CREDENTIALS =
  /IncorrectOceanbasePassword|APIGW\.030|invalid_credentials|unauthorized|Not authenticated|signature/i;

interface Clock {
  now(): number;
  sleep(milliseconds: number): Promise<void>;
}

/** A resource of a program with very many resources. */
export interface ManagedResource {
  readonly type: string;
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
}

/** Simulated vendors, each with a unique host name, because in memory all of them have the same addresses. */
export class Fleet {
  readonly resources: ManagedResource[] = [];
  readonly systems: SimSystem[] = [];
  requests = 0;
  /** Responses that reject the credentials of another vendor. */
  readonly rejectedCredentials: string[] = [];
  readonly #clock: Clock;
  readonly #routes = new Map<string, { readonly transport: Transport; readonly origin: string }>();
  readonly #accepted: (() => number)[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Upgrades that all vendors have accepted; a batch counts once for each instance in it. */
  get accepted(): number {
    return this.#accepted.reduce((sum, count) => sum + count(), 0);
  }

  readonly connect = (): Transport => ({
    send: (request) => this.#send(request),
    close: async () => undefined,
  });

  /** OceanBase clusters, each with one resource: for its database, or for its agents. */
  addObshell(count: number, what: "database" | "agents"): void {
    for (let index = 0; index < count; index++) {
      const password = `r00t-${what}-${index}`;
      const cluster = new ObshellCluster({
        clock: this.#clock,
        rootPassword: password,
        buildVersion: "4.2.1.8-108000022024072217",
        zones: 1,
        seed: index + 1,
        timings: { stages: {}, byKind: {}, stageMs: 3_000 },
      });
      cluster.control.addObPackages("4.3.5.2", "102000042025031214.el7");
      cluster.control.addAgentPackage("4.4.2.0", "102026041610.el7");
      const endpoint = this.#route(`http://${what}-${index}.example:2886`, cluster, `http://${cluster.endpoints[0]}`);
      this.#accepted.push(() => cluster.acceptedUpgrades.length);
      const targetArgs =
        what === "agents"
          ? { version: "4.4.2.0", release: "102026041610.el7" }
          : { version: "4.3.5.2", release: "102000042025031214.el7", mode: "stopService" };
      const type = what === "agents" ? "oceanbase:AgentVersion" : "oceanbase:ClusterVersion";
      this.resources.push({ type, name: `${what}-${index}`, args: { endpoints: [endpoint], password, ...targetArgs } });
    }
  }

  /** One cloud with so many instances of each type, and a resource for each of them. */
  addTaurus(instances: number, starRocks: number): TaurusCloud {
    const cloud = new TaurusCloud({ clock: this.#clock, instances, starRocks });
    this.#accepted.push(() => cloud.acceptedUpgrades.reduce((sum, one) => sum + one.instances.length, 0));
    for (const { address } of cloud.hosts) this.#route(`https://${address}`, cloud, `https://${address}`);
    const { region, accessKey, secretKey, instanceId } = taurusdb.DEFAULTS;
    const connection = { region, accessKey, secretKey };
    for (const { id } of cloud.instances) {
      const args = { ...connection, instanceIds: [id], version: ">=2.0.75" };
      this.resources.push({ type: "taurusdb:KernelVersion", name: id, args });
    }
    for (const { id } of cloud.starRocks) {
      const args = { ...connection, instanceId, starRocksInstanceId: id, version: "3.1.15.80" };
      this.resources.push({ type: "taurusdb:StarRocksVersion", name: id, args });
    }
    return cloud;
  }

  /** Redis Enterprise clusters with so many databases each; every other one is managed by its modules. */
  addRedis(clusters: number, databases: number): void {
    for (let index = 0; index < clusters; index++) {
      const password = `p@ss-${index}`;
      const modules = [{ name: "search", version: "2.10.8" }];
      const cluster = new RedisEnterpriseCluster({
        clock: this.#clock,
        nodes: 1,
        password,
        name: `cluster-${index}.local`,
        seed: index + 1,
        databases: Array.from({ length: databases }, (_, number) =>
          number % 2 === 0
            ? { name: `cache-${number}`, redisVersion: "7.4", modules }
            : { name: `sessions-${number}`, redisVersion: "7.2" },
        ),
      });
      this.#accepted.push(() => cluster.acceptedUpgrades.length);
      const endpoint = this.#route(`https://redis-${index}.example:9443`, cluster, `https://${cluster.endpoints[0]}`);
      const connection = { endpoints: [endpoint], username: redisenterprise.DEFAULT_USER, password };
      for (const { uid, redisVersion } of cluster.state.databases) {
        const isOld = redisVersion === "7.2";
        const type = isOld ? "redisenterprise:DatabaseVersion" : "redisenterprise:ModuleVersions";
        const targetArgs = isOld ? { redisVersion: "7.4" } : { modules: { search: "2.10.17" } };
        this.resources.push({
          type,
          name: `redis-${index}-${uid}`,
          args: { ...connection, databaseId: uid, ...targetArgs },
        });
      }
    }
  }

  #route(origin: string, system: SimSystem, own: string): string {
    const transport = simulatedTransport(createTransport(system, { sleep: (ms) => this.#clock.sleep(ms) }));
    this.#routes.set(origin, { transport, origin: own });
    if (!this.systems.includes(system)) this.systems.push(system);
    return origin;
  }

  async #send(request: WireRequest): Promise<WireResponse> {
    this.requests += 1;
    const route = this.#routes.get(request.origin);
    if (route === undefined) throw new Error(`no vendor at ${request.origin}`);
    const response = await route.transport.send({ ...request, origin: route.origin });
    const text = response.status < 400 ? "" : Buffer.from(response.body).toString("utf8");
    // Agents also reject requests that were encrypted for the key that they had before their restart.
    if (REJECTED_CREDENTIALS.test(text))
      this.rejectedCredentials.push(`${request.method} ${request.origin}${request.target}: ${text}`);
    return response;
  }
}
