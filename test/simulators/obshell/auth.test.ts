import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { decryptBody, decryptHeader } from "./cipher";
import { pooledKey, publicKeyOf } from "./keys";
import { AGENT_TARGET, type Reply, type Sealed, sealBody, sealHeader, Trial } from "./trial";

const HEAD = { agentVersion: "4.5.0.0-102026050817" };
const SINGLE = { ...HEAD, identity: "SINGLE" } as const;
const INFO = "/api/v1/ob/info";
const CHECK = "/api/v1/agent/upgrade/check";
const DECRYPT = "Security.Authentication.Header.DecryptFailed";
const PANIC = { errCode: "Common.Unexpected", message: "Unexpected error: Internal Server Error" };
const failed = (reason: string) => ({ code: 1, errCode: DECRYPT, message: `Decrypt http header failed: ${reason}` });
const denied = (errCode: string, message: string) => ({
  code: 10008,
  errCode: `Security.Authentication.${errCode}`,
  message,
});
const bind = (message: string) => ({ errCode: "Common.BindJsonFailed", message: `Bind JSON failed: ${message}` });
const missing = (key: string) => {
  return `Key: '${key}' Error:Field validation for '${key.split(".").at(-1)}' failed on the 'required' tag`;
};

describe("the protocol's test vectors", () => {
  const keys = Buffer.from(Array.from({ length: 32 }, (_, index) => index));
  const body = '{"version":"4.2.1.1","release":"101000062023110109.el7","mode":"rolling","upgradeDir":""}';
  const sealed =
    "S4d1MRGd1poQ4cyXhzB/45Lj+GipGrplazRP/nQw6szn8gspa+JtWYwmlZPslIMFFqO8M/oErgTUjN3Zyl4M31TAHxcXMn13YmD3VSnG5ocAqpqYFeYDpcyMSWfXLjQZ";

  it("decrypt a body", () => {
    expect(decryptBody(Buffer.from(sealed), keys).toString()).toBe(body);
    expect(sealBody(keys, body)).toBe(sealed);
  });

  it("decrypt a header in 53-byte and in k-11-byte blocks, with every key size", () => {
    const header = { auth: 'p@ss"w0rd', ts: "1999999999", uri: "/api/v1/ob/upgrade", keys: keys.toString("base64") };
    for (const bits of [512, 1024, 2048] as const) {
      const key = pooledKey(bits, 99);
      for (const chunk of [53, bits / 8 - 11]) {
        expect(decryptHeader(key, sealHeader(publicKeyOf(key), header, chunk))).toEqual({
          ...header,
          keys,
          sessionId: "",
        });
      }
    }
  });

  it.each([
    ["{}x", undefined],
    [" ", "EOF"],
    ['{"uri":"/api', "unexpected EOF"],
    ["[", "unexpected EOF"],
    ["tru", "unexpected EOF"],
    ["trux", "invalid character 'x' in literal true (expecting 'e')"],
    ["{x", "invalid character 'x' looking for beginning of object key string"],
    ['{"a" 1}', "invalid character '1' after object key"],
    ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
    ["1.x", "invalid character 'x' after decimal point in numeric literal"],
    ['"\\q"', "invalid character 'q' in string escape code"],
    ['{"a":"\u0001"}', "invalid character '\\x01' in string literal"],
    ['{"uri":1}', "json: cannot unmarshal number into Go struct field HttpHeader.Uri of type string"],
  ])("parse the header %j as Go's decoder does", async (text, reason) => {
    const trial = new Trial(SINGLE);
    const rawHeader = sealHeader(await trial.publicKey(), text);
    const { error } = await trial.call("GET", INFO, undefined, 0, { rawHeader });
    expect(error).toEqual(reason === undefined ? denied("Header.UriMismatch", "URI mismatch") : failed(reason));
  });

  it("accept header field names in any case", () => {
    const key = pooledKey(512, 99);
    const header = { Auth: "a", TS: "1", Uri: "/", KEYS: "", session_id: "s" };
    expect(decryptHeader(key, sealHeader(publicKeyOf(key), header))).toMatchObject({
      auth: "a",
      ts: "1",
      sessionId: "s",
    });
  });
});

