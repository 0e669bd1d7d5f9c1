import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { sealBody, sealHeader, Trial } from "./trial";

const HEAD = "4.5.0.0-102026050817";
const BOUNDARY = "b0undary";
const TYPE = `multipart/form-data; boundary=${BOUNDARY}`;

type Entry = readonly [tag: number, value: string | number | Buffer];

/** An RPM header structure: index and store. */
function header(entries: readonly Entry[]): Buffer {
  let store = Buffer.alloc(0);
  const index = entries.map(([tag, value]) => {
    const bytes =
      typeof value === "string" ? Buffer.from(`${value}\0`) : typeof value === "number" ? word(value) : value;
    const [type, count] = typeof value === "string" ? [6, 1] : typeof value === "number" ? [4, 1] : [7, bytes.length];
    const offset = Math.ceil(store.length / 4) * 4;
    store = Buffer.concat([store, Buffer.alloc(offset - store.length), bytes]);
    return Buffer.concat([tag, type ?? 0, offset, count ?? 0].map(word));
  });
  const magic = Buffer.from([0x8e, 0xad, 0xe8, 1, 0, 0, 0, 0]);
  return Buffer.concat([magic, word(entries.length), word(store.length), ...index, store]);
}

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function rpm(name = "obshell", release = "102026060101.el7", md5?: Buffer): Buffer {
  const lead = Buffer.alloc(96);
  lead.writeUInt32BE(0xedabeedb);
  const tags: Entry[] = [
    [1000, name],
    [1001, "4.5.0.1"],
    [1002, release],
    [1009, 46560624],
    [1022, "x86_64"],
  ];
  const signed = Buffer.concat([header(tags), Buffer.from("payload")]);
  const signature = header([
    [1000, signed.length],
    [1004, md5 ?? createHash("md5").update(signed).digest()],
  ]);
  const padding = Buffer.alloc((8 - ((96 + signature.length) % 8)) % 8);
  return Buffer.concat([lead, signature, padding, signed]);
}

function form(file: Buffer): Buffer {
  const head = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="x.rpm"\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), file, Buffer.from(`\r\n--${BOUNDARY}--\r\n`)]);
}

async function uploadPlain(trial: Trial, file: Buffer) {
  const hash = createHash("sha256").update(file).digest("hex");
  const headers = { "content-type": TYPE, "x-ocs-file-sha256": sealHeader(await trial.publicKey(), hash) };
  return trial.plain("POST", "/api/v1/package", 0, headers, form(file));
}

function uploadSealed(trial: Trial, file: Buffer) {
  const keys = Buffer.alloc(32, 5);
  const sealed = { keys, rawBody: sealBody(keys, form(file)), headers: { "content-type": TYPE } };
  return trial.call("POST", "/api/v1/upgrade/package", undefined, 0, sealed);
}

describe("an uploaded RPM", () => {
  it("is answered in capitals or in snake case, and stored once more each time", async () => {
    const trial = new Trial({ agentVersion: HEAD });
    const file = rpm();
    const sealed = await uploadSealed(trial, file);
    expect(sealed.json.data).toMatchObject({
      PkgId: 1,
      Name: "obshell",
      Version: "4.5.0.1",
      ReleaseDistribution: "102026060101.el7",
      Distribution: "el7",
      Release: "102026060101",
      Architecture: "x86_64",
      Size: 46560624,
      ChunkCount: 1,
      UpgradeDepYaml: "",
      GmtModify: "0001-01-01T00:00:00Z",
    });
    const plain = await uploadPlain(trial, file);
    expect(plain.json.data).toMatchObject({ pkg_id: 2, name: "obshell", gmt_modify: "0001-01-01T00:00:00Z" });
    expect(trial.cluster.state.packages).toHaveLength(2);
    expect(trial.cluster.writes()).toHaveLength(2);
    const target = { version: "4.5.0.1", release: "102026060101.el7" };
    await trial.data("POST", "/api/v1/agent/upgrade", target);
    trial.settle();
    expect(trial.cluster.agents[2]?.version).toBe("4.5.0.1-102026060101");
  });

  const refused: [string, Buffer, number, string][] = [
    ["another edition's name", rpm("oceanbase"), 400, "Unsupported name 'oceanbase'"],
    ["a release without dist", rpm("obshell", "1"), 400, "Release format 1 is illegal"],
    ["a broken digest", rpm("obshell", "1.el7", Buffer.alloc(16)), 500, "md5 digest mismatch"],
    ["no RPM", Buffer.from("no rpm"), 500, "unexpected EOF"],
  ];

  it.each(refused)("is refused for %s", async (_, file, status, message) => {
    const trial = new Trial({ agentVersion: HEAD });
    const sealed = await uploadSealed(trial, file);
    expect([sealed.status, sealed.json.data]).toEqual([status, null]);
    expect(sealed.error?.message).toContain(message);
    expect((await uploadPlain(trial, file)).json).not.toHaveProperty("data");
    expect(trial.cluster.state.packages).toEqual([]);
  });

  it("is refused unsealed where it must be sealed, and everywhere outside a cluster", async () => {
    const trial = new Trial({ agentVersion: HEAD });
    const plain = { rawBody: form(rpm()).toString("latin1"), headers: { "content-type": TYPE } };
    expect((await trial.call("POST", "/api/v1/upgrade/package", undefined, 0, plain)).json).toMatchObject({
      status: 500,
      error: { errCode: "Common.Unexpected" },
    });
    const single = new Trial({ agentVersion: HEAD, identity: "SINGLE" });
    expect((await uploadPlain(single, rpm())).error?.errCode).toBe("Agent.Identify.NotSupportOperation");
  });
});
