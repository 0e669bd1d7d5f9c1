import { constants, createDecipheriv, generateKeyPairSync, type KeyObject, privateDecrypt } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  AuthHeaders,
  encryptBody,
  encryptHeader,
  generationOf,
  readAgentKey,
  seal,
} from "../../provider/oceanbase/agent/auth";
import { makeRpm } from "../support/rpm-package";
import { VirtualClock } from "../support/virtual-clock";
import { AGENT_URN, PASSWORD, rig, TARGET, TARGET_BUILD, UPGRADE } from "./rig";

describe("authentication", () => {
  it("uses the agents' own password if an agent reports that it has one", async () => {
    const { lifecycle, inputs, cluster } = rig({
      agentVersion: "4.4.2.0-102026041610",
      agentPassword: "agent-p@ss",
      buildVersion: TARGET_BUILD,
    });
    const { outs } = await lifecycle.create(inputs({ agentPassword: "agent-p@ss", password: undefined }));
    expect(outs).toMatchObject({ status: "current" });
    expect(cluster.journal.entries.every((entry) => entry.status === 200)).toBe(true);
  });

  it("with a wrong agent password is rejected with the argument to set", async () => {
    const { lifecycle, inputs } = rig({ agentVersion: "4.4.2.0-102026041610", agentPassword: "agent-p@ss" });
    await expect(lifecycle.create(inputs({ agentPassword: "wrong-one" }))).rejects.toThrow(
      /Agent password is incorrect.*Set `agentPassword` to the agents' own password\. \[unauthorized\]/,
    );
  });

  it("with a wrong agent password is rejected with the argument to set, even if the server does not say which password is wrong", async () => {
    const { lifecycle, inputs } = rig({ agentVersion: "4.3.0.0-102025043011", agentPassword: "agent-p@ss" });
    await expect(lifecycle.create(inputs({ agentPassword: "wrong-one" }))).rejects.toThrow(
      /Verification failed: access denied.*Set `agentPassword` to the agents' own password\. \[unauthorized\]/,
    );
  });

  it.each([
    [
      "with root's password where the agents' own is required",
      "WithAgentPassword",
      "Unauthorized: Should use agent_password to verify: oceanbase password is not initialized",
      "no agentPassword given (argument `agentPassword`, config `oceanbase:agentPassword`, environment `OCEANBASE_AGENT_PASSWORD`)",
    ],
    [
      "for another path, as behind a rewriting proxy",
      "Header.UriMismatch",
      "URI mismatch",
      "something between this machine and the agent rewrites the path. List the agents' own addresses",
    ],
    [
      "with a wrong password of root",
      "IncorrectOceanbasePassword",
      "Unauthorized: OceanBase password is incorrect",
      "Set `password` to the password of root@sys",
    ],
  ])("%s is rejected with the remedy", async (_, code, message, remedy) => {
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
  ])("of an agent with %j uses generation %s", (info, generation) => {
    expect(generationOf(info)).toBe(generation);
  });

  it("of an unknown generation is rejected, and the methods that the agent offers are listed", async () => {
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

describe("the clocks of the agents and of this machine", () => {
  it.each([-600_000, 600_000])("may differ by %i ms", async (skew) => {
    const { lifecycle, inputs } = rig({}, skew);
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
  });
});

const KEYS = Buffer.from(Array.from({ length: 32 }, (_, i) => i));
const BODY = '{"version":"4.2.1.1","release":"101000062023110109.el7","mode":"rolling","upgradeDir":""}';
const ENCRYPTED =
  "S4d1MRGd1poQ4cyXhzB/45Lj+GipGrplazRP/nQw6szn8gspa+JtWYwmlZPslIMFFqO8M/oErgTUjN3Zyl4M31TAHxcXMn13YmD3VSnG5ocAqpqYFeYDpcyMSWfXLjQZ";
const HEADER =
  '{"auth":"p@ss\\"w0rd","ts":"1999999999","uri":"/api/v1/ob/upgrade","keys":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}';

interface AgentPair {
  /** As `GET /api/v1/secret` returns it. */
  readonly text: string;
  readonly privateKey: KeyObject;
  readonly bytes: number;
}

function agentPair(bits: number): AgentPair {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: bits });
  const text = publicKey.export({ format: "der", type: "pkcs1" }).toString("base64");
  return { text, privateKey, bytes: bits / 8 };
}

/** Decrypts as an agent does: block by block, removing the padding manually because Node refuses to. */
function decrypted(value: string, { privateKey, bytes }: AgentPair): string {
  const blocks: Buffer[] = [];
  const sealed = Buffer.from(value, "base64");
  expect(sealed.length % bytes).toBe(0);
  for (let start = 0; start < sealed.length; start += bytes) {
    const block = sealed.subarray(start, start + bytes);
    const padded = privateDecrypt({ key: privateKey, padding: constants.RSA_NO_PADDING }, block);
    expect([...padded.subarray(0, 2)]).toEqual([0, 2]);
    const end = padded.indexOf(0, 2);
    expect(end).toBeGreaterThanOrEqual(10);
    blocks.push(padded.subarray(end + 1));
  }
  return Buffer.concat(blocks).toString("utf8");
}

// Made once, because generating keys is slow.
const pairs = [512, 1024, 2048].map((bits) => [bits, agentPair(bits)] as const);
const [, small] = pairs[0] ?? [0, agentPair(512)];

describe("the body", () => {
  it("is encrypted as by the vendor's own tools", () => {
    expect(encryptBody(KEYS, BODY)).toBe(ENCRYPTED);
  });

  it("uses the first half of the keys for AES and the second as IV", () => {
    const decipher = createDecipheriv("aes-128-cbc", KEYS.subarray(0, 16), KEYS.subarray(16));
    const text = Buffer.concat([decipher.update(Buffer.from(ENCRYPTED, "base64")), decipher.final()]).toString("utf8");
    expect(text).toBe(BODY);
  });
});

describe.each(pairs)("the header for a key of %d bits", (bits, pair) => {
  it("can be decrypted by the agent, block by block", () => {
    const { key } = readAgentKey(pair.text, 0);
    expect(key.asymmetricKeyDetails?.modulusLength).toBe(bits);
    const value = encryptHeader(key, HEADER);
    expect(decrypted(value, pair)).toBe(HEADER);
    const blocks = Math.ceil(Buffer.byteLength(HEADER) / (pair.bytes - 11));
    expect(Buffer.from(value, "base64")).toHaveLength(blocks * pair.bytes);
  });

  it("can be decrypted for passwords of any length and script", () => {
    const { key } = readAgentKey(pair.text, 0);
    fc.assert(
      fc.property(fc.string({ maxLength: 300, unit: "grapheme" }), (text) => {
        const header = JSON.stringify({ auth: text });
        expect(decrypted(encryptHeader(key, header), pair)).toBe(header);
      }),
      { numRuns: 20 },
    );
  });
});

describe("a sealed request", () => {
  const agent = readAgentKey(small.text, 0);
  const options = { agent, password: 'p@ss"w0rd', target: "/api/v1/ob/upgrade", keys: KEYS };

  it("has the header of the test vector", () => {
    const { headers, body } = seal({ ...options, body: BODY, now: (1_999_999_999 - 900) * 1_000 });
    expect(decrypted(headers["x-ocs-header"] ?? "", small)).toBe(HEADER);
    expect(headers["content-type"]).toBe("application/json");
    expect(body).toBe(ENCRYPTED);
  });

  it("has no body if none is given", () => {
    expect(seal({ ...options, now: 0 })).not.toHaveProperty("body");
  });

  it("signs path and query as they are sent", () => {
    const target = "/api/v1/task/dag/11?show_details=false&x=%2F";
    const { headers } = seal({ ...options, target, now: 0 });
    expect(JSON.parse(decrypted(headers["x-ocs-header"] ?? "", small))).toMatchObject({ uri: target });
  });

  it.each([
    ["the same as ours", 0, "1767226500"],
    ["ahead of ours", 3_600_000, "1767230100"],
    ["behind ours", -3_600_000, "1767222900"],
    ["different by a fraction of a second", 1_999, "1767226501"],
  ])("expires 15 minutes from now on the agent's clock, which is %s", (_, clockOffset, ts) => {
    const { headers } = seal({ ...options, agent: { ...agent, clockOffset }, now: Date.UTC(2026, 0, 1) });
    // A string, because obshell rejects a number.
    expect(JSON.parse(decrypted(headers["x-ocs-header"] ?? "", small))).toMatchObject({ ts });
  });

  it("has new keys every time", () => {
    const { keys: _, ...fresh } = options;
    const used = Array.from({ length: 5 }, () => {
      const { headers } = seal({ ...fresh, now: 0 });
      const { keys } = JSON.parse(decrypted(headers["x-ocs-header"] ?? "", small)) as { keys: string }; // written by seal
      expect(Buffer.from(keys, "base64")).toHaveLength(32);
      return keys;
    });
    expect(new Set(used).size).toBe(5);
  });

  it("never shows the password", () => {
    const sealed = JSON.stringify(seal({ ...options, body: BODY, now: 0 }));
    expect(sealed).not.toContain("w0rd");
    expect(sealed).not.toContain(Buffer.from("p@ss").toString("base64").slice(0, 5));
  });
});

describe("readAgentKey", () => {
  it.each(["", "not base64 at all", "AAAA", Buffer.from("{}").toString("base64")])("refuses %j", (text) => {
    expect(() => readAgentKey(text, 0)).toThrow();
  });
});

const OLD = "4.2.2.0-102023121500";
const AGENTS = { version: "4.3.3.0", release: "102025103117.el7" };

/** A cluster whose agents support only X-OCS-Auth. */
function world(options: Parameters<typeof rig>[0] = {}, skew = 0) {
  const made = rig({ agentVersion: OLD, ...options }, skew);
  made.cluster.control.addAgentPackage(AGENTS.version, AGENTS.release);
  return { ...made, agentInputs: (args = {}) => ({ ...made.inputs({ ...AGENTS, ...args }), __urn: AGENT_URN }) };
}

describe("agents of 4.2.2.0", () => {
  it("upgrade their cluster with requests of their generation", async () => {
    const { lifecycle, inputs, writes, cluster } = world();
    const { outs } = await lifecycle.create(inputs());
    expect(outs).toMatchObject({ status: "current", currentVersion: "4.3.5.2" });
    expect(writes()).toBe(1);
    expect(cluster.journal.entries.filter(({ status }) => status === 401)).toEqual([]);
  });

  it("can be upgraded, and receive requests of the newer generation once they support it", async () => {
    const { lifecycle, agentInputs, cluster } = world();
    const { id, outs } = await lifecycle.create(agentInputs());
    expect(outs).toMatchObject({ status: "current", currentVersion: "4.3.3.0" });
    expect(cluster.journal.count("POST", "/api/v1/agent/upgrade")).toBe(1);
    expect(await lifecycle.read(id, outs)).toMatchObject({ props: { currentVersion: "4.3.3.0" } });
  });

  it("are followed during a database upgrade that also upgrades them", async () => {
    const { lifecycle, inputs, cluster } = world();
    const newer = { version: "4.3.5.4", release: "104000042025090916.el7" };
    cluster.control.addObPackages(newer.version, newer.release, { bundles: "4.5.0.0-102026050817" });
    const { outs } = await lifecycle.create(inputs(newer));
    expect(outs).toMatchObject({ status: "current", currentVersion: "4.3.5.4" });
    expect(cluster.agents.map(({ version }) => version)).toEqual(Array(3).fill("4.5.0.0-102026050817"));
  });

  it("accept packages as plain uploads", async () => {
    const { lifecycle, inputs, cluster } = world();
    const newer = { version: "4.3.5.4", release: "104000042025090916.el7" };
    const dir = await mkdtemp(join(tmpdir(), "first-"));
    onTestFinished(() => rm(dir, { recursive: true, force: true }));
    const packages = ["oceanbase-ce", "oceanbase-ce-libs"].map((name) => join(dir, `${name}.rpm`));
    await writeFile(packages[0] ?? "", makeRpm(newer));
    await writeFile(packages[1] ?? "", makeRpm({ ...newer, name: "oceanbase-ce-libs" }));
    const { outs } = await lifecycle.create(inputs({ ...newer, packages }));
    expect(outs).toMatchObject({ status: "current", currentVersion: "4.3.5.4" });
    expect(cluster.journal.count("POST", "/api/v1/upgrade/package")).toBe(2);
  });

  it("reject a wrong password, and the error names the argument", async () => {
    const { lifecycle, inputs, cluster } = world();
    await expect(lifecycle.create(inputs({ password: "wrong" }))).rejects.toThrow(
      /rejected the credentials \(argument `password`\): .*Set `password` to the password of root@sys.*\[unauthorized\]/,
    );
    expect(cluster.journal.count("POST", UPGRADE)).toBe(0);
  });

  it.each([-600_000, 600_000])("may have a clock that differs by %i ms", async (skew) => {
    const { lifecycle, inputs } = world({}, skew);
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
  });

  it.each(["one", "many"] as const)(
    "accept a password of 22 bytes, which fits into one RSA block (agents that read %s)",
    async (blocks) => {
      const password = "p".repeat(22);
      const { lifecycle, inputs } = world({ rootPassword: password, switches: { firstHeaderBlocks: blocks } });
      expect((await lifecycle.create(inputs({ password }))).outs).toMatchObject({ status: "current" });
    },
  );

  it("receive a longer password in several blocks, as the vendor's SDK sends it", async () => {
    const password = "p".repeat(23);
    const many = world({ rootPassword: password });
    expect((await many.lifecycle.create(many.inputs({ password }))).outs).toMatchObject({ status: "current" });
    const one = world({ rootPassword: password, switches: { firstHeaderBlocks: "one" } });
    await expect(one.lifecycle.create(one.inputs({ password }))).rejects.toThrow(/\[unauthorized\]/);
  });

  it("cannot list their packages, so `release` is required", async () => {
    const { lifecycle, inputs } = world();
    await expect(lifecycle.create(inputs({ ...TARGET, release: undefined }))).rejects.toThrow(
      /cannot list their packages/,
    );
  });
});

function headerCache() {
  const clock = new VirtualClock();
  const made: string[] = [];
  const all = new AuthHeaders(clock, (target) => ({ "x-ocs-header": `${target} ${made.push(target)}` }));
  return { clock, made, to: (target: string) => all.to(target)["x-ocs-header"] };
}

describe("the header of a read", () => {
  it("is reused for the same target only", () => {
    const { made, to } = headerCache();
    expect([to("/a"), to("/b"), to("/a")]).toEqual(["/a 1", "/b 2", "/a 1"]);
    expect(made).toEqual(["/a", "/b"]);
  });

  it("is renewed after a minute, long before it expires", async () => {
    const { clock, to } = headerCache();
    to("/a");
    await clock.sleep(59_999);
    expect(to("/a")).toBe("/a 1");
    await clock.sleep(1);
    expect(to("/a")).toBe("/a 2");
  });
});