describe("a request header, on a server that returns an errCode", () => {
  const rows: [string, Sealed, number, object | undefined][] = [
    ["not base64", { rawHeader: "%%" }, 401, failed("illegal base64 data at input byte 0")],
    ["10 bytes", { rawHeader: Buffer.alloc(10, 7).toString("base64") }, 401, failed("crypto/rsa: decryption error")],
    [
      "ts a number",
      { ts: 1 },
      401,
      failed("json: cannot unmarshal number into Go struct field HttpHeader.Ts of type string"),
    ],
    ["keys not base64", { extra: { keys: "%" } }, 401, failed("illegal base64 data at input byte 0")],
    ["keys absent on GET", { keys: "" }, 200, undefined],
    ["another uri", { uri: `${INFO}?x=1` }, 401, denied("Header.UriMismatch", "URI mismatch")],
    ["a bad token beside a good password", { extra: { token: "x" } }, 200, undefined],
    ["an empty header", { rawHeader: "" }, 400, { errCode: "Request.Header.NotFound" }],
    ["only X-OCS-Auth", { as: "x-ocs-auth" }, 400, { errCode: "Request.Header.NotFound" }],
  ];

  it.each(rows)("is accepted or rejected: %s", async (_, sealed, status, error) => {
    const reply = await new Trial(SINGLE).call("GET", INFO, undefined, 0, sealed);
    expect(reply.status).toBe(status);
    if (error !== undefined) expect(reply.error).toMatchObject(error);
  });

  it("is rejected if it is not JSON", async () => {
    const trial = new Trial(SINGLE);
    const rawHeader = sealHeader(await trial.publicKey(), "hello");
    const reply = await trial.call("GET", INFO, undefined, 0, { rawHeader });
    expect(reply.error).toEqual(failed("invalid character 'h' looking for beginning of value"));
    expect(reply.headers["content-type"]).toBe("application/json; charset=utf-8");
    expect(reply.json.traceId).toBe("");
  });

  it("is rejected if it was encrypted for another agent", async () => {
    const trial = new Trial(HEAD);
    const rawHeader = sealHeader(await trial.publicKey(1), { auth: "", ts: "1", uri: INFO, keys: "" });
    const reply = await trial.call("GET", INFO, undefined, 0, { rawHeader });
    expect([reply.status, reply.error?.errCode]).toEqual([401, DECRYPT]);
  });

  it("is accepted with any password and expiry time by an agent without a cluster", async () => {
    const trial = new Trial(SINGLE);
    for (const sealed of [
      { auth: "wrong" },
      { ts: "1" },
      { ts: "abc" },
      { ts: undefined },
      { as: "x-ocs-agent-header" },
      { extra: { session_id: "x" } },
    ]) {
      expect((await trial.call("GET", INFO, undefined, 0, sealed)).status).toBe(200);
    }
  });
});

