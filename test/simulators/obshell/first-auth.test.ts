import { describe, expect, it } from "vitest";
import { sealHeader, Trial } from "./trial";

/** The first way of authentication: agents of 4.2.2.0 (OBShell facts §1.6, the docs' page on public-key encryption). */
const V1 = { agentVersion: "4.2.2.0-102023121500", rootPassword: "1111" };
const UNFINISHED = "/api/v1/task/dag/ob/unfinish";

async function ask(trial: Trial, header: object | string, block = 53, body?: object) {
  const value = sealHeader(await trial.publicKey(), header, block);
  const text = body && JSON.stringify(body);
  return trial.plain(
    body ? "POST" : "GET",
    body ? "/api/v1/agent/upgrade" : UNFINISHED,
    0,
    { "x-ocs-auth": value },
    text,
  );
}

const later = (trial: Trial) => Math.floor(trial.clock.now() / 1000) + 5;

describe("an agent of 4.2.2.0", () => {
  it("takes password and time of expiry in X-OCS-Auth, and plain bodies", async () => {
    const trial = new Trial(V1);
    trial.cluster.control.addAgentPackage("4.3.3.0", "102025103117.el7");
    const header = { password: "1111", ts: later(trial) };
    expect((await ask(trial, header)).status).toBe(200);
    const reply = await ask(trial, header, 53, { version: "4.3.3.0", release: "102025103117.el7" });
    expect(reply.json.data).toMatchObject({ name: "Upgrade obshell 4.3.3.0-102025103117.el7" });
  });

  it.each<[string, (trial: Trial) => object | string]>([
    ["a wrong password", (trial) => ({ password: "2222", ts: later(trial) })],
    ["an expired header", (trial) => ({ password: "1111", ts: later(trial) - 10 })],
    ["a time that is a text", (trial) => ({ password: "1111", ts: String(later(trial)) })],
    ["no JSON", () => "1111"],
  ])("refuses %s", async (_, header) => {
    const trial = new Trial(V1);
    expect((await ask(trial, header(trial))).status).toBe(401);
  });

  it("does not know the header of later ones, nor they its", async () => {
    const first = new Trial(V1);
    expect((await first.call("GET", UNFINISHED, undefined, 0, { auth: "1111" })).status).toBe(401);
    const second = new Trial({ rootPassword: "1111" });
    const reply = await ask(second, { password: "1111", ts: later(second) });
    expect([reply.status, reply.error?.errCode]).toEqual([400, "Request.Header.NotFound"]);
  });

  it("says nothing of its ways to authenticate", async () => {
    const { data } = (await new Trial(V1).plain("GET", "/api/v1/info")).json;
    expect(data).toMatchObject({ version: V1.agentVersion });
    expect(data).not.toHaveProperty("supportedAuth");
  });

  it("reads several blocks, or one, whichever reading is chosen", async () => {
    const password = "x".repeat(60);
    const many = new Trial({ ...V1, rootPassword: password });
    expect((await ask(many, { password, ts: later(many) })).status).toBe(200);
    const one = new Trial({ ...V1, rootPassword: password, switches: { firstHeaderBlocks: "one" } });
    expect((await ask(one, { password, ts: later(one) })).status).toBe(401);
    const short = new Trial({ ...V1, switches: { firstHeaderBlocks: "one" } });
    expect((await ask(short, { password: "1111", ts: later(short) })).status).toBe(200);
  });
});
