import { appendFile, unlink, writeFile } from "node:fs/promises";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Refused, Unreachable } from "../../provider/core/errors";
import type { UploadedPackage } from "../../provider/oceanbase/agent/schema";
import { formOf, sealStream } from "../../provider/oceanbase/packages/package-stream";
import { readRpm } from "../../provider/oceanbase/packages/rpm";
import { ensureUploaded, receipt, sameAsUploaded, uploadPackage } from "../../provider/oceanbase/packages/upload";
import { makeRpm, type RpmOptions } from "../support/rpm-package";
import {
  failureOf,
  fileOf,
  INTERRUPTED,
  PASSWORD,
  PLAIN,
  packageOf,
  SEALED,
  uploadMissing,
  uploadRig,
} from "./upload-rig";

const HEAD = "4.5.0.0-102026050817";

describe("an upload", () => {
  it.each([
    ["4.3.0.0-1", PLAIN],
    ["4.3.3.0-102025103117", PLAIN],
    [HEAD, PLAIN],
    ["4.2.6.0-1", SEALED],
    ["4.2.5.0-112024111111", SEALED],
    ["4.2.3.0-1", SEALED],
  ])("to an agent of %s is sent to %s, and stored as the package's headers declare", async (agentVersion, endpoint) => {
    const { agents, cluster, runtime, uploads } = uploadRig({ agentVersion });
    const pkg = await packageOf({ payload: Buffer.alloc(300_001, 3) });
    expect(await uploadPackage(agents, pkg, runtime)).toMatchObject({
      name: "oceanbase-ce",
      version: "4.3.5.2",
      release_distribution: "102000042025031214.el7",
      architecture: "x86_64",
    });
    expect(cluster.journal.count("POST", endpoint)).toBe(1);
    expect(uploads()).toBe(1);
    expect(cluster.state.packages).toMatchObject([{ name: "oceanbase-ce", md5: pkg.md5, size: pkg.installedBytes }]);
  });

  it("is encrypted with the agent's own password if it has one", async () => {
    const { agents, runtime } = uploadRig({ agentVersion: "4.2.6.0-1", agentPassword: "agent's" });
    const pkg = await packageOf({ name: "obshell" });
    await expect(uploadPackage(agents, pkg, runtime)).resolves.toMatchObject({ name: "obshell" });
  });

  it("reports its progress in increasing percentages", async () => {
    const { agents, runtime } = uploadRig();
    const percentages: number[] = [];
    await uploadPackage(agents, await packageOf({ payload: Buffer.alloc(2_000_000) }), runtime, (one) =>
      percentages.push(one),
    );
    expect(percentages.at(-1)).toBe(100);
    expect(percentages).toEqual([...new Set(percentages)].sort((a, b) => a - b));
    expect(percentages.length).toBeGreaterThan(10);
  });

  it("is sent to the next agent if nothing has been sent to the first", async () => {
    const { agents, cluster, runtime } = uploadRig();
    await agents.contactAll();
    cluster.control.stopAgent(0);
    await expect(uploadPackage(agents, await packageOf(), runtime)).resolves.toMatchObject({ name: "oceanbase-ce" });
    expect(cluster.journal.find("POST", PLAIN).map(({ host, status }) => [host, status])).toEqual([
      ["agent1", 0],
      ["agent2", 200],
    ]);
  });

  it("is certainly not sent if no agent listens", async () => {
    const { agents, cluster, runtime, uploads } = uploadRig();
    for (const index of [0, 1, 2]) cluster.control.stopAgent(index);
    const pkg = await packageOf();
    expect(await failureOf(uploadPackage(agents, pkg, runtime))).toMatchObject({ name: "Unreachable", sent: false });
    expect(uploads()).toBe(0);
  });

  it.each(["loseReply", "reset"] as const)("may have been stored if its response is lost (%s)", async (kind) => {
    const { agents, cluster, runtime, uploads } = uploadRig();
    cluster.faults.add({ match: { method: "POST", path: PLAIN }, fault: { kind } });
    const error = await failureOf(uploadPackage(agents, await packageOf({ payload: Buffer.alloc(9) }), runtime));
    expect(error).toBeInstanceOf(Unreachable);
    expect(error).toMatchObject({ sent: true });
    expect(uploads()).toBe(1);
  });

  it("that is too large for a proxy is refused, and the message names the proxy", async () => {
    const { agents, cluster, runtime } = uploadRig();
    const fault = { kind: "replace", status: 413, headers: {}, body: "<h1>413</h1>" } as const;
    cluster.faults.add({ match: { method: "POST", path: PLAIN }, fault });
    const error = await failureOf(uploadPackage(agents, await packageOf(), runtime));
    expect(error).toMatchObject({ name: "Refused", refusal: "final" });
    expect(error.sentence).toMatch(/was refused: HTTP 413.* obshell has no such limit\. .*proxy/);
  });

  it.each([PLAIN, SEALED])("to %s with a replaced key is refused, and accepted at the next attempt", async (path) => {
    const { agents, cluster, runtime } = uploadRig({ agentVersion: path === PLAIN ? HEAD : "4.2.6.0-1", zones: 1 });
    const pkg = await packageOf({ name: "obshell" });
    await agents.contactAll();
    cluster.control.replaceKey(0);
    expect(await failureOf(uploadPackage(agents, pkg, runtime))).toMatchObject({ name: "Refused", refusal: "soon" });
    await expect(uploadPackage(agents, pkg, runtime)).resolves.toMatchObject({ name: "obshell" });
  });

  it("is not started after the signal", async () => {
    const { agents, runtime, controller, uploads } = uploadRig();
    const pkg = await packageOf();
    controller.abort(INTERRUPTED);
    await expect(uploadPackage(agents, pkg, runtime)).rejects.toBe(INTERRUPTED);
    expect(uploads()).toBe(0);
  });

  it("never shows the password in its error", async () => {
    const { agents, cluster, runtime } = uploadRig({ agentVersion: "4.2.6.0-1" });
    cluster.faults.add({ match: { method: "POST", path: SEALED }, fault: { kind: "loseReply" } });
    const error = await failureOf(uploadPackage(agents, await packageOf({ name: "obshell" }), runtime));
    expect(error.sentence).not.toContain(PASSWORD);
  });
});

