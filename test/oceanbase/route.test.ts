import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { VersionNode } from "../../provider/oceanbase/upgrade-path/dependencies";
import { type Built, findRoute, type Route } from "../../provider/oceanbase/upgrade-path/route";
import { findRoute as serverRoute } from "../simulators/obshell/route";
import { built, chains, lists } from "./route-model";

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
