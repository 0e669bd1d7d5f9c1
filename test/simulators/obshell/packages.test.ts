import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { payloadOf } from "../../oceanbase/payload/pack";
import { makeRpm, type RpmOptions } from "../../support/rpm-package";
import { FormError, fileOf } from "./multipart";
import { upgradeDepOf } from "./payload";
import { sealBody, sealHeader, Trial } from "./trial";

const HEAD = "4.5.0.0-102026050817";
const HOME = "/home/admin/oceanbase";
const BOUNDARY = "b0undary";
const TYPE = `multipart/form-data; boundary=${BOUNDARY}`;

const TARGET = { version: "4.5.0.1", release: "102026060101.el7" };

function rpm(name = "obshell", more: RpmOptions = {}): Buffer {
  return makeRpm({ name, ...TARGET, ...more });
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

describe("the form of an upload", () => {
  const disposition = (more: string) => `Content-Disposition: form-data; ${more}\r\n`;
  const part = (more: string) => `--${BOUNDARY}\r\n${disposition(more)}\r\nabc\r\n`;
  const end = `--${BOUNDARY}--\r\n`;
  const file = part('name="file"; filename="a.rpm"');
  it.each([
    ["a file", TYPE, file + end],
    ["a file after another field", TYPE, part('name="note"') + file + end],
    ["a file after a line of text", TYPE, `line\r\n${file}${end}`],
    ["a file before a part that is truncated in its headers", TYPE, `${file}--${BOUNDARY}\r\n`],
    ["a file without the last line break", TYPE, file + end.slice(0, -2)],
    ["a file and a quoted boundary", `Multipart/Form-Data; Boundary="${BOUNDARY}"`, file + end],
  ])("is accepted with %s", (_, type, body) => {
    expect(fileOf(Buffer.from(body), type, "file").toString()).toBe("abc");
  });

  const NO_FILE = "http: no such file";
  const NO_PART = "multipart: NextPart: EOF";
  const NOT_MULTIPART = "request Content-Type isn't multipart/form-data";
  const TRUNCATED = "unexpected EOF";
  it.each([
    ["no file in another field", TYPE, part('name="rpm"; filename="file"') + end, NO_FILE],
    ["no file in a field without a file name", TYPE, part('name="file"') + end, NO_FILE],
    ["no file with an empty file name", TYPE, part('name="file"; filename=""') + end, NO_FILE],
    ["no closing boundary", TYPE, file, TRUNCATED],
    ["truncated content", TYPE, file.slice(0, -4), TRUNCATED],
    ["a truncated boundary at its end", TYPE, `${file}--${BOUNDARY}-`, TRUNCATED],
    ["no line break after a boundary", TYPE, `${file}--${BOUNDARY}`, NO_PART],
    ["a truncated line break after the last boundary", TYPE, `${file}--${BOUNDARY}--\r`, NO_PART],
    ["another boundary", "multipart/form-data; boundary=other", file + end, NO_PART],
    ["a body without a boundary", TYPE, "hello", NO_PART],
    ["an empty body", TYPE, "", NO_PART],
    ["only a boundary", TYPE, `--${BOUNDARY}\r\n`, NO_FILE],
    ["a truncated header", TYPE, `--${BOUNDARY}\r\nContent-Dis`, 'malformed MIME header: missing colon: "Content-Dis"'],
    ["truncated headers", TYPE, `--${BOUNDARY}\r\n${disposition('name="file"; filena').trimEnd()}`, NO_FILE],
    ["another content type", `multipart/mixed; boundary=${BOUNDARY}`, file + end, NOT_MULTIPART],
    ["the content type of JSON", "application/json", "{}", NOT_MULTIPART],
    ["no content type", "", file + end, NOT_MULTIPART],
    ["a boundary without a value", "multipart/form-data; boundary", file + end, NOT_MULTIPART],
    [
      "no boundary in the content type",
      "multipart/form-data",
      file + end,
      "no multipart boundary param in Content-Type",
    ],
  ])("is refused for %s", (_, type, body, reason) => {
    expect(() => fileOf(Buffer.from(body), type, "file")).toThrow(new FormError(reason));
  });

  it("is refused with the reason in the response", async () => {
    const reply = await new Trial({ agentVersion: HEAD }).plain("POST", "/api/v1/package", 0, {}, "{}");
    const message = `File 'file' in the request is missing: ${NOT_MULTIPART}`;
    expect([reply.status, reply.error]).toEqual([500, { errCode: "Request.File.Missing", message }]);
  });
});

describe("the id of a package to delete", () => {
  const illegal = (text: string, reason: string) => ({
    errCode: "Request.Query.Param.Illegal",
    message: `Query parameter 'id' is illegal%!(EXTRA string=strconv.Atoi: parsing "${text}": ${reason})`,
  });
  it.each([
    ["abc", 400, illegal("abc", "invalid syntax")],
    ["1.0", 400, illegal("1.0", "invalid syntax")],
    ["%20", 400, illegal(" ", "invalid syntax")],
    ["99999999999999999999", 400, illegal("99999999999999999999", "value out of range")],
    ["0", 400, { errCode: "Request.Path.Param.Empty", message: "Path parameter 'pkg_id' is empty" }],
    ["-5", 400, { errCode: "Request.Path.Param.Empty", message: "Path parameter 'pkg_id' is empty" }],
    ["+1", 200, undefined],
    ["01", 200, undefined],
  ])("is accepted or rejected as Go parses it: %s", async (id, status, error) => {
    const trial = new Trial({ agentVersion: HEAD });
    trial.cluster.control.addAgentPackage("4.6.0.0", "1.el7");
    const reply = await trial.call("DELETE", `/api/v1/upgrade/package/${id}`);
    expect([reply.status, reply.error]).toEqual([status, error]);
    expect(trial.cluster.state.packages).toHaveLength(status === 200 ? 0 : 1);
  });
});

describe("an uploaded RPM", () => {
  it("is returned in PascalCase or in snake_case, and stored again on each upload", async () => {
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
    await trial.data("POST", "/api/v1/agent/upgrade", TARGET);
    trial.settle();
    expect(trial.cluster.agents[2]?.version).toBe("4.5.0.1-102026060101");
  });

  const refused: [string, Buffer, number, string, string][] = [
    [
      "the name of another edition",
      rpm("oceanbase"),
      400,
      "OB.Package.Name.NotSupport",
      "[obshell, oceanbase-ce, oceanbase-ce-libs]",
    ],
    [
      "a release without dist",
      rpm("obshell", { release: "1" }),
      400,
      "Package.ReleaseFormat.Invalid",
      "failed to check version and release: Release format 1 is illegal",
    ],
    [
      "an old version",
      rpm("obshell", { version: "4.1.0.0" }),
      400,
      "Agent.OBVersionNotSupported",
      "Unsupported OB version '4.1.0.0'",
    ],
    [
      "a broken digest",
      rpm("obshell", { signature: { 1004: Buffer.alloc(16) } }),
      500,
      "Common.Unexpected",
      "MD5 checksum validation failed",
    ],
    [
      "a wrong size",
      rpm("obshell", { signature: { 1000: 7 } }),
      500,
      "Common.Unexpected",
      "MD5 checksum validation failed",
    ],
    [
      "no digest",
      rpm("obshell", { signature: { 1004: undefined } }),
      500,
      "Common.Unexpected",
      "tag not found: RPMSIGTAG_MD5",
    ],
    [
      "no size",
      rpm("obshell", { signature: { 1000: undefined } }),
      500,
      "Common.Unexpected",
      "tag not found: RPMSIGTAG_SIZE",
    ],
    ["too few bytes", Buffer.from("no rpm"), 500, "Common.Unexpected", "unexpected EOF"],
    ["a file that is not an RPM", Buffer.alloc(96), 500, "Common.Unexpected", "rpm: invalid file descriptor"],
    [
      "a missing obshell binary",
      rpm("obshell", { files: [] }),
      500,
      "OB.Package.MissingFile",
      "'obshell': '[/home/admin/oceanbase/bin/obshell]'",
    ],
    [
      "missing upgrade scripts",
      rpm("oceanbase-ce", { files: [`${HOME}/bin/observer`, `${HOME}/bin/obshell`] }),
      500,
      "OB.Package.MissingFile",
      `${HOME}/etc/upgrade_pre.py`,
    ],
    [
      "libraries that are not a directory",
      rpm("oceanbase-ce-libs", { files: [`${HOME}/lib`] }),
      500,
      "OB.Package.MissingFile",
      `'${HOME}/lib'`,
    ],
    [
      "another compression",
      rpm("oceanbase-ce", { header: { 1125: "zstd" } }),
      400,
      "Package.Compression.NotSupported",
      "'zstd'",
    ],
    ["another format", rpm("oceanbase-ce", { header: { 1124: "tar" } }), 400, "Package.Format.Invalid", "'tar'"],
    [
      "files without owners",
      rpm("obshell", { header: { 1039: undefined } }),
      500,
      "Common.Unexpected",
      "Internal Server Error",
    ],
  ];

  const whole = rpm();
  const index = 96 + 16;
  const store = index + whole.readUInt32BE(96 + 8) * 16;
  const storeEnd = store + whole.readUInt32BE(96 + 12);
  const headerAt = Math.ceil(storeEnd / 8) * 8;
  it.each([
    ["no bytes", 0, "EOF"],
    ["part of the lead", 95, "unexpected EOF"],
    ["the lead", 96, "EOF"],
    ["one byte of the signature", 97, "rpm: tag not found: RPMSIGTAG_SIZE"],
    ["the signature up to its index", index, "EOF"],
    ["part of the index", index + 1, "EOF"],
    ["the index", store, "EOF"],
    ["one byte of the store", store + 1, "unexpected EOF"],
    ["all but one byte of the store", storeEnd - 1, "unexpected EOF"],
    ["the signature", headerAt, "MD5 checksum validation failed"],
    ["part of the header", headerAt + 15, "MD5 checksum validation failed"],
  ])("is refused if it is truncated to %s", async (_, length, message) => {
    const { error } = await uploadPlain(new Trial({ agentVersion: HEAD }), whole.subarray(0, length));
    expect(error).toEqual({ errCode: "Common.Unexpected", message });
  });

  it.each(refused)("is refused for %s", async (_, file, status, errCode, message) => {
    const trial = new Trial({ agentVersion: HEAD });
    const sealed = await uploadSealed(trial, file);
    expect(sealed.error?.message).toContain(message);
    expect([sealed.status, sealed.error?.errCode, sealed.json.data ?? null]).toEqual([status, errCode, null]);
    expect((await uploadPlain(trial, file)).json).not.toHaveProperty("data");
    expect(trial.cluster.state.packages).toEqual([]);
  });

  it("is refused unencrypted where encryption is required, and always outside a cluster", async () => {
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

describe("the payload of an uploaded database package", () => {
  const LIST = "./home/admin/oceanbase/etc/oceanbase_upgrade_dep.yml";
  const TEXT = `# comment
- version: 4.2.1.1
  can_be_upgraded_to: [4.2.1.10]
- version: 4.2.1.5
  require_from_binary:
    value: True
    when_come_from: [4.2.1.1]
- version: 4.2.1.10
  deprecated: False
`;
  const files = { "./home/admin/oceanbase/bin/observer": Buffer.alloc(70_000, 1), [LIST]: TEXT };

  it("contains the list of upgrade paths, as text and as nodes", () => {
    expect(upgradeDepOf(payloadOf(files))).toEqual({
      text: TEXT,
      nodes: [
        { version: "4.2.1.1", canBeUpgradedTo: ["4.2.1.10"], deprecated: false },
        {
          version: "4.2.1.5",
          canBeUpgradedTo: [],
          deprecated: false,
          requireFromBinary: { value: true, whenComeFrom: ["4.2.1.1"] },
        },
        { version: "4.2.1.10", canBeUpgradedTo: [], deprecated: false },
      ],
    });
  });

  it.each([
    ["that the simulator cannot unpack", Buffer.from("payload")],
    ["without the file of upgrade paths", payloadOf({ "./home/admin/oceanbase/bin/observer": "x" })],
  ])("%s has no list of upgrade paths", (_, payload) => {
    expect(upgradeDepOf(payload)).toBeUndefined();
  });

  it("contains the obshell version that the agents are upgraded to", async () => {
    const script = "#!/bin/sh\necho 4.5.0.2-102026070101\n";
    const payload = payloadOf({ ...files, "./home/admin/oceanbase/bin/obshell": script });
    const target = { version: "4.2.1.10", release: "110000102024112010.el7" };
    const trial = new Trial({ agentVersion: HEAD });
    await uploadPlain(trial, makeRpm({ ...target, payload }));
    await uploadPlain(trial, makeRpm({ ...target, name: "oceanbase-ce-libs" }));
    await trial.data("POST", "/api/v1/ob/upgrade", { ...target, mode: "ROLLING" });
    trial.settle();
    expect(trial.cluster.agents.map(({ version }) => version)).toEqual(Array(3).fill("4.5.0.2-102026070101"));
  });

  it("is reported by the encrypted upload, but not by the package list", async () => {
    const trial = new Trial({ agentVersion: HEAD, zones: 1 });
    const file = makeRpm({ version: "4.2.1.10", release: "110000102024112010.el7", payload: payloadOf(files) });
    const reply = await uploadSealed(trial, file);
    expect(reply.json.data).toMatchObject({ Name: "oceanbase-ce", UpgradeDepYaml: TEXT });
    expect(await trial.data("GET", "/api/v1/upgrade/package/info")).toMatchObject({
      contents: [{ upgrade_dep_yaml: "" }],
    });
  });
});