describe("a request body, on a server that returns an errCode", () => {
  const size = {
    errCode: "Request.Body.Decrypt.AES.KeyAndIv.Invalid",
    message: "Unauthorized: AES key and IV size error",
  };
  const blocks = {
    errCode: "Request.Body.Decrypt.AES.ContentLength.Invalid",
    message: "Unauthorized: Decrypted string length is not a multiple of the block size",
  };
  const rows: [string, Sealed, number, object][] = [
    ["keys of 0 bytes", { keys: Buffer.alloc(0) }, 500, size],
    ["keys of 8 bytes", { keys: Buffer.alloc(8) }, 500, size],
    ["keys of 16 bytes", { keys: Buffer.alloc(16) }, 500, PANIC],
    ["keys of 24 bytes", { keys: Buffer.alloc(24) }, 500, PANIC],
    ["keys of 48 bytes", { keys: Buffer.alloc(48) }, 500, PANIC],
    ["plain JSON", { rawBody: '{"version":"1"}' }, 500, PANIC],
    ["quoted base64", { rawBody: '"AAAA"' }, 500, PANIC],
    ["15 bytes", { rawBody: Buffer.alloc(15).toString("base64") }, 500, blocks],
    ["bad header too", { rawHeader: "%%", rawBody: "%" }, 401, { errCode: DECRYPT }],
    ["bad uri too", { uri: "/", rawBody: "{}" }, 500, PANIC],
  ];

  it.each(rows)("is rejected: %s", async (_, sealed, status, error) => {
    const reply = await new Trial(SINGLE).call("POST", CHECK, AGENT_TARGET, 0, sealed);
    expect(reply.status).toBe(status);
    expect(reply.error).toMatchObject(error);
    const charset = "application/json; charset=utf-8";
    expect(reply.headers["content-type"]).toBe(charset);
  });

  it("is rejected without a header", async () => {
    const reply = await new Trial(SINGLE).plain("POST", CHECK, 0, {}, "{}");
    expect([reply.status, reply.error?.errCode]).toEqual([400, "Request.Header.NotFound"]);
  });

  it("is rejected with missing fields or wrong types", async () => {
    const trial = new Trial(SINGLE);
    const check = `${missing("UpgradeCheckParam.Version")}\n${missing("UpgradeCheckParam.Release")}`;
    expect((await trial.call("POST", CHECK)).error).toEqual(bind(check));
    const upgrade = ["UpgradeCheckParam.Version", "UpgradeCheckParam.Release", "Mode"];
    const lines = upgrade.map((key) => missing(`ObUpgradeParam.${key}`)).join("\n");
    expect((await trial.call("POST", "/api/v1/ob/upgrade", {})).error).toEqual(bind(lines));
    const typed = await trial.call("POST", CHECK, { version: 4 });
    expect(typed.error).toEqual(
      bind("json: cannot unmarshal number into Go struct field UpgradeCheckParam.version of type string"),
    );
    const embedded = await trial.call("POST", "/api/v1/ob/upgrade", { version: 4 });
    expect(embedded.error?.message).toMatch(/field ObUpgradeParam\.UpgradeCheckParam\.version of type string$/);
  });

  it.each(["[]", "hello", '{"version":"4', " ", '{"version":"4.5.0.0"}x'])(
    "is rejected if it is not an object: %j",
    async (text) => {
      const keys = Buffer.alloc(32, 3);
      const sealed = { keys, rawBody: sealBody(keys, text) };
      const target = "/api/v1/ob/upgrade/check";
      expect((await new Trial(SINGLE).call("POST", CHECK, undefined, 0, sealed)).error).toEqual(bind("EOF"));
      expect((await new Trial(HEAD).call("POST", target, undefined, 0, sealed)).error).toEqual(bind("EOF"));
    },
  );
});