describe("a package that the server refuses", () => {
  const refusals: [string, RpmOptions, object, RegExp][] = [
    [
      "of another edition",
      { name: "oceanbase" },
      {},
      /Unsupported name 'oceanbase'.*\(OB\.Package\.Name\.NotSupport\)/,
    ],
    [
      "that is too old",
      { version: "4.1.0.0" },
      {},
      /minimum supported version is '4\.2\.0\.0' \(Agent\.OBVersionNotSupported\)/,
    ],
    [
      "without its files",
      { files: [] },
      {},
      /These files are missing in package 'oceanbase-ce'.*\(OB\.Package\.MissingFile\)/,
    ],
    [
      "outside of a cluster",
      {},
      { identity: "SCALING OUT" },
      /instead of 'CLUSTER AGENT'.*\(Agent\.Identify\.NotSupportOperation\)/,
    ],
    [
      "with the message of 4.3.0.0",
      { name: "oceanbase" },
      { agentVersion: "4.3.0.0-1" },
      /Known error: unsupported name.*\(1010\)/,
    ],
    [
      "with the message of 4.2.5.0",
      { files: [] },
      { agentVersion: "4.2.5.0-1" },
      /Known error: these files are missing.*\(1010\)/,
    ],
  ];

  it.each(refusals)("%s is refused finally, with the server's message", async (_, options, cluster, words) => {
    const { agents, runtime, uploads, cluster: sim } = uploadRig({ agentVersion: HEAD, ...cluster });
    const error = await failureOf(uploadPackage(agents, await packageOf(options), runtime));
    expect(error).toBeInstanceOf(Refused);
    expect(error).toMatchObject({ refusal: "final" });
    expect(error.message).toMatch(words);
    expect(uploads()).toBe(1);
    expect(sim.state.packages).toEqual([]);
  });

  it.each([
    [401, { errCode: "Security.Authentication.File.Sha256Mismatch", message: "File SHA256 mismatch" }, "final"],
    [401, { code: 10008, message: "Verification failed: file sha256 not match" }, "final"],
    [500, { errCode: "Request.File.Missing", message: "File 'file' in the request is missing" }, "final"],
    [500, { errCode: "OB.Package.Corrupted", message: "Package 'x' in OB is corrupted" }, "final"],
    [400, { errCode: "Package.Compression.NotSupported", message: "Unsupported compression 'zstd'" }, "final"],
    [400, { errCode: "Package.Format.Invalid", message: "Unsupported payload format 'tar'" }, "final"],
    [400, { errCode: "Package.ReleaseFormat.Invalid", message: "Release format 1 is illegal" }, "final"],
    [500, { errCode: "Common.Unexpected", message: "MD5 checksum validation failed" }, "final"],
    [500, { errCode: "Agent.OceanBase.NotHold", message: "Agent is not holding OceanBase" }, "soon"],
  ])("with %d %o is refused: %3$s", async (status, error, refusal) => {
    const { agents, cluster, runtime } = uploadRig();
    const body = JSON.stringify({ successful: false, status, error });
    const fault = { kind: "replace", status, headers: { "content-type": "application/json" }, body } as const;
    cluster.faults.add({ match: { method: "POST", path: PLAIN }, fault });
    const refused = await failureOf(uploadPackage(agents, await packageOf(), runtime));
    expect(refused).toMatchObject({ name: "Refused", refusal });
    expect(refused.message).toContain(error.message);
  });
});

