import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Clock, wallClock } from "../../provider/core/runtime";
import type { RpmPackage } from "../../provider/oceanbase/packages/rpm";
import {
  DependencyLists,
  parseDependencies,
  type VersionNode,
} from "../../provider/oceanbase/upgrade-path/dependencies";
import { type Built, findRoute, type Route } from "../../provider/oceanbase/upgrade-path/route";
import { findRoute as serverRoute } from "../simulators/obshell/route";
import { makeRpm } from "../support/rpm-package";
import { payloadOf } from "./payload/pack";
import { rig } from "./rig";
import { built, chains, lists } from "./route-model";
import { packageOf } from "./upload-rig";

const LIST = "./home/admin/oceanbase/etc/oceanbase_upgrade_dep.yml";

let dir = "";

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "routes-"));
});

afterAll(() => rm(dir, { recursive: true, force: true }));

/** As the vendor writes it: with comments, flow and block lists, conditional barriers. */
const VENDOR_LIST = `# oceanbase versions
- version: 4.2.0.0-100000152023080109   # RC2
  can_be_upgraded_to:
    - 4.2.0.0
  deprecated: True

- version: 4.2.0.0
  can_be_upgraded_to: [4.2.1.0, 4.2.1.1-101000062023110109]

- version: 4.2.1.2
  can_be_upgraded_to:
      - 4.3.0.0
  require_from_binary:
    value: True
    when_come_from: [4.1.0.0, 4.2.0.0]
- version: 4.2.5.1
  can_be_upgraded_to:
  require_from_binary: yes
`;

describe("a list of upgrade paths", () => {
  it("is read as the vendor writes it", async () => {
    expect(await parseDependencies(VENDOR_LIST)).toEqual([
      { name: "4.2.0.0-100000152023080109", leadsTo: ["4.2.0.0"], deprecated: true },
      { name: "4.2.0.0", leadsTo: ["4.2.1.0", "4.2.1.1-101000062023110109"], deprecated: false },
      {
        name: "4.2.1.2",
        leadsTo: ["4.3.0.0"],
        deprecated: false,
        barrier: { required: true, whenComeFrom: ["4.1.0.0", "4.2.0.0"] },
      },
      { name: "4.2.5.1", leadsTo: [], deprecated: false, barrier: { required: true, whenComeFrom: [], single: true } },
    ]);
  });

  it.each([
    ["unknown keys", "- version: 4.2.1.1\n  severity: high\n"],
    ["a duplicate key", "- version: 4.2.1.0\n  version: 4.2.1.1\n"],
    ["a second document", "- version: 4.2.1.1\n---\nnonsense: [\n"],
    ["an anchor that is merged", "- &a {version: 4.2.1.1}\n"],
  ])("is read with %s", async (_, text) => {
    expect((await parseDependencies(text))?.map(({ name }) => name)).toEqual(["4.2.1.1"]);
  });

  it.each([
    ["a number", "- version: 4.20\n", "4.20"],
    ["a quoted string", '- version: "4.2.1.1"\n', "4.2.1.1"],
  ])("keeps a version as written: %s", async (_, text, name) => {
    expect((await parseDependencies(text))?.[0]?.name).toBe(name);
  });

  it("applies a merged anchor", async () => {
    const text = "- &old\n  version: 4.2.1.0\n  can_be_upgraded_to: [4.2.1.1]\n- <<: *old\n  version: 4.2.1.3\n";
    expect(await parseDependencies(text)).toMatchObject([
      { name: "4.2.1.0" },
      { name: "4.2.1.3", leadsTo: ["4.2.1.1"] },
    ]);
  });

  it.each(["true", "True", "TRUE", "yes", "on", "y"])("reads %s as true", async (word) => {
    expect((await parseDependencies(`- version: 4.2.1.1\n  deprecated: ${word}\n`))?.[0]?.deprecated).toBe(true);
  });

  it.each(["false", "no", "Off", "", "null"])("reads “%s” as false", async (word) => {
    expect((await parseDependencies(`- version: 4.2.1.1\n  deprecated: ${word}\n`))?.[0]?.deprecated).toBe(false);
  });

  it.each([
    ["", []],
    ["# nothing\n", []],
    ["[]", []],
  ])("may be empty: %j", async (text, nodes) => {
    expect(await parseDependencies(text)).toEqual(nodes);
  });

  it.each([
    ["not YAML", "- version: [4.2.1.1\n"],
    ["a mapping", "version: 4.2.1.1\n"],
    ["a list of strings", "- 4.2.1.1\n"],
    ["a list with a duplicate version", "- version: 4.2.1.1\n- version: 4.2.1.1\n"],
    ["a list with an invalid boolean", "- version: 4.2.1.1\n  deprecated: maybe\n"],
    ["a list with a list in place of a version", "- version: [4.2.1.1]\n"],
    ["a list with an undefined alias", "- version: *nowhere\n"],
    ["binary data", "\u0000\u0001\u0002"],
    ["a list with an excessive number of aliases", bomb()],
  ])("is unknown if it is %s", async (_, text) => {
    expect(await parseDependencies(text)).toBeUndefined();
  });
});

