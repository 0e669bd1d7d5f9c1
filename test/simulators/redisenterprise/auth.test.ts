import { describe, expect, it } from "vitest";
import { ManualClock } from "../shell";
import { RedisEnterpriseCluster } from ".";
import { DEFAULT_PASSWORD, DEFAULT_USER } from "./options";
import type { Role } from "./roles";
import { basic, CACHE, newTrial, type Trial } from "./trial";

async function token(trial: Trial, body?: object): Promise<string> {
  const reply = await trial.call("POST", "/v1/users/authorize", body);
  return String(reply.json["access_token"]);
}

const withToken = (value: string, scheme = "JWT") => ({ headers: { authorization: `${scheme} ${value}` } });

describe("Basic authentication", () => {
  it("accepts a password with colons, and rejects all other credentials with 401 and no body", async () => {
    const trial = newTrial();
    expect((await trial.get("/v1/cluster")).status).toBe(200);
    for (const as of [null, `${DEFAULT_USER}:wrong`, "nobody:x", "nocolon"]) {
      expect(await trial.get("/v1/cluster", { as })).toMatchObject({ status: 401, text: "" });
    }
    expect((await trial.get("/v1/cluster", withToken("x", "Negotiate"))).status).toBe(401);
    expect((await trial.get("/v1/cluster", withToken(`${DEFAULT_USER}:${DEFAULT_PASSWORD}`, "Basic"))).status).toBe(
      401,
    );
  });

  it("may return a body with 401, in either format", async () => {
    const trial = newTrial({ switches: { emptyErrors: [] } });
    const wrong = { as: "a:b" };
    expect((await trial.get("/v1/cluster", wrong)).text).toBe(
      '{"description":"invalid credentials","error_code":"unauthorized"}',
    );
    trial.cluster.control.setSwitches({ errorText: "message", codes: { unauthorized: "nope" } });
    expect((await trial.get("/v1/cluster", wrong)).json).toEqual({
      message: "invalid credentials",
      error_code: "nope",
    });
  });

  it("rejects the old password after a change, and reports an expired password", async () => {
    const trial = newTrial({ switches: { emptyErrors: [] } });
    trial.cluster.control.setPassword(DEFAULT_USER, "new");
    expect((await trial.get("/v1/cluster")).status).toBe(401);
    expect((await trial.get("/v1/cluster", { as: `${DEFAULT_USER}:new` })).status).toBe(200);
    trial.cluster.control.expirePassword(DEFAULT_USER);
    const reply = await trial.get("/v1/cluster", { as: `${DEFAULT_USER}:new` });
    expect([reply.status, reply.code]).toEqual([401, "password_expired"]);
  });

  it("can be disabled while tokens are still accepted", async () => {
    const trial = newTrial();
    const known = await token(trial);
    trial.cluster.control.setSettings({ basicAuthentication: false });
    expect((await trial.get("/v1/cluster")).status).toBe(401);
    expect((await trial.call("POST", "/v1/users/authorize")).status).toBe(401);
    expect((await trial.get("/v1/cluster", withToken(known))).status).toBe(200);
    const body = { username: DEFAULT_USER, password: DEFAULT_PASSWORD };
    expect((await trial.call("POST", "/v1/users/authorize", body, { as: null })).status).toBe(200);
  });
});