describe("a file that has changed since it was checked", () => {
  it.each<[string, (path: string) => Promise<void>, RegExp]>([
    ["was deleted", unlink, /cannot be read: there is no such file/],
    ["was rewritten", (path) => writeFile(path, Buffer.alloc(2_000)), /changed after it was checked/],
    ["was truncated", (path) => writeFile(path, "x"), /changed after it was checked/],
  ])("is not uploaded completely if it %s", async (_, change, message) => {
    const { agents, runtime, uploads } = uploadRig();
    const pkg = await packageOf();
    await change(pkg.path);
    const error = await failureOf(uploadPackage(agents, pkg, runtime));
    expect(error).toMatchObject({ code: "blocked", message: expect.stringMatching(message) });
    expect(uploads()).toBe(0);
  });

  it("is sent as checked if bytes were only appended", async () => {
    const { agents, runtime } = uploadRig();
    const pkg = await packageOf();
    await appendFile(pkg.path, "more");
    await expect(uploadPackage(agents, pkg, runtime)).resolves.toMatchObject({ name: "oceanbase-ce" });
  });
});

describe("a streamed form", () => {
  it("is exactly as long as announced, plain and encrypted, regardless of its size", async () => {
    const pkg = await packageOf();
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: fc.constantFrom("a", "7"), maxLength: 60 }), async (boundary) => {
        const form = formOf(pkg, boundary, () => undefined);
        for (const stream of [form, sealStream(form, Buffer.alloc(32, 1))]) {
          let length = 0;
          for await (const chunk of stream.chunks()) length += chunk.length;
          expect(length).toBe(stream.length);
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe("the response to an upload", () => {
  const identity = { name: "n", version: "1", release_distribution: "2.el7", architecture: "x86_64" };
  const capital = { Name: "n", Version: "1", ReleaseDistribution: "2.el7", Architecture: "x86_64" };

  it.each([
    [
      { ...identity, upgrade_dep_yaml: "" },
      { ...identity, upgrade_dep_yaml: "" },
    ],
    [
      { ...identity, upgrade_dep_yaml: null, pkg_id: 7 },
      { ...identity, upgrade_dep_yaml: null },
    ],
    [
      { ...identity, upgrade_dep_yaml: "- version: 1" },
      { ...identity, upgrade_dep_yaml: "- version: 1" },
    ],
    [
      { ...capital, UpgradeDepYaml: "" },
      { ...identity, upgrade_dep_yaml: "" },
    ],
    [
      { ...capital, UpgradeDepYaml: "- version: 1", PkgId: 1 },
      { ...identity, upgrade_dep_yaml: "- version: 1" },
    ],
  ])("%j is parsed", (response, expected) => {
    expect(receipt.parse(response)).toEqual(expected);
  });

  it("counts as lost if it cannot be read", async () => {
    const { agents, cluster, runtime } = uploadRig();
    const body = JSON.stringify({ successful: true, status: 200, data: { id: 1 } });
    cluster.faults.add({ match: { path: PLAIN }, fault: { kind: "replace", status: 200, body } });
    const error = await failureOf(uploadPackage(agents, await packageOf(), runtime));
    expect(error).toMatchObject({ name: "Unreachable", sent: true });
  });
});

describe("a package is the same as an uploaded one", () => {
  const uploaded = { name: "oceanbase-ce", version: "4.3.5.2", release_distribution: "102000042025031214.el7" };

  it.each([
    ["with the same four properties", { architecture: "x86_64" }, true],
    ["not with another architecture", { architecture: "aarch64" }, false],
    ["not with another name", { architecture: "x86_64", name: "oceanbase-ce-libs" }, false],
    ["not with another version", { architecture: "x86_64", version: "4.3.5.3" }, false],
    [
      "not with another distribution",
      { architecture: "x86_64", release_distribution: "102000042025031214.el8" },
      false,
    ],
  ])("%s", async (_, more, expected) => {
    expect(sameAsUploaded(await packageOf(), [{ ...uploaded, ...more }])).toBe(expected);
  });
});

const LIST = "/api/v1/upgrade/package/info";
const OLD = "4.2.5.0-112024111111";

const both = async () => [await packageOf(), await packageOf({ name: "oceanbase-ce-libs" })];

describe("required packages", () => {
  it("are uploaded one after the other, and not again", async () => {
    const harness = uploadRig();
    const { uploads, messages, reports } = harness;
    const packages = await both();
    const receipts = await uploadMissing(harness, packages);
    expect(receipts.map(({ name }) => name)).toEqual(["oceanbase-ce", "oceanbase-ce-libs"]);
    expect(uploads()).toBe(2);
    expect(messages).toEqual([
      expect.stringMatching(/^uploaded oceanbase-ce-4\.3\.5\.2-102000042025031214\.el7\.x86_64\.rpm \(0\.0 MB\)$/),
      expect.stringMatching(/^uploaded oceanbase-ce-libs-/),
    ]);
    expect(reports.at(-1)).toMatchObject({ percent: 100, message: expect.stringMatching(/^unpacking /) });
    expect(await uploadMissing(harness, packages)).toEqual([]);
    expect(uploads()).toBe(2);
  });

  it("are uploaded only if they are missing", async () => {
    const harness = uploadRig();
    const { cluster } = harness;
    cluster.control.addPackage({ name: "oceanbase-ce", version: "4.3.5.2", release: "102000042025031214.el7" });
    const receipts = await uploadMissing(harness, await both());
    expect(receipts.map(({ name }) => name)).toEqual(["oceanbase-ce-libs"]);
  });

  it.each([undefined, OLD])("are uploaded once if one is given twice (agents of %s)", async (agentVersion) => {
    const harness = uploadRig(agentVersion === undefined ? {} : { agentVersion });
    const { uploads } = harness;
    const pkg = await packageOf();
    const twin = await readRpm(await fileOf(makeRpm(), "twin.rpm"));
    expect(await uploadMissing(harness, [pkg, twin])).toHaveLength(1);
    expect(uploads()).toBe(1);
  });

  it("are not uploaded while no agent returns its package list", async () => {
    const harness = uploadRig();
    const { cluster, uploads } = harness;
    cluster.faults.add({ match: { path: LIST }, times: 100, fault: { kind: "reset" } });
    const error = await failureOf(uploadMissing(harness, await both()));
    expect(error).toMatchObject({ name: "Unreachable", sent: false });
    expect(error.sentence).toMatch(
      /^The uploaded packages could not be listed: .* Nothing was sent\. When the agents respond/,
    );
    expect(uploads()).toBe(0);
  });

  it("are listed through an agent that supports it, regardless of which one is read first", async () => {
    const harness = uploadRig();
    const { cluster, agents, runtime } = harness;
    cluster.control.setAgentVersion(OLD, 0);
    cluster.control.addPackage({ name: "oceanbase-ce", version: "4.3.5.2", release: "102000042025031214.el7" });
    const receipts: UploadedPackage[] = [];
    await ensureUploaded(agents, await both(), runtime, receipts, `http://${cluster.endpoints[0]}`);
    expect(receipts.map(({ name }) => name)).toEqual(["oceanbase-ce-libs"]);
  });

  it("cause no request if there are none", async () => {
    const harness = uploadRig();
    const { cluster } = harness;
    expect(await uploadMissing(harness, [])).toEqual([]);
    expect(cluster.journal.entries).toEqual([]);
  });

  it("are returned with their list of upgrade paths if the server includes it", async () => {
    const harness = uploadRig({ agentVersion: OLD });
    const { cluster } = harness;
    const data = { Name: "oceanbase-ce", Version: "4.3.5.2", ReleaseDistribution: "1.el7", Architecture: "x86_64" };
    const body = JSON.stringify({ successful: true, status: 200, data: { ...data, UpgradeDepYaml: "- version: 4" } });
    cluster.faults.add({ match: { path: SEALED }, fault: { kind: "replace", status: 200, body } });
    expect(await uploadMissing(harness, [await packageOf()])).toMatchObject([{ upgrade_dep_yaml: "- version: 4" }]);
  });
});

describe("an upload whose response is lost", () => {
  it("is found in the list, not sent again", async () => {
    const harness = uploadRig();
    const { cluster, uploads, messages } = harness;
    cluster.faults.add({ match: { method: "POST", path: PLAIN }, fault: { kind: "loseReply" } });
    const receipts = await uploadMissing(harness, await both());
    expect(receipts.map(({ name }) => name)).toEqual(["oceanbase-ce", "oceanbase-ce-libs"]);
    expect(messages[0]).toMatch(
      /^The response to the upload of oceanbase-ce-.*was lost \(.*\); searching for the package\.$/,
    );
    expect(uploads()).toBe(2);
    expect(cluster.state.packages).toHaveLength(2);
  });

  it("is searched for while the agents are unreachable", async () => {
    const harness = uploadRig();
    const { cluster, clock, uploads } = harness;
    cluster.faults.add({ match: { method: "POST", path: PLAIN }, fault: { kind: "loseReply" } });
    cluster.faults.add({ match: { path: LIST }, skip: 1, times: 15, fault: { kind: "reset" } });
    const began = clock.now();
    expect(await uploadMissing(harness, [await packageOf()])).toHaveLength(1);
    expect(uploads()).toBe(1);
    expect(clock.since(began)).toBeGreaterThan(1_000);
  });

  it("is unconfirmed if it does not appear within two minutes, and is sent once", async () => {
    const harness = uploadRig();
    const { cluster, clock, uploads } = harness;
    cluster.faults.add({ match: { method: "POST", path: PLAIN }, fault: { kind: "reset" } });
    const began = clock.now();
    const error = await failureOf(uploadMissing(harness, await both()));
    expect(error.code).toBe("unconfirmed");
    expect(error.sentence).toMatch(
      /^The response to the upload of oceanbase-ce-4\S+ was lost \(.*\), and it did not appear within 2 min.* It was not sent again\. Check whether/,
    );
    expect(clock.since(began)).toBeGreaterThanOrEqual(120_000);
    expect(clock.since(began)).toBeLessThan(140_000);
    expect(uploads()).toBe(1);
  });

  it("is unconfirmed at once if the agents cannot list packages", async () => {
    const harness = uploadRig({ agentVersion: OLD });
    const { cluster, clock, uploads } = harness;
    cluster.faults.add({ match: { method: "POST", path: SEALED }, fault: { kind: "loseReply" } });
    const began = clock.now();
    const error = await failureOf(uploadMissing(harness, [await packageOf()]));
    expect(error).toMatchObject({
      code: "unconfirmed",
      message: expect.stringContaining("agents before 4.3.0.0 cannot say"),
    });
    expect([uploads(), clock.since(began)]).toEqual([1, 0]);
  });

  it("is no longer searched for after the signal", async () => {
    const harness = uploadRig();
    const { cluster, controller, uploads } = harness;
    cluster.faults.add({ match: { method: "POST", path: PLAIN }, fault: { kind: "reset" } });
    cluster.onCall(({ request }) => {
      if (request.target === LIST && uploads() > 0) controller.abort(INTERRUPTED);
    });
    const pkg = await packageOf();
    await expect(uploadMissing(harness, [pkg])).rejects.toBe(INTERRUPTED);
    expect(uploads()).toBe(1);
  });
});
