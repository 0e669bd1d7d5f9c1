import { appendFile, unlink, writeFile } from "node:fs/promises";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Refused, Unreachable } from "../../provider/core/errors";
import type { UploadedPackage } from "../../provider/oceanbase/agent/schema";
import { formOf, sealStream } from "../../provider/oceanbase/packages/package-stream";
import { readRpm } from "../../provider/oceanbase/packages/rpm";
import { ensureUploaded, receipt, sameAsUploaded, uploadPackage } from "../../provider/oceanbase/packages/upload";
import { makeRpm, type RpmOptions } from "../support/rpm-package";
import { ensured, failureOf, fileOf, INTERRUPTED, PASSWORD, PLAIN, packageOf, SEALED, uploadRig } from "./upload-rig";

const HEAD = "4.5.0.0-102026050817";

describe("an upload", () => {
  it.each([
    ["4.3.0.0-1", PLAIN],
    ["4.3.3.0-102025103117", PLAIN],
    [HEAD, PLAIN],
    ["4.2.6.0-1", SEALED],
    ["4.2.5.0-112024111111", SEALED],
    ["4.2.3.0-1", SEALED],
  ])("to an agent of %s goes to %s, and is stored as the package's headers say", async (agentVersion, endpoint) => {
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

  it("is encrypted with the agent's own password where it has one", async () => {
    const { agents, runtime } = uploadRig({ agentVersion: "4.2.6.0-1", agentPassword: "agent's" });
    const pkg = await packageOf({ name: "obshell" });
    await expect(uploadPackage(agents, pkg, runtime)).resolves.toMatchObject({ name: "obshell" });
  });

  it("tells how much was handed over, in rising percent", async () => {
    const { agents, runtime } = uploadRig();
    const told: number[] = [];
    await uploadPackage(agents, await packageOf({ payload: Buffer.alloc(2_000_000) }), runtime, (one) =>
      told.push(one),
    );
    expect(told.at(-1)).toBe(100);
    expect(told).toEqual([...new Set(told)].sort((a, b) => a - b));
    expect(told.length).toBeGreaterThan(10);
  });

  it("goes to the next agent while nothing of it has left", async () => {
    const { agents, cluster, runtime } = uploadRig();
    await agents.contactAll();
    cluster.control.stopAgent(0);
    await expect(uploadPackage(agents, await packageOf(), runtime)).resolves.toMatchObject({ name: "oceanbase-ce" });
    expect(cluster.journal.find("POST", PLAIN).map(({ host, status }) => [host, status])).toEqual([
      ["agent1", 0],
      ["agent2", 200],
    ]);
  });

  it("where nobody listens was certainly not sent", async () => {
    const { agents, cluster, runtime, uploads } = uploadRig();
    for (const index of [0, 1, 2]) cluster.control.stopAgent(index);
    const pkg = await packageOf();
    expect(await failureOf(uploadPackage(agents, pkg, runtime))).toMatchObject({ name: "Unreachable", sent: false });
    expect(uploads()).toBe(0);
  });

  it.each(["loseReply", "reset"] as const)("whose answer is lost (%s) may have been stored", async (kind) => {
    const { agents, cluster, runtime, uploads } = uploadRig();
    cluster.faults.add({ match: { method: "POST", path: PLAIN }, fault: { kind } });
    const error = await failureOf(uploadPackage(agents, await packageOf({ payload: Buffer.alloc(9) }), runtime));
    expect(error).toBeInstanceOf(Unreachable);
    expect(error).toMatchObject({ sent: true });
    expect(uploads()).toBe(1);
  });

  it("that a proxy finds too large is refused, with where to look", async () => {
    const { agents, cluster, runtime } = uploadRig();
    const fault = { kind: "replace", status: 413, headers: {}, body: "<h1>413</h1>" } as const;
    cluster.faults.add({ match: { method: "POST", path: PLAIN }, fault });
    const error = await failureOf(uploadPackage(agents, await packageOf(), runtime));
    expect(error).toMatchObject({ name: "Refused", refusal: "final" });
    expect(error.sentence).toMatch(/was refused: HTTP 413.* obshell has no such limit\. .*proxy/);
  });

  it.each([PLAIN, SEALED])(
    "to %s under a key that has changed is refused, and welcome a moment later",
    async (path) => {
      const { agents, cluster, runtime } = uploadRig({ agentVersion: path === PLAIN ? HEAD : "4.2.6.0-1", zones: 1 });
      const pkg = await packageOf({ name: "obshell" });
      await agents.contactAll();
      cluster.control.replaceKey(0);
      expect(await failureOf(uploadPackage(agents, pkg, runtime))).toMatchObject({ name: "Refused", refusal: "soon" });
      await expect(uploadPackage(agents, pkg, runtime)).resolves.toMatchObject({ name: "obshell" });
    },
  );

  it("is not begun after the signal", async () => {
    const { agents, runtime, controller, uploads } = uploadRig();
    const pkg = await packageOf();
    controller.abort(INTERRUPTED);
    await expect(uploadPackage(agents, pkg, runtime)).rejects.toBe(INTERRUPTED);
    expect(uploads()).toBe(0);
  });

  it("never shows the password or the hash in what it says", async () => {
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
      "in the words of 4.3.0.0",
      { name: "oceanbase" },
      { agentVersion: "4.3.0.0-1" },
      /Known error: unsupported name.*\(1010\)/,
    ],
    [
      "in the words of 4.2.5.0",
      { files: [] },
      { agentVersion: "4.2.5.0-1" },
      /Known error: these files are missing.*\(1010\)/,
    ],
  ];

  it.each(refusals)("%s is refused for good, in its words", async (_, options, cluster, words) => {
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

describe("a file that is not what was checked", () => {
  it.each<[string, (path: string) => Promise<void>, RegExp]>([
    ["is gone", unlink, /cannot be read: there is no such file/],
    ["was rewritten", (path) => writeFile(path, Buffer.alloc(2_000)), /changed after it was checked/],
    ["was cut", (path) => writeFile(path, "x"), /changed after it was checked/],
  ])("because it %s does not become a whole request", async (_, change, message) => {
    const { agents, runtime, uploads } = uploadRig();
    const pkg = await packageOf();
    await change(pkg.path);
    const error = await failureOf(uploadPackage(agents, pkg, runtime));
    expect(error).toMatchObject({ code: "blocked", message: expect.stringMatching(message) });
    expect(uploads()).toBe(0);
  });

  it("but was only added to is sent as it was", async () => {
    const { agents, runtime } = uploadRig();
    const pkg = await packageOf();
    await appendFile(pkg.path, "more");
    await expect(uploadPackage(agents, pkg, runtime)).resolves.toMatchObject({ name: "oceanbase-ce" });
  });
});

describe("a streamed form", () => {
  it("is exactly as long as announced, plain and sealed, whatever its size", async () => {
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

describe("an answer", () => {
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
  ])("%j is understood", (answer, expected) => {
    expect(receipt.parse(answer)).toEqual(expected);
  });

  it("that cannot be read is a lost one", async () => {
    const { agents, cluster, runtime } = uploadRig();
    const body = JSON.stringify({ successful: true, status: 200, data: { id: 1 } });
    cluster.faults.add({ match: { path: PLAIN }, fault: { kind: "replace", status: 200, body } });
    const error = await failureOf(uploadPackage(agents, await packageOf(), runtime));
    expect(error).toMatchObject({ name: "Unreachable", sent: true });
  });
});

describe("a package is the same as an uploaded one", () => {
  const there = { name: "oceanbase-ce", version: "4.3.5.2", release_distribution: "102000042025031214.el7" };

  it.each([
    ["by its four names", { architecture: "x86_64" }, true],
    ["not of another architecture", { architecture: "aarch64" }, false],
    ["not under another name", { architecture: "x86_64", name: "oceanbase-ce-libs" }, false],
    ["not of another version", { architecture: "x86_64", version: "4.3.5.3" }, false],
    ["not of another distribution", { architecture: "x86_64", release_distribution: "102000042025031214.el8" }, false],
  ])("%s", async (_, more, expected) => {
    expect(sameAsUploaded(await packageOf(), [{ ...there, ...more }])).toBe(expected);
  });
});

const LIST = "/api/v1/upgrade/package/info";
const OLD = "4.2.5.0-112024111111";

const both = async () => [await packageOf(), await packageOf({ name: "oceanbase-ce-libs" })];

describe("packages that are to be there", () => {
  it("are uploaded one after another, and not again", async () => {
    const hands = uploadRig();
    const { uploads, said, reports } = hands;
    const packages = await both();
    const receipts = await ensured(hands, packages);
    expect(receipts.map(({ name }) => name)).toEqual(["oceanbase-ce", "oceanbase-ce-libs"]);
    expect(uploads()).toBe(2);
    expect(said).toEqual([
      expect.stringMatching(/^uploaded oceanbase-ce-4\.3\.5\.2-102000042025031214\.el7\.x86_64\.rpm \(0\.0 MB\)$/),
      expect.stringMatching(/^uploaded oceanbase-ce-libs-/),
    ]);
    expect(reports.at(-1)).toMatchObject({ percent: 100, message: expect.stringMatching(/^unpacking /) });
    expect(await ensured(hands, packages)).toEqual([]);
    expect(uploads()).toBe(2);
  });

  it("are uploaded as far as they are missing", async () => {
    const hands = uploadRig();
    const { cluster } = hands;
    cluster.control.addPackage({ name: "oceanbase-ce", version: "4.3.5.2", release: "102000042025031214.el7" });
    const receipts = await ensured(hands, await both());
    expect(receipts.map(({ name }) => name)).toEqual(["oceanbase-ce-libs"]);
  });

  it.each([undefined, OLD])("are uploaded once where one is given twice (agents of %s)", async (agentVersion) => {
    const hands = uploadRig(agentVersion === undefined ? {} : { agentVersion });
    const { uploads } = hands;
    const pkg = await packageOf();
    const twin = await readRpm(await fileOf(makeRpm(), "twin.rpm"));
    expect(await ensured(hands, [pkg, twin])).toHaveLength(1);
    expect(uploads()).toBe(1);
  });

  it("are not uploaded while nobody says what is there: nothing was sent", async () => {
    const hands = uploadRig();
    const { cluster, uploads } = hands;
    cluster.faults.add({ match: { path: LIST }, times: 100, fault: { kind: "reset" } });
    const error = await failureOf(ensured(hands, await both()));
    expect(error).toMatchObject({ name: "Unreachable", sent: false });
    expect(error.sentence).toMatch(
      /^The uploaded packages could not be listed: .* Nothing was sent\. When the agents respond/,
    );
    expect(uploads()).toBe(0);
  });

  it("are listed by an agent that can, whichever is asked first", async () => {
    const hands = uploadRig();
    const { cluster, agents, runtime } = hands;
    cluster.control.setAgentVersion(OLD, 0);
    cluster.control.addPackage({ name: "oceanbase-ce", version: "4.3.5.2", release: "102000042025031214.el7" });
    const receipts: UploadedPackage[] = [];
    await ensureUploaded(agents, await both(), runtime, receipts, `http://${cluster.endpoints[0]}`);
    expect(receipts.map(({ name }) => name)).toEqual(["oceanbase-ce-libs"]);
  });

  it("of whom there are none cost nothing", async () => {
    const hands = uploadRig();
    const { cluster } = hands;
    expect(await ensured(hands, [])).toEqual([]);
    expect(cluster.journal.entries).toEqual([]);
  });

  it("bring their list of ways with them, where the server tells it", async () => {
    const hands = uploadRig({ agentVersion: OLD });
    const { cluster } = hands;
    const data = { Name: "oceanbase-ce", Version: "4.3.5.2", ReleaseDistribution: "1.el7", Architecture: "x86_64" };
    const body = JSON.stringify({ successful: true, status: 200, data: { ...data, UpgradeDepYaml: "- version: 4" } });
    cluster.faults.add({ match: { path: SEALED }, fault: { kind: "replace", status: 200, body } });
    expect(await ensured(hands, [await packageOf()])).toMatchObject([{ upgrade_dep_yaml: "- version: 4" }]);
  });
});

describe("an upload whose answer is lost", () => {
  it("is found in the list, not sent again", async () => {
    const hands = uploadRig();
    const { cluster, uploads, said } = hands;
    cluster.faults.add({ match: { method: "POST", path: PLAIN }, fault: { kind: "loseReply" } });
    const receipts = await ensured(hands, await both());
    expect(receipts.map(({ name }) => name)).toEqual(["oceanbase-ce", "oceanbase-ce-libs"]);
    expect(said[0]).toMatch(
      /^The response to the upload of oceanbase-ce-.*was lost \(.*\); searching for the package\.$/,
    );
    expect(uploads()).toBe(2);
    expect(cluster.state.packages).toHaveLength(2);
  });

  it("is looked for while the agents are silent", async () => {
    const hands = uploadRig();
    const { cluster, clock, uploads } = hands;
    cluster.faults.add({ match: { method: "POST", path: PLAIN }, fault: { kind: "loseReply" } });
    cluster.faults.add({ match: { path: LIST }, skip: 1, times: 15, fault: { kind: "reset" } });
    const began = clock.now();
    expect(await ensured(hands, [await packageOf()])).toHaveLength(1);
    expect(uploads()).toBe(1);
    expect(clock.since(began)).toBeGreaterThan(1_000);
  });

  it("is unconfirmed when it does not appear within two minutes, and was sent once", async () => {
    const hands = uploadRig();
    const { cluster, clock, uploads } = hands;
    cluster.faults.add({ match: { method: "POST", path: PLAIN }, fault: { kind: "reset" } });
    const began = clock.now();
    const error = await failureOf(ensured(hands, await both()));
    expect(error.code).toBe("unconfirmed");
    expect(error.sentence).toMatch(
      /^The response to the upload of oceanbase-ce-4\S+ was lost \(.*\), and it did not appear within 2 min.* It was not sent again\. Check whether/,
    );
    expect(clock.since(began)).toBeGreaterThanOrEqual(120_000);
    expect(clock.since(began)).toBeLessThan(140_000);
    expect(uploads()).toBe(1);
  });

  it("is unconfirmed at once where nothing can be listed", async () => {
    const hands = uploadRig({ agentVersion: OLD });
    const { cluster, clock, uploads } = hands;
    cluster.faults.add({ match: { method: "POST", path: SEALED }, fault: { kind: "loseReply" } });
    const began = clock.now();
    const error = await failureOf(ensured(hands, [await packageOf()]));
    expect(error).toMatchObject({
      code: "unconfirmed",
      message: expect.stringContaining("agents before 4.3.0.0 cannot say"),
    });
    expect([uploads(), clock.since(began)]).toEqual([1, 0]);
  });

  it("is no longer looked for after the signal", async () => {
    const hands = uploadRig();
    const { cluster, controller, uploads } = hands;
    cluster.faults.add({ match: { method: "POST", path: PLAIN }, fault: { kind: "reset" } });
    cluster.onCall(({ request }) => {
      if (request.target === LIST && uploads() > 0) controller.abort(INTERRUPTED);
    });
    const pkg = await packageOf();
    await expect(ensured(hands, [pkg])).rejects.toBe(INTERRUPTED);
    expect(uploads()).toBe(1);
  });
});