function bomb(): string {
  const lines = ["a0: &a0 [x]"];
  for (let i = 1; i < 12; i++)
    lines.push(
      `a${i}: &a${i} [${Array(9)
        .fill(`*a${i - 1}`)
        .join(", ")}]`,
    );
  return `- version: 4.2.1.1\n  x:\n    ${lines.join("\n    ")}\n`;
}

const KNOWN = { kind: "known", nodes: [{ name: "4.2.1.8", leadsTo: ["4.3.5.2"], deprecated: false }] };
const UNREAD = { kind: "unread" };
const never = new AbortController().signal;

/** Packages that no other test has read. */
let serial = 0;
const fresh = (observer = 10): Promise<RpmPackage> => {
  serial += 1;
  const content = Buffer.alloc(observer, `${process.pid}/${serial} `);
  const list = "- version: 4.2.1.8\n  can_be_upgraded_to: [4.3.5.2]\n";
  return packageOf({ payload: payloadOf({ "./home/admin/oceanbase/bin/observer": content, [LIST]: list }) });
};

/** A clock on which every sleep returns at once. */
const instantClock: Clock = { ...wallClock, sleep: () => Promise.resolve() };

describe("the list of upgrade paths in a package file", () => {
  it("is read", async () => {
    expect(await new DependencyLists(wallClock, never).fromPackage(await fresh())).toEqual(KNOWN);
  });

  it("is unread if reading takes too long, and reading continues for the next caller", async () => {
    const lists = new DependencyLists(instantClock, never);
    const pkg = await fresh(2_000_000);
    expect(await lists.fromPackage(pkg, 1)).toEqual(UNREAD);
    expect(await lists.fromPackage(pkg)).toEqual(KNOWN);
  });

  it("is read once per process and content, regardless of the path", async () => {
    const pkg = await fresh();
    await new DependencyLists(wallClock, never).fromPackage(pkg);
    await rm(pkg.path);
    const elsewhere = { ...pkg, path: "/nowhere.rpm" };
    expect(await new DependencyLists(wallClock, never).fromPackage(elsewhere)).toEqual(KNOWN);
  });

  it("is not searched for in a package that has none", async () => {
    const pkg = { ...(await fresh()), files: ["/home/admin/oceanbase/bin/observer"] };
    expect(await new DependencyLists(wallClock, never).fromPackage(pkg)).toEqual(UNREAD);
  });

  it("is unread if the file was deleted, and that result is not cached", async () => {
    const pkg = await fresh();
    const gone = { ...pkg, path: "/nowhere.rpm" };
    expect(await new DependencyLists(wallClock, never).fromPackage(gone)).toEqual(UNREAD);
    expect(await new DependencyLists(wallClock, never).fromPackage(pkg)).toEqual(KNOWN);
  });

  it("is no longer read after the signal, and that result is not cached", async () => {
    const controller = new AbortController();
    const pkg = await fresh(5_000_000);
    const reading = new DependencyLists(wallClock, controller.signal).fromPackage(pkg);
    controller.abort(new Error("stopped"));
    expect(await reading).toEqual(UNREAD);
    expect(await new DependencyLists(wallClock, never).fromPackage(pkg)).toEqual(KNOWN);
  });

  it("does not block the event loop while it is read", async () => {
    let turns = 0;
    const timer = setInterval(() => {
      turns += 1;
    }, 1);
    await new DependencyLists(wallClock, never).fromPackage(await fresh(5_000_000));
    clearInterval(timer);
    expect(turns).toBeGreaterThan(3);
  });
});

