import { readFileSync } from "node:fs";
import { describe, expect, it, onTestFinished } from "vitest";
import { DynamicProvider } from "../../provider/frontend/dynamic/dynamic-provider";
import { moduleVersions } from "../../provider/redisenterprise/modules/module-versions";
import { ScaledClock } from "../simulators";
import {
  type ClusterOptions,
  RedisEnterpriseCluster,
  type ServeClusterOptions,
  serveRedisEnterprise,
} from "../simulators/redisenterprise";
import { CACHE, PASSWORD, rig, USER } from "./rig";

/** A CA, and a client certificate of it for the name `client`. */
const pem = (name: string) => readFileSync(`${__dirname}/../http/fixtures/${name}`, "utf8");
const CLIENT = { clientCertificate: pem("client.pem"), clientKey: pem("client.key") };

/** A cluster behind real sockets, with the certificate that clusters are installed with: signed by itself, for its name. */
async function served(options: ClusterOptions = {}, door: ServeClusterOptions = {}) {
  const clock = new ScaledClock(200);
  const cluster = new RedisEnterpriseCluster({ clock, databases: [CACHE], ...options });
  const { origins, certificate, close } = await serveRedisEnterprise(cluster, { ...door, speed: 200 });
  onTestFinished(close);
  const lifecycle = new DynamicProvider({
    kinds: { "redisenterprise:ModuleVersions": async () => moduleVersions() },
    log: { write: () => undefined, flush: async () => undefined },
    rhythm: { change: 0, repeat: 0 },
    env: {},
  });
  const template = rig().modules();
  const create = (args: Record<string, unknown>) => lifecycle.create({ ...template, endpoints: origins, ...args });
  return { cluster, origins, certificate, create };
}

describe("a cluster behind TLS", () => {
  it("is upgraded when its certificate and its name are given, through a node that is not the master", async () => {
    const { cluster, origins, certificate, create } = await served();
    cluster.control.changeMaster(2);
    const { outs } = await create({ caCertificate: certificate, serverName: "cluster.local", wait: true });
    expect(outs).toMatchObject({ status: "current", members: { search: "2.10.17", ReJSON: "2.8.10" } });
    expect(cluster.acceptedUpgrades).toHaveLength(1);
    expect(cluster.journal.entries.some(({ host, status }) => host === "node1" && status === 307)).toBe(true);
    expect(origins).toHaveLength(3);
  });

  it("is refused before anything is sent when its certificate is not known, or not for the name", async () => {
    const { cluster, certificate, create } = await served();
    await expect(create({})).rejects.toThrow(
      /The certificate of https:\/\/127\.0\.0\.1:\d+ is not trusted: .*subject CN=cluster\.local.*`caCertificate`.*`serverName`.*\[unauthorized\]/,
    );
    await expect(create({ caCertificate: certificate })).rejects.toThrow(/ERR_TLS_CERT_ALTNAME_INVALID/);
    await expect(create({ caCertificate: certificate, serverName: "other.local" })).rejects.toThrow(/ALTNAME_INVALID/);
    expect(cluster.journal.entries).toEqual([]);
  });

  it("is accepted with any certificate when that is asked for", async () => {
    const { create } = await served({ databases: [{ ...CACHE, modules: ["search", "ReJSON"] }] });
    const { outs } = await create({ allowUntrustedCertificate: true });
    expect(outs).toMatchObject({ status: "current" });
  });

  it("lets a client certificate in, in place of a user", async () => {
    const { cluster, certificate, create } = await served(
      { settings: { certificateAuthentication: true, basicAuthentication: false }, softwareVersion: "8.2.0-25" },
      { clientCa: pem("ca.pem") },
    );
    const names = { caCertificate: certificate, serverName: "cluster.local" };
    const who = { ...CLIENT, username: undefined, password: undefined };
    const pin = { modules: { search: ">=2.10.9" } };
    await expect(create({ ...names, ...who, ...pin })).rejects.toThrow(
      /rejected the credentials of the client certificate/,
    );
    cluster.control.addUser({ email: "ops@x", role: "db_member", certificateSubject: "client" });
    const { outs } = await create({ ...names, ...who, ...pin });
    expect(outs).toMatchObject({ status: "current" });
    expect(cluster.acceptedUpgrades).toHaveLength(1);
  });
});

describe("a cluster on plain http", () => {
  it("is asked only where that is allowed by name", async () => {
    const { cluster, origins, create } = await served(
      { databases: [{ ...CACHE, modules: ["search", "ReJSON"] }] },
      { tls: false },
    );
    expect(origins[0]).toMatch(/^http:/);
    await expect(create({})).rejects.toThrow(/endpoints must begin with https:\/\/.*`allowPlainHttp` to true/);
    expect(cluster.journal.entries).toEqual([]);
    const { outs } = await create({ allowPlainHttp: true, username: USER, password: PASSWORD });
    expect(outs).toMatchObject({ status: "current" });
  });

  it("is told as what it is when https is asked of it", async () => {
    const { origins, create } = await served({}, { tls: false });
    const endpoints = origins.map((origin) => origin.replace("http:", "https:"));
    await expect(create({ endpoints })).rejects.toThrow(
      /is not the REST API of a Redis Enterprise cluster: .* found a server without TLS/,
    );
  });
});
