import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { printed } from "../printed";
import { ManualClock, ScaledClock, selfSigned, serve } from "../shell";
import { DEFAULTS, TaurusCloud } from ".";
import { BATCH, FROM, ID, LATEST, MINUTE, P, sdkDate, sign, Trial } from "./trial";

const LIST = `${P}/instances`;

describe("the gateway", () => {
  it("adds a request id to every response and rejects unknown paths", async () => {
    const trial = new Trial();
    const [first, second] = [await trial.get(LIST), await trial.get(`${P}/nothing`)];
    expect(first.headers["x-request-id"]).toMatch(/^[0-9a-f]{32}$/);
    expect([second.status, second.json]).toEqual([
      404,
      {
        error_code: "APIGW.0101",
        error_msg: "The API does not exist or has not been published in the environment.",
        request_id: second.headers["x-request-id"],
      },
    ]);
    expect((await trial.get(`${LIST}/`)).code).toBe("APIGW.0101");
    expect((await trial.call("PUT", LIST)).code).toBe("APIGW.0101");
    trial.cloud.control.setSwitches({ gatewayPrefix: "APIG" });
    expect((await trial.get(`${P}/nothing`)).code).toBe("APIG.0101");
  });

  it("throttles each user for the rest of the minute", async () => {
    const trial = new Trial();
    const { control } = trial.cloud;
    control.gateway.throttle(2);
    control.iam.addUser("second");
    control.iam.addKey("AK2", "SK2", "second");
    const statuses = [];
    for (let call = 0; call < 3; call += 1) statuses.push((await trial.get(LIST)).status);
    expect(statuses).toEqual([200, 200, 429]);
    const { json, headers } = await trial.get(LIST);
    expect(json["error_msg"]).toBe(
      "The throttling threshold has been reached: policy user over ratelimit,limit:2,time:1 minute",
    );
    expect(headers).not.toHaveProperty("retry-after");
    expect((await trial.get(LIST, {}, { accessKey: "AK2", secretKey: "SK2" })).status).toBe(200);
    control.setSwitches({ retryAfter: 30 });
    expect((await trial.get(LIST)).headers["retry-after"]).toBe("30");
    trial.clock.advance(MINUTE);
    expect((await trial.get(LIST)).status).toBe(200);
  });

  it("throttles one route only, and a throttled upgrade is not processed", async () => {
    const trial = new Trial();
    trial.cloud.control.gateway.throttle(0, { route: "batchUpgrade", windowMs: 5000 });
    const reply = await trial.batch({ [ID]: FROM });
    expect([reply.status, reply.code, trial.cloud.acceptedUpgrades]).toEqual([429, "APIGW.0308", []]);
    expect((await trial.get(LIST)).status).toBe(200);
    trial.cloud.control.gateway.calm();
    expect((await trial.batch({ [ID]: FROM })).status).toBe(200);
  });

  it("returns scripted errors before or after the backend processed the request", async () => {
    const trial = new Trial();
    const { gateway } = trial.cloud.control;
    gateway.disturb("DBS.108000", { route: "databaseVersion", skip: 1 });
    const path = `${LIST}/${ID}/database-version`;
    const versions = [await trial.get(path), await trial.get(path), await trial.get(path)];
    expect(versions.map((one) => one.status)).toEqual([200, 500, 200]);
    expect(versions[1]?.json).toEqual({ error_code: "DBS.108000", error_msg: "Server error. Try again later." });
    gateway.disturb("APIGW.0201", { route: "batchUpgrade" });
    expect((await trial.batch({ [ID]: FROM })).status).toBe(504);
    expect(trial.cloud.acceptedUpgrades).toEqual([]);
    gateway.disturb("APIGW.0201", { route: "batchUpgrade", processed: true });
    expect((await trial.batch({ [ID]: FROM })).status).toBe(504);
    expect(trial.cloud.acceptedUpgrades).toHaveLength(1);
    gateway.disturb("DBS.200047", { times: 2, status: 400 });
    expect([(await trial.get(LIST)).status, (await trial.get(LIST)).code]).toEqual([400, "DBS.200047"]);
    gateway.disturb("APIGW.0308");
    expect((await trial.get(LIST)).status).toBe(429);
  });

  it("can lose a response after the upgrade was accepted", async () => {
    const trial = new Trial();
    trial.cloud.faults.add({ match: { method: "POST", path: BATCH }, fault: { kind: "loseReply" } });
    await expect(trial.batch({ [ID]: FROM })).rejects.toMatchObject({ code: "ECONNRESET" });
    expect((await trial.batch({ [ID]: FROM })).status).toBe(409);
    expect([trial.cloud.acceptedUpgrades.length, trial.cloud.journal.count("POST", BATCH)]).toEqual([1, 2]);
  });

  it("has endpoints that can be taken down", async () => {
    const trial = new Trial();
    trial.cloud.control.gateway.setUp("gaussdb.cn-north-4", false);
    await expect(trial.get(LIST)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    trial.cloud.control.gateway.setUp("gaussdb.cn-north-4", true);
    expect((await trial.get(LIST)).status).toBe(200);
    expect(trial.cloud.hosts.map((host) => host.name)).toEqual(["iam", "iam.cn-north-4", "gaussdb.cn-north-4"]);
  });

  it("rejects a body larger than 12 MB", async () => {
    const reply = await new Trial().call("POST", BATCH, { rawBody: "x".repeat(12 * 1024 * 1024 + 1) });
    expect(reply.status).toBe(413);
  });
});

describe("the exported state", () => {
  it("can be resumed in another process, with the same further course", async () => {
    const trial = new Trial({ timings: { jitter: 0.3 } });
    await trial.upgrade();
    trial.clock.advance(5 * MINUTE);
    const saved = JSON.parse(JSON.stringify(trial.cloud.export()));
    const clock = new ManualClock(trial.clock.now());
    const second = new TaurusCloud({ clock, state: saved });
    expect(second.nextEventAt()).toBe(trial.cloud.nextEventAt());
    clock.advance(60 * MINUTE);
    trial.clock.advance(60 * MINUTE);
    expect(second.export()).toEqual(trial.cloud.export());
    expect(second.instances[0]?.kernel).toBe(LATEST);
  });

  it("is the same for the same seed, and has other ids for another seed", () => {
    const ids = (seed: number) =>
      new TaurusCloud({ clock: new ManualClock(), seed, instances: 3 }).instances.map((one) => one.id);
    expect(ids(1)).toEqual(ids(1));
    expect(ids(1)).not.toEqual(ids(2));
  });

  it("can be changed by a hook immediately before a request", async () => {
    const trial = new Trial();
    trial.cloud.onCall(({ host, request }) => {
      if (host === "gaussdb.cn-north-4" && request.method === "POST") trial.cloud.control.setStatus("BACKING UP");
    });
    expect((await trial.batch({ [ID]: FROM })).code).toBe("DBS.201205");
  });
});

/** A signed request over a real socket. */
async function fetchSigned(origin: string, method: string, path: string, body = ""): Promise<Response> {
  const headers = { host: new URL(origin).host, "content-type": "application/json", "x-sdk-date": sdkDate(Date.now()) };
  const authorization = sign(DEFAULTS.secretKey, DEFAULTS.accessKey, { method, path, query: [], headers, body });
  const { host: _, ...sent } = headers;
  return fetch(origin + path, { method, headers: { ...sent, authorization }, ...(body === "" ? {} : { body }) });
}

describe("a served cloud", () => {
  it("verifies signatures for its real host and port, and accepts a DELETE with a body", async () => {
    const cloud = new TaurusCloud({ clock: new ScaledClock(60), oneDoor: true });
    const served = await serve(cloud);
    const [origin = ""] = served.origins;
    try {
      const upgrade = `${LIST}/${ID}/db-upgrade`;
      const reply = await fetchSigned(origin, "POST", upgrade, '{"delay":true}');
      const { job_id } = (await reply.json()) as { job_id: string };
      await expect
        .poll(
          async () => {
            const canceled = await fetchSigned(
              origin,
              "DELETE",
              `${P}/scheduled-jobs`,
              JSON.stringify({ job_ids: [job_id] }),
            );
            return canceled.json();
          },
          { interval: 20, timeout: 10_000 },
        )
        .toEqual({ job_ids: [job_id] });
      expect((await fetchSigned(origin, "GET", "/v3/projects")).status).toBe(200);
      expect((await fetch(`${origin}${LIST}`)).status).toBe(401);
      expect(`http://${cloud.endpoint("cn-north-4", "iam")}`).toBe(origin);
    } finally {
      await served.close();
    }
  });

  it("has a port for every endpoint, also with TLS", async () => {
    const cloud = new TaurusCloud({ clock: new ScaledClock(), regions: ["cn-north-4", "tr-west-1"] });
    const served = await serve(cloud, { tls: selfSigned() });
    try {
      expect(served.origins).toHaveLength(5);
      expect(`https://${cloud.endpoint("tr-west-1")}`).toBe(served.origins[4]);
    } finally {
      await served.close();
    }
  });
});

describe("npm run simulate -- taurusdb", { timeout: 60_000 }, () => {
  const MAIN = ["--import", "tsx", "test/simulators/main.ts", "taurusdb"];

  it("prints its usage and rejects unknown or incomplete options", async () => {
    expect(await printed("taurusdb", "--help")).toEqual({ code: 0, text: expect.stringContaining("--latest") });
    const text = expect.stringContaining("--kernel must look like 2.0.75.28");
    expect(await printed("taurusdb", "--kernel", "new")).toEqual({ code: 2, text });
    const together = expect.stringContaining("must be given together");
    expect(await printed("taurusdb", "--tls-key", "x")).toEqual({ code: 2, text: together });
  });

  it("keeps its state in a file", async () => {
    const folder = mkdtempSync(join(tmpdir(), "taurusdb-"));
    const file = join(folder, "state.json");
    const start = async (use: (origin: string) => Promise<void>, ...args: string[]) => {
      const child = spawn(process.execPath, [...MAIN, "--port", "0", "--state", file, ...args], { stdio: "pipe" });
      try {
        const text = await new Promise<string>((resolve, reject) => {
          child.stdout.once("data", (chunk: Buffer) => resolve(chunk.toString()));
          child.once("exit", () => reject(new Error("the simulator ended")));
        });
        await use(/http:\/\/\S+/.exec(text)?.[0] ?? "");
      } finally {
        const ended = new Promise((resolve) => child.once("exit", resolve));
        child.kill("SIGTERM");
        await ended;
      }
    };
    try {
      await start(
        async (origin) => {
          const body = `{"databases_instance_infos":[{"instance_id":"${ID}","current_version":"${FROM}"}],"delay":false}`;
          expect((await fetchSigned(origin, "POST", BATCH, body)).status).toBe(200);
        },
        "--instances",
        "2",
      );
      const saved = JSON.parse(readFileSync(file, "utf8"));
      expect([saved.state.jobs.length, saved.state.instances.length]).toEqual([1, 2]);
      await start(
        async (origin) => {
          await expect
            .poll(async () => (await fetchSigned(origin, "GET", `${LIST}/${ID}/database-version`)).text(), {
              interval: 50,
              timeout: 20_000,
            })
            .toContain(`"current_kernel_version":"${LATEST}"`);
        },
        "--speed",
        "5000",
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