const node = (name: string, leadsTo: string[], more: Partial<VersionNode> = {}): VersionNode => ({
  name,
  leadsTo,
  deprecated: false,
  ...more,
});
const barrier = (...whenComeFrom: string[]) => ({ barrier: { required: true, whenComeFrom } });
const at = (text: string): Built => {
  const [version = "", build = ""] = text.split("-");
  return { version, build };
};
const steps = (route: Route) =>
  route.kind === "route"
    ? route.steps.map(({ version, build }) => (build ? `${version}-${build}` : version))
    : route.kind;
const routeOf = (nodes: readonly VersionNode[], from: string, to: string, repeatsStart = false) =>
  steps(findRoute(nodes, at(from), at(to), { repeatsStart }));

/** As the vendor's list was at 4.3.0.0. */
const PUBLISHED = [
  node("4.2.0.0-100000152023080109", ["4.2.0.0"], { deprecated: true }),
  node("4.2.0.0", ["4.2.1.0"]),
  node("4.2.1.0", ["4.2.1.1"]),
  node("4.2.1.1", ["4.2.1.2"]),
  node("4.2.1.2", ["4.3.0.0"], barrier("4.1.0.2", "4.2.0.0")),
];

describe("the route to a version", () => {
  it.each([
    ["includes a version that is a barrier for the current one", "4.2.0.0-7", "4.3.0.0-9", ["4.2.1.2", "4.3.0.0-9"]],
    ["does not include a version whose scripts are enough", "4.2.1.0-7", "4.3.0.0-9", ["4.3.0.0-9"]],
    ["starts at a build that has an entry", "4.2.0.0-100000152023080109", "4.2.1.1-9", ["4.2.1.1-9"]],
    ["is one step if only the build differs, regardless of the list", "4.9.0.0-7", "4.9.0.0-9", ["4.9.0.0-9"]],
    ["is unknown from a version that is not listed", "4.2.0.1-7", "4.3.0.0-9", "unknown-start"],
    ["does not exist to a version without a path to it", "4.2.0.0-7", "4.4.0.0-9", "no-way"],
    ["does not exist to an earlier version", "4.2.1.2-7", "4.2.0.0-9", "no-way"],
  ])("%s", (_, from, to, expected) => {
    expect(routeOf(PUBLISHED, from, to)).toEqual(expected);
  });

  it("does not end at a deprecated version", () => {
    expect(
      routeOf([node("4.2.0.0", ["4.2.1.0"]), node("4.2.1.0", [], { deprecated: true })], "4.2.0.0-1", "4.2.1.0-2"),
    ).toBe("deprecated");
  });

  it("names the build of a step that has one, and the deprecated builds of one that has none", () => {
    const nodes = [
      node("4.2.0.0", ["4.2.1.0-5"]),
      node("4.2.1.0-5", ["4.2.2.0"], barrier()),
      node("4.2.2.0-1", [], { deprecated: true }),
      node("4.2.2.0", ["4.3.0.0"], barrier()),
      node("4.3.0.0", []),
    ];
    expect(findRoute(nodes, at("4.2.0.0-1"), at("4.3.0.0-9"))).toEqual({
      kind: "route",
      steps: [
        { version: "4.2.1.0", build: "5", deprecated: [] },
        { version: "4.2.2.0", deprecated: ["1"] },
        { version: "4.3.0.0", build: "9", deprecated: [] },
      ],
    });
  });

  it("is the one that obshell chooses, even if the list has a shorter one", () => {
    const nodes = [
      node("4.2.0.0", ["4.2.1.0", "4.2.2.0"]),
      node("4.2.1.0", ["4.3.0.0"]),
      node("4.2.2.0", ["4.2.3.0"], barrier()),
      node("4.2.3.0", ["4.3.0.0"], barrier()),
      node("4.3.0.0", []),
    ];
    expect(routeOf(nodes, "4.2.0.0-1", "4.3.0.0-9")).toEqual(["4.2.2.0", "4.2.3.0", "4.3.0.0-9"]);
  });

  it("installs the current version again if it is a barrier, before 4.4.1.0", () => {
    const nodes = [node("4.2.1.2", ["4.3.0.0"], barrier()), node("4.3.0.0", [])];
    expect(routeOf(nodes, "4.2.1.2-1", "4.3.0.0-9", true)).toEqual(["4.2.1.2", "4.3.0.0-9"]);
    expect(routeOf(nodes, "4.2.1.2-1", "4.3.0.0-9", false)).toEqual(["4.3.0.0-9"]);
  });
});