describe("a cluster agent", () => {
  const wrong = denied("IncorrectOceanbasePassword", "Unauthorized: OceanBase password is incorrect");
  const expired = denied("Expired", "Unauthorized: Authentication expired");
  const invalid = (text: string) =>
    denied(
      "Timestamp.Invalid",
      `Unauthorized: Invalid timestamp: ${text}, err: strconv.ParseInt: parsing "${text}": invalid syntax`,
    );
  const other = "Unauthorized: Should use oceanbase_password to verify: agent password is not initialized";
  const rows: [string, Sealed, object][] = [
    ["wrong password", { auth: "x" }, wrong],
    ["empty password, expired", { auth: "", ts: "1" }, wrong],
    ["expired", { ts: "1" }, expired],
    ["expired and wrong", { ts: "1", auth: "x" }, expired],
    ["ts abc", { ts: "abc" }, invalid("abc")],
    ["no ts", { ts: undefined }, invalid("")],
    ["agent header", { as: "x-ocs-agent-header" }, denied("WithOceanBasePassword", other)],
    ["session", { extra: { session_id: "x" } }, denied("SessionInvalid", "Session is invalid")],
    ["expired session", { ts: "1", extra: { session_id: "x" } }, denied("Expired", "Authentication expired")],
    ["session, ts abc", { ts: "abc", extra: { session_id: "x" } }, denied("Expired", "Authentication expired")],
    ["uri before all", { uri: "/", auth: "x", ts: "1" }, denied("Header.UriMismatch", "URI mismatch")],
  ];

  it.each(rows)("rejects: %s", async (_, sealed, error) => {
    const reply = await new Trial(HEAD).call("GET", INFO, undefined, 0, sealed);
    expect([reply.status, reply.error]).toEqual([401, error]);
  });

  it("accepts a timestamp until the very second of its expiry", async () => {
    const trial = new Trial(HEAD);
    const second = Math.floor(trial.clock.now() / 1000);
    expect((await trial.call("GET", INFO, undefined, 0, { ts: String(second) })).status).toBe(200);
    expect((await trial.call("GET", INFO, undefined, 0, { ts: String(second - 1) })).status).toBe(401);
  });

  it("detects a changed password only when it can read it from the database", async () => {
    const trial = new Trial(HEAD);
    trial.cluster.control.setRootPassword("new");
    trial.cluster.control.loseDatabase("gone");
    expect((await trial.call("GET", INFO, undefined, 0, { auth: "new" })).status).toBe(401);
    expect((await trial.call("GET", INFO)).status).toBe(200);
    trial.cluster.control.restoreDatabase();
    expect((await trial.call("GET", INFO, undefined, 0, { auth: "new" })).status).toBe(200);
    expect((await trial.call("GET", INFO)).status).toBe(401);
  });

  it("requires its own password if it has one", async () => {
    const trial = new Trial({ ...SINGLE, agentPassword: "agent" });
    const as = "x-ocs-agent-header";
    expect((await trial.call("GET", INFO)).error?.errCode).toBe("Security.Authentication.WithAgentPassword");
    expect((await trial.call("GET", INFO, undefined, 0, { as })).error?.errCode).toBe(
      "Security.Authentication.IncorrectAgentPassword",
    );
    expect((await trial.call("GET", INFO, undefined, 0, { as, auth: "agent" })).status).toBe(200);
  });
});

describe("an agent that is to become part of a new cluster", () => {
  const incorrect = "Security.Authentication.IncorrectOceanbasePassword";

  it("accepts the empty password if it is the master", async () => {
    const trial = new Trial({ ...HEAD, identity: "MASTER" });
    expect((await trial.call("GET", INFO)).error?.errCode).toBe(incorrect);
    expect((await trial.call("GET", INFO, undefined, 0, { auth: "", ts: "1" })).status).toBe(200);
    expect((await trial.call("GET", INFO, undefined, 0, { as: "x-ocs-agent-header" })).status).toBe(200);
  });

  it("requires its own password if it has one", async () => {
    const trial = new Trial({ ...HEAD, identity: "MASTER", agentPassword: "agent" });
    expect((await trial.call("GET", INFO, undefined, 0, { auth: "" })).error).toMatchObject({
      errCode: "Security.Authentication.WithAgentPassword",
      message: "Unauthorized: Should use agent_password to verify: oceanbase password is not initialized",
    });
    const sealed = { as: "x-ocs-agent-header", auth: "agent" };
    expect((await trial.call("GET", INFO, undefined, 0, sealed)).status).toBe(200);
  });

  it("forwards every request if it is a follower", async () => {
    const reply = await new Trial({ ...HEAD, identity: "FOLLOWER" }).call("GET", INFO);
    expect([reply.status, reply.error?.errCode]).toEqual([500, "Request.Forward.MasterAgent.NotFound"]);
  });
});

