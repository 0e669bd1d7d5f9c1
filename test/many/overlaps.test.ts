import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { DynamicProvider } from "../../provider/frontend/dynamic/dynamic-provider";
import { Journal, RunNotes } from "../../provider/frontend/resource/run-notes";
import { HeldClock } from "../hostile/held-clock";
import { inputsOf } from "../hostile/trial";
import { resourceType, sceneOf } from "../systems/scene";

type Values = Record<string, unknown>;

/** Two plugin processes of one preview, and what they say. */
function stage(type: string) {
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
  /** A preview meets a resource that has not changed. */
  const meet = (lifecycle: DynamicProvider, name: string, args: Values) => {
    const inputs = { ...inputsOf(vendor), ...args };
    const named = { ...inputs, __urn: `urn:pulumi:dev::shop::pulumi-nodejs:dynamic/${type}::${name}` };
    return lifecycle.check(named, named);
  };
  return { vendor, one, other, meet, lines, said: () => lines.filter((line) => line.includes("as well")) };
}

/** Each type with two versions, as the resource takes them and as they are told. */
const VERSIONS: readonly [type: string, higher: Values, told: readonly [string, string]][] = [
  ["oceanbase:ClusterVersion", { version: "4.3.5.4", release: undefined }, ["4.3.5.2-102000042025031214", "4.3.5.4"]],
  ["oceanbase:AgentVersion", { version: "4.5.0.0", release: undefined }, ["4.4.2.0-102026041610", "4.5.0.0"]],
  ["taurusdb:KernelVersion", { version: ">=2.0.79" }, ["2.0.78.260600", ">=2.0.79"]],
  ["taurusdb:StarRocksVersion", { version: "latest" }, ["3.1.15.80", "latest"]],
  ["redisenterprise:ModuleVersions", { modules: { search: "2.12.1" } }, ["2.10.17", "2.12.1"]],
  ["redisenterprise:DatabaseVersion", { redisVersion: "8.0" }, ["7.4", "8.0"]],
];

describe.each(VERSIONS)("two resources of one preview on the same thing: %s", (type, higher, [low, high]) => {
  it.each(["one process", "two processes"])("are told apart once when their versions differ, in %s", async (where) => {
    const { vendor, one, other, meet, said } = stage(type);
    const second = where === "one process" ? one : other;
    await meet(one, "low", {});
    for (let times = 0; times < 2; times++) await meet(second, "high", higher);
    expect(said()).toHaveLength(1);
    expect(said()[0]).toMatch(new RegExp(`^WARNING ${type} "low" manages .* as well, with version ${low}; `));
    expect(said()[0]).toContain(`this resource has ${high}. Upgrades are never undone`);
    expect(vendor.system.journal.entries).toEqual([]);
  });

  it("share it without a word when their versions are the same", async () => {
    const { one, meet, said } = stage(type);
    for (const name of ["one", "other", "third"]) await meet(one, name, {});
    expect(said()).toEqual([]);
  });

  it("are not met in another operation", async () => {
    const { one, meet, said } = stage(type);
    await meet(one, "low", {});
    const { other, meet: meetLater } = stage(type);
    await meetLater(other, "high", higher);
    expect(said()).toEqual([]);
  });
});

describe("resources that have only a part in common", () => {
  it("are told of the instances that both list", async () => {
    const { vendor, one, meet, said } = stage("taurusdb:KernelVersion");
    const ids = vendor.args["instanceIds"] as string[];
    await meet(one, "all", {});
    await meet(one, "last", { instanceIds: ids.slice(1), version: "2.0.75" });
    expect(said()).toEqual([
      expect.stringContaining(`"all" manages ${ids[1]} as well, with version 2.0.78.260600; this resource has 2.0.75.`),
    ]);
  });

  it("are told of the address that both know", async () => {
    const { vendor, one, meet, said } = stage("oceanbase:ClusterVersion");
    const [first] = vendor.args["endpoints"] as string[];
    await meet(one, "low", { endpoints: [first, "http://10.9.9.9:2886"] });
    await meet(one, "high", { version: "4.3.5.4", release: undefined });
    expect(said()).toHaveLength(1);
  });

  it("may manage other modules of one database", async () => {
    const { one, meet, said } = stage("redisenterprise:ModuleVersions");
    await meet(one, "search", { modules: { search: "2.10.17" } });
    await meet(one, "json", { modules: { ReJSON: "2.8.10" } });
    expect(said()).toEqual([]);
    await meet(one, "both", { modules: { SEARCH: "2.12.1", ReJSON: "2.8.10" } });
    expect(said().filter((line) => line.startsWith("WARNING"))).toEqual([
      expect.stringMatching(
        /"search" manages .*\/search as well, with version 2\.10\.17; this resource has 2\.12\.1\./,
      ),
    ]);
  });

  it("have nothing in common when they are of different types", async () => {
    const { vendor, lines, one } = stage("oceanbase:ClusterVersion");
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
