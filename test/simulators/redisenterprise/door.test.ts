import * as https from "node:https";
import { describe, expect, it } from "vitest";
import { ManualClock, selfSigned } from "../shell";
import { RedisEnterpriseCluster, serveRedisEnterprise } from ".";
import { CACHE, Trial } from "./trial";

const newTrial = (options: ConstructorParameters<typeof Trial>[0] = {}) =>
  new Trial({ databases: [CACHE], ...options });

describe("a node that is not the master", () => {
  it("redirects with 307 to the master's address, credentials unseen, path and query kept", async () => {
    const trial = newTrial();
    const reply = await trial.get("/v1/bdbs?fields=uid", { node: 2, as: null });
    expect(reply).toMatchObject({ status: 307, text: "" });
    expect(reply.headers["location"]).toBe(`https://${trial.cluster.endpoints[0]}/v1/bdbs?fields=uid`);
    expect((await trial.call("POST", "/v1/bdbs/1/upgrade", {}, { node: 3 })).status).toBe(307);
    expect(trial.cluster.writes()).toHaveLength(0);
    trial.cluster.control.setSwitches({ redirectStatus: 302 });
    expect((await trial.get("/v1/bdbs", { node: 2 })).status).toBe(302);
  });

  it("answers itself with handle_redirects, and for itself in any case", async () => {
    const trial = newTrial();
    expect((await trial.get("/v1/bootstrap", { node: 2 })).status).toBe(200);
    trial.cluster.control.setSettings({ handleRedirects: true });
    expect((await trial.get("/v1/bdbs", { node: 2 })).status).toBe(200);
    expect((await trial.call("POST", "/v1/bdbs/1/upgrade", {}, { node: 3 })).status).toBe(200);
    expect(trial.cluster.writes()).toHaveLength(1);
  });
});

describe("the master", () => {
  it("changes at once, and the old one redirects", async () => {
    const trial = newTrial();
    trial.cluster.control.changeMaster(2);
    expect((await trial.get("/v1/bdbs")).headers["location"]).toContain(trial.cluster.endpoints[1]);
    expect(await trial.get("/v1/nodes/status", { node: 2 })).toMatchObject({
      json: { "1": { role: "slave" }, "2": { role: "master", software_version: "100.0.21-16135" } },
    });
  });

  it("is elected again when its node is gone; until then 503", async () => {
    const trial = newTrial();
    trial.cluster.control.stopNode(1);
    await expect(trial.get("/v1/bdbs")).rejects.toMatchObject({ code: "ECONNREFUSED" });
    expect((await trial.get("/v1/bdbs", { node: 2 })).status).toBe(503);
    trial.clock.advance(3000);
    expect(trial.cluster.master).toBe(2);
    expect((await trial.get("/v1/bdbs", { node: 2 })).status).toBe(200);
    trial.cluster.control.startNode(1);
    expect((await trial.get("/v1/bdbs")).status).toBe(307);
  });

  it("is not there without a quorum", async () => {
    const trial = newTrial();
    trial.cluster.control.stopNode(2);
    trial.cluster.control.stopNode(3);
    trial.clock.advance(60_000);
    expect((await trial.get("/v1/bdbs")).status).toBe(503);
    trial.cluster.control.startNode(2);
    trial.clock.advance(3000);
    expect((await trial.get("/v1/bdbs")).status).toBe(200);
  });
});

describe("requests", () => {
  it("need a path and a method that exist", async () => {
    const trial = newTrial();
    for (const path of ["/v1/bdbs/1/modules", "/v1/bdbs/1/actions", "/v1/bdbs/x", "/v3/bdbs", "/v1/bdbs/", "/"]) {
      expect(await trial.get(path)).toMatchObject({ status: 404, text: "" });
    }
    expect((await trial.get("/v1/bdbs/1/upgrade")).status).toBe(405);
    expect((await trial.call("POST", "/v1/bdbs/1/actions/upgrade", {})).status).toBe(404);
    expect((await trial.call("DELETE", "/v1/actions/x")).status).toBe(405);
  });

  it("need headers the server understands", async () => {
    const trial = newTrial();
    expect((await trial.get("/v1/bdbs", { headers: { accept: "text/html" } })).status).toBe(400);
    expect((await trial.get("/v1/bdbs", { headers: { accept: "*/*" } })).status).toBe(200);
    const headers = { "content-type": "text/plain" };
    expect((await trial.call("POST", "/v1/bdbs/1/upgrade", {}, { headers })).status).toBe(400);
    for (const type of ["", "text/plain"]) {
      const reply = await trial.call("POST", "/v1/users/authorize", undefined, { headers: { "content-type": type } });
      expect(reply.status).toBe(400);
    }
    expect((await trial.get("/v1/bdbs", { headers: { "x-api-version": "7" } })).status).toBe(505);
  });

  it("are answered by the proxy with the recorded headers", async () => {
    const { headers } = await newTrial().get("/v1/bdbs");
    expect(headers).toMatchObject({ server: "envoy", "content-type": "application/json" });
    expect(Number(headers["cluster-state-id"])).toBeGreaterThan(0);
  });
});

