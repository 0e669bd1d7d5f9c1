import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { DynamicProvider } from "../../provider/frontend/dynamic/dynamic-provider";
import { Journal, RunNotes } from "../../provider/frontend/resource/run-notes";
import { HeldClock } from "../hostile/held-clock";
import { inputsOf } from "../hostile/trial";
import { RESOURCE_TYPES, type Vendor } from "../systems";
import { resourceType, sceneOf } from "../systems/scene";

type Values = Record<string, unknown>;

/** Two plugin processes of one preview, and their log lines. */
function previewOf(type: string) {
  const { vendor, process: start } = sceneOf(resourceType(type), new HeldClock());
  const root = mkdtempSync(join(tmpdir(), "notes-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const lines: string[] = [];
  const processOf = (pid: number) =>
    start({
      log: {
        write: ({ severity, message }) => void lines.push(`${severity} ${message}`),
        flush: async () => undefined,
      },
      notes: new RunNotes(new Journal("127.0.0.1:1", root, pid)),
    });
  const [one, other] = [processOf(process.pid), processOf(process.ppid)];
  /** Previews an unchanged resource. */
  const preview = (lifecycle: DynamicProvider, name: string, args: Values) => {
    const inputs = { ...inputsOf(vendor), ...args };
    const named = { ...inputs, __urn: `urn:pulumi:dev::shop::pulumi-nodejs:dynamic/${type}::${name}` };
    return lifecycle.check(named, named);
  };
  return { vendor, one, other, preview, lines, reported: () => lines.filter((line) => line.includes("as well")) };
}

/** Each type with two versions, as arguments and as they are reported. */
const VERSIONS: readonly [type: string, higher: Values, reported: readonly [string, string]][] = [
  ["oceanbase:ClusterVersion", { version: "4.3.5.4", release: undefined }, ["4.3.5.2-102000042025031214", "4.3.5.4"]],
  ["oceanbase:AgentVersion", { version: "4.5.0.0", release: undefined }, ["4.4.2.0-102026041610", "4.5.0.0"]],
  ["taurusdb:KernelVersion", { version: ">=2.0.79" }, ["2.0.78.260600", ">=2.0.79"]],
  ["taurusdb:StarRocksVersion", { version: "latest" }, ["3.1.15.80", "latest"]],
  ["redisenterprise:ModuleVersions", { modules: { search: "2.12.1" } }, ["2.10.17", "2.12.1"]],
  ["redisenterprise:DatabaseVersion", { redisVersion: "8.0" }, ["7.4", "8.0"]],
];

describe.each(VERSIONS)("two resources of one preview for the same database: %s", (type, higher, [low, high]) => {
  it.each(["one process", "two processes"])("are reported once if their versions differ, in %s", async (where) => {
    const { vendor, one, other, preview, reported } = previewOf(type);
    const second = where === "one process" ? one : other;
    await preview(one, "low", {});
    for (let times = 0; times < 2; times++) await preview(second, "high", higher);
    expect(reported()).toHaveLength(1);
    expect(reported()[0]).toMatch(new RegExp(`^WARNING ${type} "low" manages .* as well, with version ${low}; `));
    expect(reported()[0]).toContain(`this resource has ${high}. Upgrades are never undone`);
    expect(vendor.system.journal.entries).toEqual([]);
  });

  it("are not reported if their versions are the same", async () => {
    const { one, preview, reported } = previewOf(type);
    for (const name of ["one", "other", "third"]) await preview(one, name, {});
    expect(reported()).toEqual([]);
  });

  it("are not reported in another operation", async () => {
    const { one, preview, reported } = previewOf(type);
    await preview(one, "low", {});
    const { other, preview: previewLater } = previewOf(type);
    await previewLater(other, "high", higher);
    expect(reported()).toEqual([]);
  });
});

describe("resources that overlap partially", () => {
  it("are reported with the instances that both list", async () => {
    const { vendor, one, preview, reported } = previewOf("taurusdb:KernelVersion");
    const ids = vendor.args["instanceIds"] as string[];
    await preview(one, "all", {});
    await preview(one, "last", { instanceIds: ids.slice(1), version: "2.0.75" });
    expect(reported()).toEqual([
      expect.stringContaining(`"all" manages ${ids[1]} as well, with version 2.0.78.260600; this resource has 2.0.75.`),
    ]);
  });

  it("are reported with the address that both have", async () => {
    const { vendor, one, preview, reported } = previewOf("oceanbase:ClusterVersion");
    const [first] = vendor.args["endpoints"] as string[];
    await preview(one, "low", { endpoints: [first, "http://10.9.9.9:2886"] });
    await preview(one, "high", { version: "4.3.5.4", release: undefined });
    expect(reported()).toHaveLength(1);
  });

  it("may manage other modules of one database", async () => {
    const { one, preview, reported } = previewOf("redisenterprise:ModuleVersions");
    await preview(one, "search", { modules: { search: "2.10.17" } });
    await preview(one, "json", { modules: { ReJSON: "2.8.10" } });
    expect(reported()).toEqual([]);
    await preview(one, "both", { modules: { SEARCH: "2.12.1", ReJSON: "2.8.10" } });
    expect(reported().filter((line) => line.startsWith("WARNING"))).toEqual([
      expect.stringMatching(
        /"search" manages .*\/search as well, with version 2\.10\.17; this resource has 2\.12\.1\./,
      ),
    ]);
  });

  it("do not overlap if they have different types", async () => {
    const { vendor, lines, one } = previewOf("oceanbase:ClusterVersion");
    const { mode: _, ...args } = vendor.args;
    for (const [type, more] of [
      ["ClusterVersion", {}],
      ["AgentVersion", { version: "4.4.2.0", release: undefined }],
    ] as const) {
      const urn = `urn:pulumi:dev::shop::pulumi-nodejs:dynamic/oceanbase:${type}::one`;
      const inputs = { ...args, ...more, __urn: urn };
      expect((await one.check(inputs, inputs)).failures).toEqual([]);
    }
    expect(lines.filter((line) => line.includes("as well"))).toEqual([]);
  });
});

/** Two resources of one program for the same database, and their outcomes. */
function runOf(type: string) {
  const clock = new HeldClock();
  const { vendor, process } = sceneOf(resourceType(type), clock);
  const lines: string[] = [];
  const lifecycle = process({ log: { write: ({ message }) => lines.push(message), flush: async () => undefined } });
  const inputs = (name: string, args: Values = {}): Values => ({
    ...inputsOf(vendor),
    ...args,
    __urn: `urn:pulumi:dev::shop::pulumi-nodejs:dynamic/${type}::${name}`,
  });
  const create = (name: string, args?: Values) => lifecycle.create(inputs(name, args)).then(({ outs }) => outs);
  const upgradeRequests = () => vendor.system.journal.find("POST", vendor.upgradePath);
  return { vendor, lifecycle, lines, inputs, create, upgradeRequests, clock };
}

describe.each(RESOURCE_TYPES)("two resources for the same database: $type", ({ type }) => {
  it("with the same version share one upgrade", async () => {
    const { vendor, create, upgradeRequests } = runOf(type);
    const [one, other] = await Promise.all([create("one"), create("other")]);
    expect(one).toMatchObject({ status: "current" });
    expect(other).toMatchObject({ status: "current" });
    expect(one["members"]).toEqual(other["members"]);
    expect(vendor.accepted()).toBe(1);
    // Both may send their requests at the same moment: then the vendor rejects the second one, and it is not repeated.
    expect(upgradeRequests().filter(({ status }) => status < 300)).toHaveLength(1);
    expect(upgradeRequests().length).toBeLessThanOrEqual(2);
  });

  it("one after the other cause one upgrade", async () => {
    const { vendor, create, upgradeRequests } = runOf(type);
    await create("one");
    await create("other");
    expect(vendor.accepted()).toBe(1);
    expect(upgradeRequests()).toHaveLength(1);
  });
});

const DIFFERENT: readonly [string, Values, (vendor: Vendor) => void][] = [
  [
    "oceanbase:ClusterVersion",
    { version: "4.3.5.4", release: "104000042025090916.el7" },
    ({ system }) => {
      // The vendor of this type is a cluster.
      const { control } = system as unknown as { control: { addObPackages(version: string, release: string): void } };
      control.addObPackages("4.3.5.4", "104000042025090916.el7");
    },
  ],
  [
    "oceanbase:AgentVersion",
    { version: "4.5.0.0", release: "102026050817.el7" },
    ({ system }) => {
      const { control } = system as unknown as { control: { addAgentPackage(version: string, release: string): void } };
      control.addAgentPackage("4.5.0.0", "102026050817.el7");
    },
  ],
  ["redisenterprise:DatabaseVersion", { redisVersion: "8.0" }, () => undefined],
];

describe.each(DIFFERENT)("two resources for the same database with different versions: %s", (type, higher, prepare) => {
  it("end at the higher version: the resource with the lower one reports a newer version and sends no request", async () => {
    const { vendor, lifecycle, create, upgradeRequests, inputs } = runOf(type);
    prepare(vendor);
    const [low, high] = await Promise.all([create("low"), create("high", higher)]);
    expect(high).toMatchObject({ status: "current" });
    expect(["current", "newer"]).toContain(low["status"]);
    expect(vendor.accepted()).toBeLessThanOrEqual(2);
    const sentBefore = upgradeRequests().length;

    // No later run sends an upgrade request.
    for (let round = 0; round < 3; round++) {
      const { outs } = await lifecycle.update("low", low, inputs("low"));
      expect(outs).toMatchObject({ status: "newer" });
      expect((await lifecycle.update("high", high, inputs("high", higher))).outs).toMatchObject({ status: "current" });
    }
    expect(upgradeRequests()).toHaveLength(sentBefore);
    expect(vendor.accepted()).toBeLessThanOrEqual(2);
  });

  it("are reported with onNewer fail", async () => {
    const { vendor, lifecycle, create, upgradeRequests, inputs } = runOf(type);
    prepare(vendor);
    await create("high", higher);
    const sentBefore = upgradeRequests().length;
    const low = inputs("low", { onNewer: "fail" });
    const { failures = [] } = await lifecycle.check({}, low);
    expect(failures.map(({ reason }) => reason).join()).toMatch(/newer than the target version/);
    await expect(lifecycle.create(low)).rejects.toThrow();
    expect(upgradeRequests()).toHaveLength(sentBefore);
  });
});