describe("older servers", () => {
  const V425 = "4.2.5.0-112024112600";
  const V430 = "4.3.0.0-102025043000";
  const uri = { uri: "/" };
  const rows: [string, string, Sealed, string][] = [
    ["4.2.5.0 wrong password", V425, { auth: "x" }, "Verification failed"],
    ["4.2.5.0 no header", V425, { rawHeader: "" }, "Verification failed"],
    ["4.3.0.0 no header", V430, { rawHeader: "" }, "Verification failed: header not found"],
    ["4.3.0.0 wrong password", V430, { auth: "x" }, "Verification failed: access denied"],
    ["4.3.0.0 expired", V430, { ts: "1" }, "Verification failed: auth expired"],
    ["4.3.0.0 uri", V430, uri, "Verification failed: uri mismatch"],
    ["4.3.0.0 garbage", V430, { rawHeader: "%%" }, "Verification failed: header decrypt failed"],
  ];

  it.each(rows)("reject: %s", async (_, agentVersion, sealed, message) => {
    const reply = await new Trial({ agentVersion }).call("GET", INFO, undefined, 0, sealed);
    expect([reply.status, reply.error]).toEqual([401, { code: 10008, message }]);
  });

  it("return ob/info without authentication: 4.2.3.0", async () => {
    const trial = new Trial({ agentVersion: "4.2.3.0-112024041900" });
    for (const sealed of [{ rawHeader: "" }, { rawHeader: "%%" }, { auth: "x" }, { ts: "1" }, uri]) {
      expect((await trial.call("GET", INFO, undefined, 0, sealed)).status).toBe(200);
    }
  });

  it("ignore the session before 4.4.0.0", async () => {
    const trial = new Trial({ agentVersion: "4.3.3.0-102025103117" });
    expect((await trial.call("GET", INFO, undefined, 0, { extra: { session_id: "x" } })).status).toBe(200);
  });

  it.each([
    ["hello", "invalid character 'h' looking for beginning of value"],
    ["[]", "json: cannot unmarshal array into Go value of type param.UpgradeCheckParam"],
    ['{"version":"4', "unexpected EOF"],
  ])("parse the body %j only once before 4.3.0.0", async (text, reason) => {
    const keys = Buffer.alloc(32, 3);
    const sealed = { keys, rawBody: sealBody(keys, text) };
    const { error } = await new Trial({ agentVersion: V425 }).call("POST", CHECK, undefined, 0, sealed);
    expect(error).toEqual({ code: 1001, message: `Illegal argument: ${reason}` });
  });

  it("reject short keys and panic with bare error codes", async () => {
    const short = { keys: Buffer.alloc(8) };
    const errorOf = async (agentVersion: string, sealed: Sealed): Promise<Reply["error"]> =>
      (await new Trial({ agentVersion }).call("POST", CHECK, AGENT_TARGET, 0, sealed)).error;
    expect(await errorOf("4.2.3.0-1", short)).toEqual({ code: 10008, message: "err.unauthorized" });
    expect(await errorOf(V425, short)).toEqual({ code: 10008, message: "Verification failed" });
    expect(await errorOf(V430, short)).toEqual({ code: 10008, message: "Verification failed: body decrypt failed" });
    expect(await errorOf(V430, { rawBody: "{}" })).toEqual({
      code: 1002,
      message: "Unexpected error: Internal Server Error",
    });
  });
});

/** The first authentication version: agents of 4.2.2.0 (OBShell facts §1.6, the docs' page on public-key encryption). */
const V1 = { agentVersion: "4.2.2.0-102023121500", rootPassword: "1111" };
const UNFINISHED = "/api/v1/task/dag/ob/unfinish";

