import { constants, createDecipheriv, generateKeyPairSync, type KeyObject, privateDecrypt } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encryptBody, encryptHeader, readAgentKey, seal } from "../../provider/oceanbase/agent/auth";

const KEYS = Buffer.from(Array.from({ length: 32 }, (_, i) => i));
const BODY = '{"version":"4.2.1.1","release":"101000062023110109.el7","mode":"rolling","upgradeDir":""}';
const ENCRYPTED =
  "S4d1MRGd1poQ4cyXhzB/45Lj+GipGrplazRP/nQw6szn8gspa+JtWYwmlZPslIMFFqO8M/oErgTUjN3Zyl4M31TAHxcXMn13YmD3VSnG5ocAqpqYFeYDpcyMSWfXLjQZ";
const HEADER =
  '{"auth":"p@ss\\"w0rd","ts":"1999999999","uri":"/api/v1/ob/upgrade","keys":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}';

interface AgentPair {
  /** As `GET /api/v1/secret` gives it. */
  readonly text: string;
  readonly privateKey: KeyObject;
  readonly bytes: number;
}

function agentPair(bits: number): AgentPair {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: bits });
  const text = publicKey.export({ format: "der", type: "pkcs1" }).toString("base64");
  return { text, privateKey, bytes: bits / 8 };
}

/** What an agent does: block by block, the padding taken off by hand, since Node refuses to. */
function opened(value: string, { privateKey, bytes }: AgentPair): string {
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

// Made once: keys take a while.
const pairs = [512, 1024, 2048].map((bits) => [bits, agentPair(bits)] as const);
const [, small] = pairs[0] ?? [0, agentPair(512)];

describe("the body", () => {
  it("is encrypted as the vendor's own tools do it", () => {
    expect(encryptBody(KEYS, BODY)).toBe(ENCRYPTED);
  });

  it("takes the first half of the keys for AES and the second as IV", () => {
    const decipher = createDecipheriv("aes-128-cbc", KEYS.subarray(0, 16), KEYS.subarray(16));
    const text = Buffer.concat([decipher.update(Buffer.from(ENCRYPTED, "base64")), decipher.final()]).toString("utf8");
    expect(text).toBe(BODY);
  });
});

describe.each(pairs)("the header for a key of %d bits", (bits, pair) => {
  it("is what the agent decrypts, block by block", () => {
    const { key } = readAgentKey(pair.text, 0);
    expect(key.asymmetricKeyDetails?.modulusLength).toBe(bits);
    const value = encryptHeader(key, HEADER);
    expect(opened(value, pair)).toBe(HEADER);
    const blocks = Math.ceil(Buffer.byteLength(HEADER) / (pair.bytes - 11));
    expect(Buffer.from(value, "base64")).toHaveLength(blocks * pair.bytes);
  });

  it("is that also for passwords of any length and script", () => {
    const { key } = readAgentKey(pair.text, 0);
    fc.assert(
      fc.property(fc.string({ maxLength: 300, unit: "grapheme" }), (text) => {
        const header = JSON.stringify({ auth: text });
        expect(opened(encryptHeader(key, header), pair)).toBe(header);
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
    expect(opened(headers["x-ocs-header"] ?? "", small)).toBe(HEADER);
    expect(headers["content-type"]).toBe("application/json");
    expect(body).toBe(ENCRYPTED);
  });

  it("has no body when there is none", () => {
    expect(seal({ ...options, now: 0 })).not.toHaveProperty("body");
  });

  it("signs path and query as they are sent", () => {
    const target = "/api/v1/task/dag/11?show_details=false&x=%2F";
    const { headers } = seal({ ...options, target, now: 0 });
    expect(JSON.parse(opened(headers["x-ocs-header"] ?? "", small))).toMatchObject({ uri: target });
  });

  it.each([
    ["in step", 0, "1767226500"],
    ["ahead of ours", 3_600_000, "1767230100"],
    ["behind ours", -3_600_000, "1767222900"],
    ["off by a part of a second", 1_999, "1767226501"],
  ])("expires 15 minutes from now on the agent's clock, which is %s", (_, clockOffset, ts) => {
    const { headers } = seal({ ...options, agent: { ...agent, clockOffset }, now: Date.UTC(2026, 0, 1) });
    // A text, not a number: obshell refuses a number.
    expect(JSON.parse(opened(headers["x-ocs-header"] ?? "", small))).toMatchObject({ ts });
  });

  it("has fresh keys every time", () => {
    const { keys: _, ...fresh } = options;
    const used = Array.from({ length: 5 }, () => {
      const { headers } = seal({ ...fresh, now: 0 });
      const { keys } = JSON.parse(opened(headers["x-ocs-header"] ?? "", small)) as { keys: string }; // written by seal
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