describe("any route", () => {
  it("is the same as the server's", () => {
    fc.assert(
      fc.property(lists, built, built, fc.boolean(), (nodes, from, to, repeatsStart) => {
        fc.pre(from.version !== to.version);
        expect(steps(findRoute(nodes, from, to, { repeatsStart }))).toEqual(byServer(nodes, from, to, repeatsStart));
      }),
      { numRuns: 3_000 },
    );
  });

  it("has exactly the barriers of a path in the list", () => {
    fc.assert(
      fc.property(lists, built, built, (nodes, from, to) => {
        fc.pre(from.version !== to.version);
        const route = findRoute(nodes, from, to);
        if (route.kind !== "route") return;
        const expected = route.steps.slice(0, -1).map(({ version, build }) => `${version}-${build ?? "null"}`);
        const stops = pathsFrom(nodes, from, to).map((path) => barriersOf(nodes, path));
        expect(stops).toContainEqual(expected);
      }),
      { numRuns: 1_000 },
    );
  });

  it("exists whenever a list without builds has a path", () => {
    fc.assert(
      fc.property(lists, built, built, (all, from, to) => {
        const plain = (name: string) => !name.includes("-");
        const nodes = all
          .filter(({ name }) => plain(name))
          .map((entry) => ({ ...entry, leadsTo: entry.leadsTo.filter(plain), deprecated: false }));
        fc.pre(from.version !== to.version && nodes.some(({ name }) => name === from.version));
        expect(findRoute(nodes, from, to).kind === "route").toBe(pathsFrom(nodes, from, to).length > 0);
      }),
      { numRuns: 1_000 },
    );
  });

  it("is never longer than necessary in lists as published", () => {
    fc.assert(
      fc.property(chains, built, built, (nodes, from, to) => {
        fc.pre(from.version < to.version);
        const route = findRoute(nodes, from, to);
        const shortest = Math.min(...pathsFrom(nodes, from, to).map((path) => barriersOf(nodes, path).length + 1));
        if (route.kind === "route") expect(route.steps).toHaveLength(shortest);
        else expect(shortest).toBe(Number.POSITIVE_INFINITY);
      }),
      { numRuns: 1_000 },
    );
  });

  it("installs nothing twice, and ends at the target", () => {
    fc.assert(
      fc.property(lists, built, built, (nodes, from, to) => {
        const route = findRoute(nodes, from, to);
        if (route.kind !== "route") return;
        const installed = steps(route);
        expect(new Set(installed).size).toBe(route.steps.length);
        expect(route.steps.at(-1)).toEqual({ ...to, deprecated: [] });
      }),
      { numRuns: 1_000 },
    );
  });
});

/** The search of the simulated server, which is modeled on obshell's. */
function byServer(nodes: readonly VersionNode[], from: Built, to: Built, repeatsStart: boolean): string[] | string {
  const entries = nodes.map(({ name, leadsTo, deprecated, barrier: rule }) => ({
    version: name,
    canBeUpgradedTo: leadsTo,
    deprecated,
    ...(rule && { requireFromBinary: { value: rule.required, whenComeFrom: rule.whenComeFrom } }),
  }));
  try {
    const found = serverRoute(
      `${from.version}-${from.build}`,
      `${to.version}-${to.build}`,
      entries,
      () => !repeatsStart,
    );
    return found.map(({ version, build }) => (build === "" ? version : `${version}-${build}`));
  } catch (error) {
    const code = error instanceof Error && "errCode" in error ? error.errCode : "panic";
    return (
      { "OB.Upgrade.Path.NotExist": "unknown-start", "OB.Upgrade.ToDeprecatedVersion": "deprecated" }[String(code)] ??
      "no-way"
    );
  }
}

/** Every acyclic path from the entry of a current version to the target, as names. By brute force. */
function pathsFrom(nodes: readonly VersionNode[], from: Built, to: Built): string[][] {
  const entry = startOf(nodes, from);
  const found: string[][] = [];
  const go = (path: string[]) => {
    const last = path.at(-1) ?? "";
    const { version, build } = at(last);
    if (version === to.version && (build === "" || build === to.build)) found.push(path);
    for (const next of nodes.find(({ name }) => name === last)?.leadsTo ?? []) {
      if (!path.includes(next)) go([...path, next]);
    }
  };
  if (entry !== undefined) go([entry]);
  return found;
}