async function requestV1(trial: Trial, header: object | string, block = 53, body?: object) {
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
  it("accepts the password and the expiry time in X-OCS-Auth, and plain bodies", async () => {
    const trial = new Trial(V1);
    trial.cluster.control.addAgentPackage("4.3.3.0", "102025103117.el7");
    const header = { password: "1111", ts: later(trial) };
    expect((await requestV1(trial, header)).status).toBe(200);
    const reply = await requestV1(trial, header, 53, { version: "4.3.3.0", release: "102025103117.el7" });
    expect(reply.json.data).toMatchObject({ name: "Upgrade obshell 4.3.3.0-102025103117.el7" });
  });

  it.each<[string, (trial: Trial) => object | string]>([
    ["a wrong password", (trial) => ({ password: "2222", ts: later(trial) })],
    ["an expired header", (trial) => ({ password: "1111", ts: later(trial) - 10 })],
    ["a timestamp that is a string", (trial) => ({ password: "1111", ts: String(later(trial)) })],
    ["a header that is not JSON", () => "1111"],
  ])("rejects %s", async (_, header) => {
    const trial = new Trial(V1);
    expect((await requestV1(trial, header(trial))).status).toBe(401);
  });

  it("rejects the header of later agents, and later agents reject its header", async () => {
    const first = new Trial(V1);
    expect((await first.call("GET", UNFINISHED, undefined, 0, { auth: "1111" })).status).toBe(401);
    const second = new Trial({ rootPassword: "1111" });
    const reply = await requestV1(second, { password: "1111", ts: later(second) });
    expect([reply.status, reply.error?.errCode]).toEqual([400, "Request.Header.NotFound"]);
  });

  it("does not report which authentication versions it supports", async () => {
    const { data } = (await new Trial(V1).plain("GET", "/api/v1/info")).json;
    expect(data).toMatchObject({ version: V1.agentVersion });
    expect(data).not.toHaveProperty("supportedAuth");
  });

  it("decrypts a header of several blocks, or of only one, depending on the switch", async () => {
    const password = "x".repeat(60);
    const many = new Trial({ ...V1, rootPassword: password });
    expect((await requestV1(many, { password, ts: later(many) })).status).toBe(200);
    const one = new Trial({ ...V1, rootPassword: password, switches: { firstHeaderBlocks: "one" } });
    expect((await requestV1(one, { password, ts: later(one) })).status).toBe(401);
    const short = new Trial({ ...V1, switches: { firstHeaderBlocks: "one" } });
    expect((await requestV1(short, { password: "1111", ts: later(short) })).status).toBe(200);
  });
});

describe("an upload to /package", () => {
  const boundary = "b0undary";
  const form = (name: string, content: string) =>
    `--${boundary}\r\nContent-Disposition: form-data; name="${name}"; filename="x.rpm"\r\n\r\n${content}\r\n--${boundary}--\r\n`;
  const type = { "content-type": `multipart/form-data; boundary=${boundary}` };
  const upload = (trial: Trial, name: string, headers: Record<string, string>) =>
    trial.plain("POST", "/api/v1/package", 0, { ...type, ...headers }, form(name, "no rpm"));

  it("is authenticated by its hash only", async () => {
    const trial = new Trial(HEAD);
    const mismatch = { errCode: "Security.Authentication.File.Sha256Mismatch", message: "File SHA256 mismatch" };
    expect((await upload(trial, "file", {})).error).toEqual(mismatch);
    const missingFile = await upload(trial, "other", {});
    expect(missingFile.error?.message).toBe("File 'file' in the request is missing: http: no such file");
    const hash = createHash("sha256").update("no rpm").digest("hex");
    const headers = { "x-ocs-file-sha256": sealHeader(await trial.publicKey(), hash) };
    const reply = await upload(trial, "file", headers);
    expect([reply.status, reply.error, "data" in reply.json]).toEqual([
      500,
      { errCode: "Common.Unexpected", message: "unexpected EOF" },
      false,
    ]);
  });
});
