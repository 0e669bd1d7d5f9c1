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

/** In the manner of the vendor: comments, flow and block lists, conditional barriers. */
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

describe("a list of ways between versions", () => {
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
    ["keys that are not known", "- version: 4.2.1.1\n  severity: high\n"],
    ["a key that is there twice", "- version: 4.2.1.0\n  version: 4.2.1.1\n"],
    ["a second document", "- version: 4.2.1.1\n---\nnonsense: [\n"],
    ["an anchor that is merged", "- &a {version: 4.2.1.1}\n"],
  ])("is read with %s", async (_, text) => {
    expect((await parseDependencies(text))?.map(({ name }) => name)).toEqual(["4.2.1.1"]);
  });

  it.each([
    ["a number", "- version: 4.20\n", "4.20"],
    ["a quoted text", '- version: "4.2.1.1"\n', "4.2.1.1"],
  ])("keeps a version as it is written: %s", async (_, text, name) => {
    expect((await parseDependencies(text))?.[0]?.name).toBe(name);
  });

  it("takes over what an anchor brings", async () => {
    const text = "- &old\n  version: 4.2.1.0\n  can_be_upgraded_to: [4.2.1.1]\n- <<: *old\n  version: 4.2.1.3\n";
    expect(await parseDependencies(text)).toMatchObject([
      { name: "4.2.1.0" },
      { name: "4.2.1.3", leadsTo: ["4.2.1.1"] },
    ]);
  });

  it.each(["true", "True", "TRUE", "yes", "on", "y"])("takes %s for true", async (word) => {
    expect((await parseDependencies(`- version: 4.2.1.1\n  deprecated: ${word}\n`))?.[0]?.deprecated).toBe(true);
  });

  it.each(["false", "no", "Off", "", "null"])("takes “%s” for false", async (word) => {
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
    ["no YAML", "- version: [4.2.1.1\n"],
    ["a mapping", "version: 4.2.1.1\n"],
    ["a list of texts", "- 4.2.1.1\n"],
    ["a version twice", "- version: 4.2.1.1\n- version: 4.2.1.1\n"],
    ["a truth that is none", "- version: 4.2.1.1\n  deprecated: maybe\n"],
    ["a list in place of a version", "- version: [4.2.1.1]\n"],
    ["an alias to nowhere", "- version: *nowhere\n"],
    ["bytes", "\u0000\u0001\u0002"],
    ["more aliases than anybody needs", bomb()],
  ])("that is %s is not known", async (_, text) => {
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

/** A package that no other test has read. */
let serial = 0;
const fresh = (observer = 10): Promise<RpmPackage> => {
  serial += 1;
  const content = Buffer.alloc(observer, `${process.pid}/${serial} `);
  const list = "- version: 4.2.1.8\n  can_be_upgraded_to: [4.3.5.2]\n";
  return packageOf({ payload: payloadOf({ "./home/admin/oceanbase/bin/observer": content, [LIST]: list }) });
};

/** A clock on which every sleep is over at once. */
const hasty: Clock = { ...wallClock, sleep: () => Promise.resolve() };

describe("the list of ways in a package file", () => {
  it("is read", async () => {
    expect(await new DependencyLists(wallClock, never).fromPackage(await fresh())).toEqual(KNOWN);
  });

  it("that takes too long is unread, and read on for who asks again", async () => {
    const lists = new DependencyLists(hasty, never);
    const pkg = await fresh(2_000_000);
    expect(await lists.fromPackage(pkg, 1)).toEqual(UNREAD);
    expect(await lists.fromPackage(pkg)).toEqual(KNOWN);
  });

  it("is read once in a process: by content, not by path", async () => {
    const pkg = await fresh();
    await new DependencyLists(wallClock, never).fromPackage(pkg);
    await rm(pkg.path);
    const elsewhere = { ...pkg, path: "/nowhere.rpm" };
    expect(await new DependencyLists(wallClock, never).fromPackage(elsewhere)).toEqual(KNOWN);
  });

  it("of a package that has none is not looked for", async () => {
    const pkg = { ...(await fresh()), files: ["/home/admin/oceanbase/bin/observer"] };
    expect(await new DependencyLists(wallClock, never).fromPackage(pkg)).toEqual(UNREAD);
  });

  it("of a file that has gone is unread, and not remembered as such", async () => {
    const pkg = await fresh();
    const gone = { ...pkg, path: "/nowhere.rpm" };
    expect(await new DependencyLists(wallClock, never).fromPackage(gone)).toEqual(UNREAD);
    expect(await new DependencyLists(wallClock, never).fromPackage(pkg)).toEqual(KNOWN);
  });

  it("is no longer read after the signal, and not remembered as unread", async () => {
    const controller = new AbortController();
    const pkg = await fresh(5_000_000);
    const reading = new DependencyLists(wallClock, controller.signal).fromPackage(pkg);
    controller.abort(new Error("over"));
    expect(await reading).toEqual(UNREAD);
    expect(await new DependencyLists(wallClock, never).fromPackage(pkg)).toEqual(KNOWN);
  });

  it("leaves the event loop to others while it is read", async () => {
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
const way = (nodes: readonly VersionNode[], from: string, to: string, repeatsStart = false) =>
  steps(findRoute(nodes, at(from), at(to), { repeatsStart }));

/** As the vendor's list stood at 4.3.0.0. */
const PUBLISHED = [
  node("4.2.0.0-100000152023080109", ["4.2.0.0"], { deprecated: true }),
  node("4.2.0.0", ["4.2.1.0"]),
  node("4.2.1.0", ["4.2.1.1"]),
  node("4.2.1.1", ["4.2.1.2"]),
  node("4.2.1.2", ["4.3.0.0"], barrier("4.1.0.2", "4.2.0.0")),
];

describe("the route to a version", () => {
  it.each([
    ["leads over a barrier, for whom it is one", "4.2.0.0-7", "4.3.0.0-9", ["4.2.1.2", "4.3.0.0-9"]],
    ["does not stop where scripts are enough", "4.2.1.0-7", "4.3.0.0-9", ["4.3.0.0-9"]],
    ["starts from a build that has an entry", "4.2.0.0-100000152023080109", "4.2.1.1-9", ["4.2.1.1-9"]],
    ["of which only the build differs is one step, whatever the list says", "4.9.0.0-7", "4.9.0.0-9", ["4.9.0.0-9"]],
    ["is not known from a version that is not listed", "4.2.0.1-7", "4.3.0.0-9", "unknown-start"],
    ["is none to a version that nothing leads to", "4.2.0.0-7", "4.4.0.0-9", "no-way"],
    ["is none back", "4.2.1.2-7", "4.2.0.0-9", "no-way"],
  ])("%s", (_, from, to, expected) => {
    expect(way(PUBLISHED, from, to)).toEqual(expected);
  });

  it("does not end at a deprecated version", () => {
    expect(
      way([node("4.2.0.0", ["4.2.1.0"]), node("4.2.1.0", [], { deprecated: true })], "4.2.0.0-1", "4.2.1.0-2"),
    ).toBe("deprecated");
  });

  it("names the build of a step that has one, and what must not be taken for one that has none", () => {
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

  it("is the one that obshell takes, even where the list has a shorter one", () => {
    const nodes = [
      node("4.2.0.0", ["4.2.1.0", "4.2.2.0"]),
      node("4.2.1.0", ["4.3.0.0"]),
      node("4.2.2.0", ["4.2.3.0"], barrier()),
      node("4.2.3.0", ["4.3.0.0"], barrier()),
      node("4.3.0.0", []),
    ];
    expect(way(nodes, "4.2.0.0-1", "4.3.0.0-9")).toEqual(["4.2.2.0", "4.2.3.0", "4.3.0.0-9"]);
  });

  it("installs a current version that is a barrier once more before 4.4.1.0", () => {
    const nodes = [node("4.2.1.2", ["4.3.0.0"], barrier()), node("4.3.0.0", [])];
    expect(way(nodes, "4.2.1.2-1", "4.3.0.0-9", true)).toEqual(["4.2.1.2", "4.3.0.0-9"]);
    expect(way(nodes, "4.2.1.2-1", "4.3.0.0-9", false)).toEqual(["4.3.0.0-9"]);
  });
});

describe("any route", () => {
  it("is the server's own", () => {
    fc.assert(
      fc.property(lists, built, built, fc.boolean(), (nodes, from, to, repeatsStart) => {
        fc.pre(from.version !== to.version);
        expect(steps(findRoute(nodes, from, to, { repeatsStart }))).toEqual(byServer(nodes, from, to, repeatsStart));
      }),
      { numRuns: 3_000 },
    );
  });

  it("is valid: a path in the list has exactly its barriers", () => {
    fc.assert(
      fc.property(lists, built, built, (nodes, from, to) => {
        fc.pre(from.version !== to.version);
        const route = findRoute(nodes, from, to);
        if (route.kind !== "route") return;
        const wanted = route.steps.slice(0, -1).map(({ version, build }) => `${version}-${build ?? "null"}`);
        const stops = pathsFrom(nodes, from, to).map((path) => barriersOf(nodes, path));
        expect(stops).toContainEqual(wanted);
      }),
      { numRuns: 1_000 },
    );
  });

  it("exists whenever the versions of a list without builds lead there", () => {
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

  it("is never longer than needed in lists as they are published", () => {
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

/** The search of the simulated server, which was written after obshell's. */
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

/** Every path without a circle from the entry of a running version to the target, as names. By brute force. */
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

/** Of the versions between, those whose binary the list demands; of one version passed in several builds, the last. */
function barriersOf(nodes: readonly VersionNode[], path: readonly string[]): string[] {
  const passed = path.filter((name, index) => index === 0 || at(path[index + 1] ?? "").version !== at(name).version);
  const stops: string[] = [];
  let last = passed[0] ?? "";
  for (const [index, name] of passed.entries()) {
    const { required = false, whenComeFrom = [] } = nodes.find((entry) => entry.name === name)?.barrier ?? {};
    const asked = whenComeFrom.length > 0;
    if (!required || (asked && !whenComeFrom.some((one) => one === last || one === at(last).version))) continue;
    if (asked) last = name;
    if (index > 0 && index < passed.length - 1) stops.push(name.includes("-") ? name : `${name}-null`);
  }
  return stops;
}

const TARGET = { version: "4.3.5.3", release: "103000012025040100.el7" };
const BETWEEN = { version: "4.2.5.1", release: "101000092024120918.el7" };

/** 4.2.5.1 is a barrier for who comes from 4.2.1.8. */
const WAYS = `
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

/** A file; what is the same is written once. */
async function file(bytes: Buffer): Promise<string> {
  const path = join(dir, `${createHash("sha256").update(bytes).digest("hex")}.rpm`);
  await writeFile(path, bytes);
  return path;
}

/** The packages of a version, as files. */
async function packagesOf(of: typeof TARGET, ways?: string | Buffer): Promise<string[]> {
  const payload =
    ways === undefined || Buffer.isBuffer(ways) ? ways : payloadOf({ "./bin/observer": "x", [LIST]: ways });
  const main = makeRpm({ ...of, ...(payload === undefined ? {} : { payload }) });
  return [await file(main), await file(makeRpm({ ...of, name: "oceanbase-ce-libs" }))];
}

const uploads = ({ cluster }: ReturnType<typeof rig>) => cluster.journal.count("POST", /package$/);

describe("a version between whose newest packages do not belong together", () => {
  it("is found before the call: obshell takes the newest of each", async () => {
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

describe("a version that others lie before", () => {
  it("is shown with its route at preview, and what is missing on the way by its files", async () => {
    const world = rig();
    const packages = await packagesOf(TARGET, WAYS);
    const { failures } = await world.lifecycle.check({}, world.inputs({ ...TARGET, packages }));
    expect(failures).toEqual([]);
    expect(world.said()).toEqual([
      "4.2.1.8 → 4.2.5.1 (package required) → 4.3.5.3, rolling over 3 zones, after uploading 2 packages · blocked: package missing on the way",
      "Upgrading to 4.3.5.3 requires 4.2.5.1 first; these packages are not uploaded: " +
        "oceanbase-ce-4.2.5.1-<build>.el7.x86_64.rpm, oceanbase-ce-libs-4.2.5.1-<build>.el7.x86_64.rpm. " +
        "Add their files to `packages`, or upload them with POST /api/v1/upgrade/package.",
    ]);
    expect(world.cluster.writes()).toEqual([]);
  });

  it("is not begun while one of them is missing: nothing is uploaded either", async () => {
    const world = rig();
    const packages = await packagesOf(TARGET, WAYS);
    await expect(world.lifecycle.create(world.inputs({ ...TARGET, packages }))).rejects.toThrow(
      /requires 4\.2\.5\.1 first; these packages are not uploaded: oceanbase-ce-4\.2\.5\.1-/,
    );
    expect(world.cluster.writes()).toEqual([]);
  });

  it("is reached over them, with all packages at hand", async () => {
    const world = rig();
    const packages = [...(await packagesOf(TARGET, WAYS)), ...(await packagesOf(BETWEEN, WAYS))];
    const { outs } = await world.lifecycle.create(world.inputs({ ...TARGET, packages }));
    expect(outs).toMatchObject({ status: "current", currentVersion: "4.3.5.3" });
    expect([uploads(world), world.writes()]).toEqual([4, 1]);
    expect(world.said().slice(-2)).toEqual([
      "upgrade 11 started",
      expect.stringMatching(/^upgraded 4\.2\.1\.8-\d+ → 4\.3\.5\.3-\d+ in .*, 50 stages$/),
    ]);
    expect(world.cluster.dags[0]?.target?.route).toEqual(["4.2.5.1", "4.3.5.3-103000012025040100"]);
    expect(world.cluster.dags[0]?.nodes).toHaveLength(50);
  });

  it("takes packages that are there already, of the target's distribution only", async () => {
    const world = rig();
    world.cluster.control.addObPackages(BETWEEN.version, "101000092024120918.el8");
    const packages = await packagesOf(TARGET, WAYS);
    await world.lifecycle.check({}, world.inputs({ ...TARGET, packages }));
    expect(world.said()[1]).toMatch(/oceanbase-ce-4\.2\.5\.1-<build>\.el7\.x86_64\.rpm/);
    world.cluster.control.addObPackages(BETWEEN.version, BETWEEN.release);
    const { outs } = await world.lifecycle.create(world.inputs({ ...TARGET, packages }));
    expect(outs).toMatchObject({ status: "current", currentVersion: "4.3.5.3" });
  });

  it("needs them for every architecture", async () => {
    const world = rig({ architecture: ["x86_64", "aarch64", "x86_64"] });
    world.cluster.control.addObPackages(TARGET.version, TARGET.release);
    world.cluster.control.addPackage({ name: "oceanbase-ce", ...BETWEEN });
    await world.lifecycle.check({}, world.inputs({ ...TARGET, packages: await packagesOf(TARGET, WAYS) }));
    expect(world.said()[1]).toContain(
      "not uploaded: oceanbase-ce-4.2.5.1-<build>.el7.aarch64.rpm, " +
        "oceanbase-ce-libs-4.2.5.1-<build>.el7.aarch64.rpm, oceanbase-ce-libs-4.2.5.1-<build>.el7.x86_64.rpm.",
    );
  });

  it("is one step for a cluster that is past them", async () => {
    const world = rig({ buildVersion: "4.2.5.1-101000092024120918" });
    await world.lifecycle.check({}, world.inputs({ ...TARGET, packages: await packagesOf(TARGET, WAYS) }));
    expect(world.said()).toEqual(["4.2.5.1 → 4.3.5.3, rolling over 3 zones, after uploading 2 packages"]);
  });
});

describe("what the list in a package forbids", () => {
  it("a deprecated target can never succeed: the check fails", async () => {
    const world = rig();
    const packages = await packagesOf(TARGET, `${WAYS}  deprecated: True\n`);
    const { failures } = await world.lifecycle.check({}, world.inputs({ ...TARGET, packages }));
    expect(failures).toEqual([
      { property: "version", reason: expect.stringMatching(/^4\.3\.5\.3 is deprecated by its own package/) },
    ]);
  });

  it.each([
    [
      "a start that it does not know",
      "4.2.3.1-1",
      /package of 4\.3\.5\.3 does not list the current version 4\.2\.3\.1/,
    ],
    ["a start that nothing leads on from", "4.2.5.2-1", /has no upgrade path from the current version 4\.2\.5\.2/],
  ])("%s is a warning, and an error when the upgrade is to start", async (_, buildVersion, why) => {
    const world = rig({ buildVersion });
    const packages = await packagesOf(TARGET, `${WAYS}- version: 4.2.5.2\n`);
    const args = world.inputs({ ...TARGET, packages });
    expect((await world.lifecycle.check({}, args)).failures).toEqual([]);
    expect(world.said()[1]).toMatch(why);
    await expect(world.lifecycle.create(args)).rejects.toThrow(why);
    expect(world.cluster.writes()).toEqual([]);
  });

  it("a version between of which some builds are deprecated: obshell would not find its package", async () => {
    const world = rig();
    world.cluster.control.addObPackages(BETWEEN.version, BETWEEN.release);
    const packages = await packagesOf(TARGET, `${WAYS}- version: 4.2.5.1-5\n  deprecated: True\n`);
    await expect(world.lifecycle.create(world.inputs({ ...TARGET, packages }))).rejects.toThrow(
      /requires 4\.2\.5\.1 first, but obshell cannot find its package, .*deprecated \(5\)\. Upgrade to 4\.2\.5\.1 first/,
    );
  });

  it("a current version that is a barrier is installed once more by agents before 4.4.1.0", async () => {
    const ways =
      "- version: 4.2.1.8\n  can_be_upgraded_to: [4.3.5.3]\n  require_from_binary: True\n- version: 4.3.5.3\n";
    const packages = await packagesOf(TARGET, ways);
    for (const [agentVersion, route] of [
      ["4.4.0.0-1", "4.2.1.8 → 4.2.1.8 (package required) → 4.3.5.3"],
      ["4.4.1.0-1", "4.2.1.8 → 4.3.5.3"],
    ] as const) {
      const world = rig({ agentVersion });
      await world.lifecycle.check({}, world.inputs({ ...TARGET, packages }));
      const blocked = route.startsWith("4.2.1.8 → 4.2.1.8") ? " · blocked: package missing on the way" : "";
      expect(world.said()[0]).toBe(`${route}, rolling over 3 zones, after uploading 2 packages${blocked}`);
    }
  });
});

describe("a list that cannot be read", () => {
  it.each([
    ["it is no YAML", "- version: [4.2.1.8\n"],
    ["it is not in the package", payloadOf({ "./bin/observer": "x" })],
    ["the payload is packed in another way", Buffer.from("BZh9, or anything")],
  ])("is never a failure: %s", async (_, ways) => {
    const world = rig();
    const packages = await packagesOf(TARGET, ways);
    await world.lifecycle.check({}, world.inputs({ ...TARGET, packages }));
    expect(world.said()).toEqual([
      "4.2.1.8 → 4.3.5.3 (upgrade path unknown), rolling over 3 zones, after uploading 2 packages",
    ]);
  });

  it("leaves the upgrade to the server, which knows", async () => {
    const world = rig();
    const packages = await packagesOf(TARGET, Buffer.from("BZh9, or anything else"));
    const { outs } = await world.lifecycle.create(world.inputs({ ...TARGET, packages }));
    expect(outs).toMatchObject({ status: "current", currentVersion: "4.3.5.3" });
  });

  it("in the time of a look is read to its end before anything is uploaded", async () => {
    const world = rig({}, 0, [5_000, 3_000]);
    const observer = Buffer.alloc(3_000_000, "observer");
    const packages = await packagesOf(TARGET, payloadOf({ "./bin/observer": observer, [LIST]: WAYS }));
    const args = world.inputs({ ...TARGET, packages });
    await world.lifecycle.check({}, args);
    expect(world.said()[0]).toContain("(upgrade path unknown)");
    await expect(world.lifecycle.create(args)).rejects.toThrow(/requires 4\.2\.5\.1 first/);
    expect(world.lines.map((line) => line.message).join()).toContain("reading the upgrade path");
    expect(world.cluster.writes()).toEqual([]);
  });
});

describe("the list of a package that is not at hand", () => {
  it("is taken from the server, where that gives it", async () => {
    const world = rig();
    const listed = (name: string, yaml = "") => ({
      name,
      version: TARGET.version,
      release_distribution: TARGET.release,
      architecture: "x86_64",
      upgrade_dep_yaml: yaml,
    });
    const data = { contents: [listed("oceanbase-ce", WAYS), listed("oceanbase-ce-libs")] };
    const body = JSON.stringify({ successful: true, status: 200, data });
    world.cluster.faults.add({
      match: { path: "/api/v1/upgrade/package/info" },
      times: 9,
      fault: { kind: "replace", status: 200, body },
    });
    await world.lifecycle.check({}, world.inputs(TARGET));
    expect(world.said()[0]).toBe(
      "4.2.1.8 → 4.2.5.1 (package required) → 4.3.5.3, rolling over 3 zones · blocked: package missing on the way",
    );
    expect(world.said()[1]).toMatch(/not uploaded: oceanbase-ce-4\.2\.5\.1/);
  });

  it("is taken from the answer to an upload, where that gives it, before the call is sent", async () => {
    const world = rig({ agentVersion: "4.2.5.0-112024111111" });
    const packages = await packagesOf(TARGET, Buffer.from("unreadable here, not there"));
    const data = { Name: "oceanbase-ce", Version: TARGET.version, ReleaseDistribution: TARGET.release };
    const reply = { successful: true, status: 200, data: { ...data, Architecture: "x86_64", UpgradeDepYaml: WAYS } };
    world.cluster.faults.add({
      match: { method: "POST", path: "/api/v1/upgrade/package" },
      fault: { kind: "replace", status: 200, body: JSON.stringify(reply) },
    });
    // These agents list nothing: the first call shows that the packages are missing. The upload never came to pass.
    await expect(world.lifecycle.create(world.inputs({ ...TARGET, packages }))).rejects.toThrow(/record not found/);
    expect(world.said().join("\n")).toMatch(
      /Cannot verify that the packages are uploaded, .*oceanbase-ce-4\.2\.5\.1-<build>/,
    );
    expect(world.writes()).toBe(2);
  });

  it("does not matter where only the build changes", async () => {
    const world = rig({ buildVersion: "4.3.5.3-103000012025040000" });
    await world.lifecycle.check({}, world.inputs({ ...TARGET, packages: await packagesOf(TARGET, "- nonsense") }));
    expect(world.said()[0]).toMatch(/^4\.3\.5\.3-103000012025040000 → 4\.3\.5\.3-103000012025040100\.el7, rolling/);
  });
});

const ROOT = join(__dirname, "..", "..");
/** Another build than the one that the cluster of the rig has packages of. */
const DOCUMENTED_TARGET = { version: "4.3.5.2", release: "102010042025031300.el7" };
const DOCUMENTED_WAYS = BARRIER_IN_ANY_BUILD.replaceAll(TARGET.version, DOCUMENTED_TARGET.version);

/** What a preview says of a cluster that has none of the packages. */
async function said(packages: readonly string[]): Promise<string[]> {
  const world = rig({ agentVersion: "4.4.2.0-102026041610" });
  await world.lifecycle.check({}, world.inputs({ ...DOCUMENTED_TARGET, packages }));
  return world.said();
}

it("shows the route and the missing packages as the page does", async () => {
  const page = await readFile(join(ROOT, "docs", "resources", "oceanbase-cluster-version.md"), "utf8");
  const [plan, missing] = await said(await packagesOf(DOCUMENTED_TARGET, DOCUMENTED_WAYS));
  expect(page).toContain(`\n${plan}\n`);
  const shown = /^Upgrading to .*$/m.exec(page)?.[0].replace(/ …$/, "");
  expect(shown).toContain("these packages are not uploaded: oceanbase-ce-4.2.5.1");
  expect(missing?.startsWith(shown ?? "-")).toBe(true);
});

it("shows the route with everything at hand as the example does", async () => {
  const page = await readFile(join(ROOT, "examples", "oceanbase", "README.md"), "utf8");
  const [plan, ...more] = await said([
    ...(await packagesOf(DOCUMENTED_TARGET, DOCUMENTED_WAYS)),
    ...(await packagesOf(BETWEEN, DOCUMENTED_WAYS)),
  ]);
  expect(plan).toContain("(package required)");
  expect(page).toContain(` orders create orders: ${plan}\n`);
  expect(more).toEqual([]);
});