function startOf(nodes: readonly VersionNode[], { version, build }: Built): string | undefined {
  const names = nodes.map(({ name }) => name).filter((name) => at(name).version === version);
  return (
    names.find((name) => name === `${version}-${build}`) ??
    names.find((name) => name === version) ??
    names.sort().at(-1)
  );
}

/** The intermediate versions whose binary the list requires. Of one version with several builds on the path, the last. */
function barriersOf(nodes: readonly VersionNode[], path: readonly string[]): string[] {
  const passed = path.filter((name, index) => index === 0 || at(path[index + 1] ?? "").version !== at(name).version);
  const stops: string[] = [];
  let last = passed[0] ?? "";
  for (const [index, name] of passed.entries()) {
    const { required = false, whenComeFrom = [] } = nodes.find((entry) => entry.name === name)?.barrier ?? {};
    const conditional = whenComeFrom.length > 0;
    if (!required || (conditional && !whenComeFrom.some((one) => one === last || one === at(last).version))) continue;
    if (conditional) last = name;
    if (index > 0 && index < passed.length - 1) stops.push(name.includes("-") ? name : `${name}-null`);
  }
  return stops;
}

const TARGET = { version: "4.3.5.3", release: "103000012025040100.el7" };
const BETWEEN = { version: "4.2.5.1", release: "101000092024120918.el7" };

/** 4.2.5.1 is a barrier for upgrades from 4.2.1.8. */
const UPGRADE_PATHS = `
- version: 4.2.1.8
  can_be_upgraded_to: [4.2.5.0]
- version: 4.2.5.0
  can_be_upgraded_to: [4.2.5.1]
- version: 4.2.5.1
  can_be_upgraded_to:
    - 4.3.5.3
  require_from_binary:
    value: True
    when_come_from: [4.2.1.8]
- version: 4.3.5.3
`;

const BARRIER_IN_ANY_BUILD = `
- version: 4.2.1.8
  can_be_upgraded_to: [4.2.5.1]
- version: 4.2.5.1
  can_be_upgraded_to: [4.3.5.3]
  require_from_binary: True
- version: 4.3.5.3
`;

/** Writes a file, named after its content, and returns its path. */
async function file(bytes: Buffer): Promise<string> {
  const path = join(dir, `${createHash("sha256").update(bytes).digest("hex")}.rpm`);
  await writeFile(path, bytes);
  return path;
}

/** The packages of a version, as files. */
async function packagesOf(of: typeof TARGET, upgradePaths?: string | Buffer): Promise<string[]> {
  const payload =
    upgradePaths === undefined || Buffer.isBuffer(upgradePaths)
      ? upgradePaths
      : payloadOf({ "./bin/observer": "x", [LIST]: upgradePaths });
  const main = makeRpm({ ...of, ...(payload === undefined ? {} : { payload }) });
  return [await file(main), await file(makeRpm({ ...of, name: "oceanbase-ce-libs" }))];
}

const uploads = ({ cluster }: ReturnType<typeof rig>) => cluster.journal.count("POST", /package$/);

describe("an intermediate version whose newest packages have different builds", () => {
  it("blocks the upgrade before it is requested, because obshell would use the newest of each", async () => {
    const { lifecycle, inputs, cluster } = rig();
    const packages = [...(await packagesOf(BETWEEN)), ...(await packagesOf(TARGET, BARRIER_IN_ANY_BUILD))];
    cluster.control.addPackage({ name: "oceanbase-ce", ...BETWEEN, release: "102000002025010100.el7" });
    const withoutMain = packages.slice(1);
    await expect(lifecycle.create(inputs({ ...TARGET, packages: withoutMain }))).rejects.toThrow(
      /of different builds: oceanbase-ce-4\.2\.5\.1-102\S+, oceanbase-ce-libs-4\.2\.5\.1-101\S+\. .*\[blocked\]/,
    );
    expect(cluster.writes()).toEqual([]);
  });
});

