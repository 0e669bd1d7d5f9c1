import { describe, expect, it } from "vitest";
import { Panic } from "./errors";
import { findRoute, type UpgradeNode } from "./route";

/** The list's own shape in OceanBase 4.2, versions and all. */
const LIST: readonly UpgradeNode[] = [
  { version: "4.2.0.0-100000152023080109", canBeUpgradedTo: ["4.2.0.0"], deprecated: true },
  { version: "4.2.0.0", canBeUpgradedTo: ["4.2.1.0"] },
  { version: "4.2.1.0", canBeUpgradedTo: ["4.2.1.1"] },
  { version: "4.2.1.1", canBeUpgradedTo: ["4.2.1.2"] },
  {
    version: "4.2.1.2",
    canBeUpgradedTo: ["4.3.0.0"],
    requireFromBinary: { value: true, whenComeFrom: ["4.1.0.0", "4.2.0.0"] },
  },
];

const versions = (from: string, to: string, nodes = LIST, once = true) =>
  findRoute(from, to, nodes, () => once).map(({ version }) => version);

describe("the route that obshell takes", () => {
  it("asks what it came from of the last barrier, not of the version just before", () => {
    expect(versions("4.2.0.0-1", "4.3.0.0-9")).toEqual(["4.2.1.2", "4.3.0.0"]);
    expect(versions("4.2.1.0-1", "4.3.0.0-9")).toEqual(["4.3.0.0"]);
  });

  it("starts from the release-less entry of a version before any other that is not its own", () => {
    expect(versions("4.2.0.0-1", "4.2.1.0-5")).toEqual(["4.2.1.0"]);
    expect(versions("4.2.0.0-100000152023080109", "4.2.1.0-5")).toEqual(["4.2.1.0"]);
  });

  it("is a panic where there is none", () => {
    expect(() => versions("4.2.1.2-1", "4.4.0.0-1")).toThrow(Panic);
  });

  it("goes over the version that is listed last, be it the longer way", () => {
    const fork = [
      { version: "4.2.1.0", canBeUpgradedTo: ["4.2.2.0", "4.2.3.0"] },
      { version: "4.2.2.0", canBeUpgradedTo: ["4.3.0.0"] },
      { version: "4.2.3.0", canBeUpgradedTo: ["4.2.4.0"], requireFromBinary: true },
      { version: "4.2.4.0", canBeUpgradedTo: ["4.3.0.0"], requireFromBinary: true },
      { version: "4.3.0.0" },
    ];
    expect(versions("4.2.1.0-1", "4.3.0.0-1", fork)).toEqual(["4.2.3.0", "4.2.4.0", "4.3.0.0"]);
  });

  it("repeats a start that is a barrier, before 4.4.1.0", () => {
    const barrier = [
      { version: "4.2.1.2", canBeUpgradedTo: ["4.3.0.0"], requireFromBinary: true },
      { version: "4.3.0.0" },
    ];
    expect(versions("4.2.1.2-1", "4.3.0.0-1", barrier, false)).toEqual(["4.2.1.2", "4.3.0.0"]);
    expect(versions("4.2.1.2-1", "4.3.0.0-1", barrier)).toEqual(["4.3.0.0"]);
  });

  it("finds no package of a version between that has deprecated builds", () => {
    const nodes = [
      { version: "4.2.0.0", canBeUpgradedTo: ["4.2.1.2"] },
      { version: "4.2.1.2-100", deprecated: true },
      { version: "4.2.1.2", canBeUpgradedTo: ["4.3.0.0"], requireFromBinary: true },
      { version: "4.3.0.0" },
    ];
    expect(findRoute("4.2.0.0-1", "4.3.0.0-1", nodes, () => true)[0]).toMatchObject({ build: "", unfindable: true });
  });

  it("refuses a list that names a version twice", () => {
    expect(() => versions("4.2.0.0-1", "4.3.0.0-9", [...LIST, { version: "4.2.1.0" }])).toThrow(/Unexpected/);
  });
});