describe("tokens", () => {
  it("expire after five minutes, or after the requested ttl", async () => {
    const trial = newTrial();
    const usual = await token(trial);
    const short = await token(trial, { ttl: 10 });
    trial.clock.advance(9_000);
    expect((await trial.get("/v1/cluster", withToken(short))).status).toBe(200);
    trial.clock.advance(1_000);
    expect((await trial.get("/v1/cluster", withToken(short))).status).toBe(401);
    trial.clock.advance(289_000);
    expect((await trial.get("/v1/cluster", withToken(usual))).status).toBe(200);
    trial.clock.advance(1_000);
    expect((await trial.get("/v1/cluster", withToken(usual))).status).toBe(401);
    for (const ttl of [0, 86_401]) {
      expect((await trial.call("POST", "/v1/users/authorize", { ttl })).status).toBe(400);
    }
  });

  it("can be renewed only with a valid token", async () => {
    const trial = newTrial();
    const first = await token(trial, { ttl: 10 });
    const renewed = await trial.call("POST", "/v1/users/refresh_jwt", { ttl: 100 }, withToken(first));
    trial.clock.advance(20_000);
    expect((await trial.get("/v1/cluster", withToken(String(renewed.json["access_token"])))).status).toBe(200);
    expect((await trial.call("POST", "/v1/users/refresh_jwt", undefined, withToken(first))).status).toBe(401);
    expect((await trial.call("POST", "/v1/users/refresh_jwt")).status).toBe(401);
  });

  it("use the scheme JWT or Bearer, as the server is configured", async () => {
    const trial = newTrial();
    const known = await token(trial);
    expect((await trial.get("/v1/cluster", withToken(known, "Bearer"))).status).toBe(401);
    trial.cluster.control.setSwitches({ tokenSchemes: ["Bearer"] });
    expect((await trial.get("/v1/cluster", withToken(known, "bearer"))).status).toBe(200);
    expect((await trial.get("/v1/cluster", withToken(known))).status).toBe(401);
  });

  it("become invalid when modified, when expired by the test, and after a cluster upgrade", async () => {
    const trial = newTrial({ softwareVersion: "8.0.10-64" });
    const known = await token(trial);
    expect((await trial.get("/v1/cluster", withToken(`${known.slice(0, -2)}AA`))).status).toBe(401);
    expect((await trial.get("/v1/cluster", withToken("a.b.c"))).status).toBe(401);
    trial.cluster.control.upgradeCluster("8.2.0-25");
    expect((await trial.get("/v1/cluster", withToken(known))).status).toBe(401);
    const next = await token(trial);
    trial.cluster.control.expireTokens();
    expect((await trial.get("/v1/cluster", withToken(next))).status).toBe(401);
  });

  it("expire by a separate clock, if there is one", async () => {
    const authClock = new ManualClock();
    const trial = newTrial();
    const cluster = new RedisEnterpriseCluster({ clock: trial.clock, authClock });
    const call = (method: string, target: string, authorization: string) =>
      cluster.hosts[0]?.handle({ method, target, headers: { authorization, ...JSON_BODY }, body: Buffer.alloc(0) });
    const given = call("POST", "/v1/users/authorize", basic(`${DEFAULT_USER}:${DEFAULT_PASSWORD}`));
    const { access_token } = JSON.parse(given?.body.toString() ?? "{}");
    trial.clock.advance(3_600_000);
    expect(call("GET", "/v1/cluster", `JWT ${access_token}`)?.status).toBe(200);
    authClock.advance(300_000);
    expect(call("GET", "/v1/cluster", `JWT ${access_token}`)?.status).toBe(401);
  });
});

const JSON_BODY = { "content-type": "application/json" };

describe("permissions", () => {
  const statusAs = async (role: Role) => {
    const trial = newTrial();
    trial.cluster.control.addUser({ email: "u", password: "p", role });
    const as = "u:p";
    const modules = { modules: [trial.item("search", "2.10.17")] };
    const read = await Promise.all(
      ["/v1/bdbs", "/v1/modules", "/v1/actions", "/v1/nodes"].map((path) => trial.get(path, { as })),
    );
    const upgrade = await trial.call("POST", "/v1/bdbs/1/modules/upgrade", modules, { as });
    return { read: new Set(read.map((one) => one.status)), upgrade: upgrade.status, code: upgrade.code };
  };

  it("of db_member suffice for an upgrade, and those of a viewer for reading", async () => {
    const ok = new Set([200]);
    for (const role of ["admin", "cluster_member", "db_member"] as const) {
      expect(await statusAs(role)).toMatchObject({ read: ok, upgrade: 200 });
    }
    for (const role of ["cluster_viewer", "db_viewer", "user_manager"] as const) {
      expect(await statusAs(role)).toEqual({ read: ok, upgrade: 403, code: "insufficient_permissions" });
    }
  });

  it("may be restricted to some databases, so that the others are not found", async () => {
    const trial = newTrial({ databases: [CACHE, CACHE], softwareVersion: "8.2.0-25" });
    trial.cluster.control.addUser({ email: "u", password: "p", databases: [2] });
    const as = "u:p";
    expect(JSON.parse((await trial.get("/v1/bdbs", { as })).text)).toHaveLength(1);
    expect(await trial.get("/v1/bdbs/1", { as })).toMatchObject({ status: 404, code: "db_not_exist" });
    expect((await trial.call("POST", "/v1/bdbs/1/upgrade", {}, { as })).status).toBe(404);
    expect((await trial.get("/v1/actions/bdb/2", { as })).status).toBe(200);
  });
});