describe("a version that requires intermediate versions", () => {
  it("is shown with its route in preview, and with the missing packages of the route", async () => {
    const world = rig();
    const packages = await packagesOf(TARGET, UPGRADE_PATHS);
    const { failures } = await world.lifecycle.check({}, world.inputs({ ...TARGET, packages }));
    expect(failures).toEqual([]);
    expect(world.messages()).toEqual([
      "4.2.1.8 → 4.2.5.1 (package required) → 4.3.5.3, rolling over 3 zones, after uploading 2 packages · blocked: package missing on the way",
      "Upgrading to 4.3.5.3 requires 4.2.5.1 first; these packages are not uploaded: " +
        "oceanbase-ce-4.2.5.1-<build>.el7.x86_64.rpm, oceanbase-ce-libs-4.2.5.1-<build>.el7.x86_64.rpm. " +
        "Add their files to `packages`, or upload them with POST /api/v1/upgrade/package.",
    ]);
    expect(world.cluster.writes()).toEqual([]);
  });

  it("is not requested while a package of the route is missing, and nothing is uploaded", async () => {
    const world = rig();
    const packages = await packagesOf(TARGET, UPGRADE_PATHS);
    await expect(world.lifecycle.create(world.inputs({ ...TARGET, packages }))).rejects.toThrow(
      /requires 4\.2\.5\.1 first; these packages are not uploaded: oceanbase-ce-4\.2\.5\.1-/,
    );
    expect(world.cluster.writes()).toEqual([]);
  });

  it("is reached through them if all packages are given as files", async () => {
    const world = rig();
    const packages = [...(await packagesOf(TARGET, UPGRADE_PATHS)), ...(await packagesOf(BETWEEN, UPGRADE_PATHS))];
    const { outs } = await world.lifecycle.create(world.inputs({ ...TARGET, packages }));
    expect(outs).toMatchObject({ status: "current", currentVersion: "4.3.5.3" });
    expect([uploads(world), world.writes()]).toEqual([4, 1]);
    expect(world.messages().slice(-2)).toEqual([
      "upgrade 11 started",
      expect.stringMatching(/^upgraded 4\.2\.1\.8-\d+ → 4\.3\.5\.3-\d+ in .*, 50 stages$/),
    ]);
    expect(world.cluster.dags[0]?.target?.route).toEqual(["4.2.5.1", "4.3.5.3-103000012025040100"]);
    expect(world.cluster.dags[0]?.nodes).toHaveLength(50);
  });

  it("uses packages that are already uploaded, if they are of the target's distribution", async () => {
    const world = rig();
    world.cluster.control.addObPackages(BETWEEN.version, "101000092024120918.el8");
    const packages = await packagesOf(TARGET, UPGRADE_PATHS);
    await world.lifecycle.check({}, world.inputs({ ...TARGET, packages }));
    expect(world.messages()[1]).toMatch(/oceanbase-ce-4\.2\.5\.1-<build>\.el7\.x86_64\.rpm/);
    world.cluster.control.addObPackages(BETWEEN.version, BETWEEN.release);
    const { outs } = await world.lifecycle.create(world.inputs({ ...TARGET, packages }));
    expect(outs).toMatchObject({ status: "current", currentVersion: "4.3.5.3" });
  });

  it("requires their packages for every architecture", async () => {
    const world = rig({ architecture: ["x86_64", "aarch64", "x86_64"] });
    world.cluster.control.addObPackages(TARGET.version, TARGET.release);
    world.cluster.control.addPackage({ name: "oceanbase-ce", ...BETWEEN });
    await world.lifecycle.check({}, world.inputs({ ...TARGET, packages: await packagesOf(TARGET, UPGRADE_PATHS) }));
    expect(world.messages()[1]).toContain(
      "not uploaded: oceanbase-ce-4.2.5.1-<build>.el7.aarch64.rpm, " +
        "oceanbase-ce-libs-4.2.5.1-<build>.el7.aarch64.rpm, oceanbase-ce-libs-4.2.5.1-<build>.el7.x86_64.rpm.",
    );
  });

  it("is one step for a cluster that has passed them", async () => {
    const world = rig({ buildVersion: "4.2.5.1-101000092024120918" });
    await world.lifecycle.check({}, world.inputs({ ...TARGET, packages: await packagesOf(TARGET, UPGRADE_PATHS) }));
    expect(world.messages()).toEqual(["4.2.5.1 → 4.3.5.3, rolling over 3 zones, after uploading 2 packages"]);
  });
});