describe("a served cluster", () => {
  type Options = https.RequestOptions & { readonly body?: string };

  function request(
    url: string,
    { body, ...options }: Options,
  ): Promise<{ status: number; location: string; text: string }> {
    return new Promise((resolve, reject) => {
      const call = https.request(url, { agent: false, ...options }, (response) => {
        let text = "";
        response.on("data", (chunk: Buffer) => {
          text += chunk.toString();
        });
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, location: response.headers.location ?? "", text }),
        );
      });
      call.on("error", reject).end(body);
    });
  }

  const auth = "admin@cluster.local:p@ss:w0rd";

  it("has a certificate for its name, not for the addresses it redirects to", async () => {
    const cluster = new RedisEnterpriseCluster({ clock: new ManualClock(), databases: [CACHE] });
    const served = await serveRedisEnterprise(cluster);
    const [first = "", second = ""] = served.origins;
    const trusting = { ca: served.certificate, servername: "cluster.local", auth };
    try {
      expect((await request(`${first}/v1/cluster`, trusting)).status).toBe(200);
      expect(await request(`${second}/v1/cluster`, trusting)).toMatchObject({
        status: 307,
        location: `${first}/v1/cluster`,
      });
      await expect(request(`${first}/v1/cluster`, { auth })).rejects.toMatchObject({
        code: "DEPTH_ZERO_SELF_SIGNED_CERT",
      });
      await expect(request(`${first}/v1/cluster`, { auth, ca: served.certificate })).rejects.toMatchObject({
        code: "ERR_TLS_CERT_ALTNAME_INVALID",
      });
      expect(cluster.export().certificate?.cert).toBe(served.certificate);
    } finally {
      await served.close();
    }
  });

  it("takes a client certificate in place of a password, if its subject is allowed", async () => {
    const { key, cert } = selfSigned(["ops.cluster.local"], { commonName: "ops" });
    const foreign = selfSigned([], { commonName: "ops" });
    const cluster = new RedisEnterpriseCluster({
      clock: new ManualClock(),
      settings: { certificateAuthentication: true, certificateValidation: "san_cn", certificateSubjects: ["ops"] },
    });
    cluster.control.addUser({ email: "ops", certificateSubject: "ops" });
    const served = await serveRedisEnterprise(cluster, { clientCa: cert });
    const url = `${served.origins[0]}/v1/cluster`;
    const trusting = { ca: served.certificate, servername: "cluster.local" };
    try {
      expect((await request(url, { ...trusting, key, cert })).status).toBe(200);
      expect((await request(url, { ...trusting, ...foreign })).status).toBe(401);
      expect((await request(url, trusting)).status).toBe(401);
      expect((await request(url, { ...trusting, auth })).status).toBe(200);
      cluster.control.setSettings({ certificateSubjects: ["other"] });
      expect((await request(url, { ...trusting, key, cert })).status).toBe(401);
      cluster.control.setSettings({ certificateValidation: "full_subject", certificateSubjects: ["CN=ops"] });
      expect((await request(url, { ...trusting, key, cert })).status).toBe(200);
    } finally {
      await served.close();
    }
  });

  it("says nothing to plain HTTP on its TLS port", async () => {
    const served = await serveRedisEnterprise(new RedisEnterpriseCluster({ clock: new ManualClock(), nodes: 1 }));
    try {
      await expect(fetch(`${served.origins[0]?.replace("https", "http")}/v1/cluster`)).rejects.toThrow("fetch failed");
    } finally {
      await served.close();
    }
  });

  it("closes the port of a node that is down, and serves plain HTTP when told", async () => {
    const cluster = new RedisEnterpriseCluster({ clock: new ManualClock(), nodes: 2 });
    const served = await serveRedisEnterprise(cluster, { tls: false, tickMs: 5 });
    const [first = "", second = ""] = served.origins;
    try {
      const redirected = await fetch(`${second}/v1/cluster`, { redirect: "manual" });
      expect(redirected.headers.get("location")).toBe(`${first}/v1/cluster`);
      cluster.control.stopNode(2);
      await expect
        .poll(() => fetch(`${second}/v1/cluster`).catch((error) => error.cause.code), { interval: 5 })
        .toBe("ECONNREFUSED");
    } finally {
      await served.close();
    }
  });
});