describe("an upgrade that the list in a package forbids", () => {
  it("fails the check if the target is deprecated", async () => {
    const world = rig();
    const packages = await packagesOf(TARGET, `${UPGRADE_PATHS}  deprecated: True\n`);
    const { failures } = await world.lifecycle.check({}, world.inputs({ ...TARGET, packages }));
    expect(failures).toEqual([
      { property: "version", reason: expect.stringMatching(/^4\.3\.5\.3 is deprecated by its own package/) },
    ]);
  });

  it.each([
    [
      "a current version that is not listed",
      "4.2.3.1-1",
      /package of 4\.3\.5\.3 does not list the current version 4\.2\.3\.1/,
    ],
    ["a current version without a path", "4.2.5.2-1", /has no upgrade path from the current version 4\.2\.5\.2/],
  ])("is a warning in preview and an error in the run: %s", async (_, buildVersion, why) => {
    const world = rig({ buildVersion });
    const packages = await packagesOf(TARGET, `${UPGRADE_PATHS}- version: 4.2.5.2\n`);
    const args = world.inputs({ ...TARGET, packages });
    expect((await world.lifecycle.check({}, args)).failures).toEqual([]);
    expect(world.messages()[1]).toMatch(why);
    await expect(world.lifecycle.create(args)).rejects.toThrow(why);
    expect(world.cluster.writes()).toEqual([]);
  });

  it("is blocked if some builds of an intermediate version are deprecated, because obshell would not find its package", async () => {
    const world = rig();
    world.cluster.control.addObPackages(BETWEEN.version, BETWEEN.release);
    const packages = await packagesOf(TARGET, `${UPGRADE_PATHS}- version: 4.2.5.1-5\n  deprecated: True\n`);
    await expect(world.lifecycle.create(world.inputs({ ...TARGET, packages }))).rejects.toThrow(
      /requires 4\.2\.5\.1 first, but obshell cannot find its package, .*deprecated \(5\)\. Upgrade to 4\.2\.5\.1 first/,
    );
  });

  it("includes the current version again with agents before 4.4.1.0 if it is a barrier", async () => {
    const upgradePaths =
      "- version: 4.2.1.8\n  can_be_upgraded_to: [4.3.5.3]\n  require_from_binary: True\n- version: 4.3.5.3\n";
    const packages = await packagesOf(TARGET, upgradePaths);
    for (const [agentVersion, route] of [
      ["4.4.0.0-1", "4.2.1.8 → 4.2.1.8 (package required) → 4.3.5.3"],
      ["4.4.1.0-1", "4.2.1.8 → 4.3.5.3"],
    ] as const) {
      const world = rig({ agentVersion });
      await world.lifecycle.check({}, world.inputs({ ...TARGET, packages }));
      const blocked = route.startsWith("4.2.1.8 → 4.2.1.8") ? " · blocked: package missing on the way" : "";
      expect(world.messages()[0]).toBe(`${route}, rolling over 3 zones, after uploading 2 packages${blocked}`);
    }
  });
});

describe("a list that cannot be read", () => {
  it.each([
    ["it is not YAML", "- version: [4.2.1.8\n"],
    ["it is not in the package", payloadOf({ "./bin/observer": "x" })],
    ["the payload has another compression", Buffer.from("BZh9, or anything")],
  ])("is never a failure: %s", async (_, upgradePaths) => {
    const world = rig();
    const packages = await packagesOf(TARGET, upgradePaths);
    await world.lifecycle.check({}, world.inputs({ ...TARGET, packages }));
    expect(world.messages()).toEqual([
      "4.2.1.8 → 4.3.5.3 (upgrade path unknown), rolling over 3 zones, after uploading 2 packages",
    ]);
  });

  it("leaves the route of the upgrade to the server", async () => {
    const world = rig();
    const packages = await packagesOf(TARGET, Buffer.from("BZh9, or anything else"));
    const { outs } = await world.lifecycle.create(world.inputs({ ...TARGET, packages }));
    expect(outs).toMatchObject({ status: "current", currentVersion: "4.3.5.3" });
  });

  it("within the time of a preview is read to its end by the run before anything is uploaded", async () => {
    const world = rig({}, 0, [5_000, 3_000]);
    const observer = Buffer.alloc(3_000_000, "observer");
    const packages = await packagesOf(TARGET, payloadOf({ "./bin/observer": observer, [LIST]: UPGRADE_PATHS }));
    const args = world.inputs({ ...TARGET, packages });
    await world.lifecycle.check({}, args);
    expect(world.messages()[0]).toContain("(upgrade path unknown)");
    await expect(world.lifecycle.create(args)).rejects.toThrow(/requires 4\.2\.5\.1 first/);
    expect(world.lines.map((line) => line.message).join()).toContain("reading the upgrade path");
    expect(world.cluster.writes()).toEqual([]);
  });
});

describe("the list of a package that is not given as a file", () => {
  it("is read from the server if it returns the list", async () => {
    const world = rig();
    const listed = (name: string, yaml = "") => ({
      name,
      version: TARGET.version,
      release_distribution: TARGET.release,
      architecture: "x86_64",
      upgrade_dep_yaml: yaml,
    });
    const data = { contents: [listed("oceanbase-ce", UPGRADE_PATHS), listed("oceanbase-ce-libs")] };
    const body = JSON.stringify({ successful: true, status: 200, data });
    world.cluster.faults.add({
      match: { path: "/api/v1/upgrade/package/info" },
      times: 9,
      fault: { kind: "replace", status: 200, body },
    });
    await world.lifecycle.check({}, world.inputs(TARGET));
    expect(world.messages()[0]).toBe(
      "4.2.1.8 → 4.2.5.1 (package required) → 4.3.5.3, rolling over 3 zones · blocked: package missing on the way",
    );
    expect(world.messages()[1]).toMatch(/not uploaded: oceanbase-ce-4\.2\.5\.1/);
  });

  it("is read from the response to an upload, before the upgrade is requested", async () => {
    const world = rig({ agentVersion: "4.2.5.0-112024111111" });
    const packages = await packagesOf(TARGET, Buffer.from("unreadable here, not there"));
    const data = { Name: "oceanbase-ce", Version: TARGET.version, ReleaseDistribution: TARGET.release };
    const response = {
      successful: true,
      status: 200,
      data: { ...data, Architecture: "x86_64", UpgradeDepYaml: UPGRADE_PATHS },
    };
    world.cluster.faults.add({
      match: { method: "POST", path: "/api/v1/upgrade/package" },
      fault: { kind: "replace", status: 200, body: JSON.stringify(response) },
    });
    // These agents list nothing: the first request shows that the packages are missing. The upload had no effect.
    await expect(world.lifecycle.create(world.inputs({ ...TARGET, packages }))).rejects.toThrow(/record not found/);
    expect(world.messages().join("\n")).toMatch(
      /Cannot verify that the packages are uploaded, .*oceanbase-ce-4\.2\.5\.1-<build>/,
    );
    expect(world.writes()).toBe(2);
  });

  it("is not needed if only the build changes", async () => {
    const world = rig({ buildVersion: "4.3.5.3-103000012025040000" });
    await world.lifecycle.check({}, world.inputs({ ...TARGET, packages: await packagesOf(TARGET, "- nonsense") }));
    expect(world.messages()[0]).toMatch(/^4\.3\.5\.3-103000012025040000 → 4\.3\.5\.3-103000012025040100\.el7, rolling/);
  });
});

const ROOT = join(__dirname, "..", "..");
/** A build whose packages the cluster of the rig does not have. */
const DOCUMENTED_TARGET = { version: "4.3.5.2", release: "102010042025031300.el7" };
const DOCUMENTED_PATHS = BARRIER_IN_ANY_BUILD.replaceAll(TARGET.version, DOCUMENTED_TARGET.version);

/** The messages of a preview of a cluster that has none of the packages. */
async function previewMessages(packages: readonly string[]): Promise<string[]> {
  const world = rig({ agentVersion: "4.4.2.0-102026041610" });
  await world.lifecycle.check({}, world.inputs({ ...DOCUMENTED_TARGET, packages }));
  return world.messages();
}

it("preview shows the route and the missing packages as documented", async () => {
  const page = await readFile(join(ROOT, "docs", "resources", "oceanbase-cluster-version.md"), "utf8");
  const [plan, missing] = await previewMessages(await packagesOf(DOCUMENTED_TARGET, DOCUMENTED_PATHS));
  expect(page).toContain(`\n${plan}\n`);
  const shown = /^Upgrading to .*$/m.exec(page)?.[0].replace(/ …$/, "");
  expect(shown).toContain("these packages are not uploaded: oceanbase-ce-4.2.5.1");
  expect(missing?.startsWith(shown ?? "-")).toBe(true);
});

it("preview shows the route with all packages as in the example", async () => {
  const page = await readFile(join(ROOT, "examples", "oceanbase", "README.md"), "utf8");
  const [plan, ...more] = await previewMessages([
    ...(await packagesOf(DOCUMENTED_TARGET, DOCUMENTED_PATHS)),
    ...(await packagesOf(BETWEEN, DOCUMENTED_PATHS)),
  ]);
  expect(plan).toContain("(package required)");
  expect(page).toContain(` orders create orders: ${plan}\n`);
  expect(more).toEqual([]);
});
