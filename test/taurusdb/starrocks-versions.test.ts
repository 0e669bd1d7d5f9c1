import { describe, expect, it } from "vitest";
import { formatParts, parseConstraint, parseVersion, type Standing, type Version } from "../../provider/core/version";
import { type Known, standingOf, targetsOf } from "../../provider/taurusdb/starrocks/instance";
import { partial } from "../support/partial";
import { NEW, rig } from "./rig";

function versionOf(text: string): Version {
  const version = parseVersion(text);
  if (version === undefined) throw new Error(text);
  return version;
}

const known = (shown: string, newerOffered: boolean | undefined, listed: readonly string[]): Known => ({
  shown: versionOf(shown),
  newerOffered,
  listed: listed.map(versionOf),
});

const ONE = ["3.1.15.80"];
const TWO = ["3.1.15.80", "3.2.0.1"];
const UP: Record<string, Standing | "unclear"> = { h: "holds", b: "behind", n: "newer", u: "unclear" };

describe("how an instance stands to its pin", () => {
  it.each([
    // Four parts: the version decides.
    ["3.1.6.0", true, ONE, "3.1.15.80", "b"],
    ["3.1.15.80", false, ONE, "3.1.15.80", "h"],
    ["3.1.20.0", false, ONE, "3.1.15.80", "n"],
    ["3.1.6.0", true, ONE, "3.1", "h"],
    ["3.1.6.0", true, [], ">=3.1.5", "h"],
    // Two parts that are enough.
    ["3.1", true, ONE, "3.1", "h"],
    ["3.1", true, ONE, ">=3.1", "h"],
    ["3.0", true, ONE, "3.1.15.80", "b"],
    ["3.2", false, TWO, "3.1.15.80", "n"],
    ["3.2", true, TWO, ">=3.1.15.80", "h"],
    // Two parts, nothing newer offered: the newest of its line.
    ["3.1", false, ONE, "3.1.15.80", "h"],
    ["3.1", false, TWO, "3.1.15.80", "h"],
    ["3.1", false, ONE, "3.1.6.0", "n"],
    ["3.1", false, ONE, ">=3.1.6.0", "h"],
    ["3.1", false, ONE, "3.1.20.0", "b"],
    ["3.1", false, ["3.2.0.1"], "3.1.15.80", "u"],
    ["3.1", false, [], "3.1.15.80", "u"],
    // Two parts, something newer offered: below the newest of all.
    ["3.1", true, ONE, "3.1.15.80", "b"],
    ["3.1", true, ONE, ">=3.1.15.80", "b"],
    ["3.1", true, ONE, "3.1.20.0", "b"],
    ["3.1", true, ONE, "3.1.6.0", "u"],
    ["3.1", true, ONE, ">=3.1.6.0", "u"],
    ["3.1", true, ONE, "3.1.15", "u"],
    ["3.1", true, TWO, "3.1.15.80", "u"],
    ["3.1", true, TWO, "3.1.20.0", "b"],
    ["3.1", true, [], "3.1.15.80", "u"],
    // Two parts, and no word on what is offered.
    ["3.1", undefined, ONE, "3.1.15.80", "u"],
    ["3.1", undefined, ONE, "3.1.20.0", "b"],
    // Latest: what is offered decides, the list only where nothing is said.
    ["3.1.6.0", false, ONE, "latest", "h"],
    ["3.1.6.0", true, ONE, "latest", "b"],
    ["3.1", true, ONE, "latest", "b"],
    ["3.1", false, [], "latest", "h"],
    ["3.1.6.0", undefined, ONE, "latest", "b"],
    ["3.1.15.80", undefined, ONE, "latest", "h"],
    ["3.1", undefined, ONE, "latest", "u"],
    ["3.1.6.0", undefined, [], "latest", "u"],
  ] as const)("%s, newer offered: %s, listed: %j, pin %s: %s", (shown, newer, listed, pin, stand) => {
    const constraint = parseConstraint(pin);
    if (constraint === undefined) throw new Error(pin);
    expect(standingOf(known(shown, newer, listed), constraint)).toBe(UP[stand]);
  });
});

describe("where an upgrade can lead", () => {
  it.each([
    ["3.1.6.0", true, ONE, ["3.1.15.80"]],
    ["3.1.6.0", true, TWO, ["3.2.0.1", "3.1.15.80"]],
    ["3.1.15.80", true, TWO, ["3.2.0.1"]],
    ["3.1", true, TWO, ["3.2.0.1", "3.1.15.80"]],
    ["3.1.6.0", false, TWO, []],
    ["3.1.6.0", undefined, ONE, ["3.1.15.80"]],
    ["3.1.20.0", true, ONE, []],
    ["3.1.6.0", true, [], []],
  ] as const)("from %s, newer offered: %s, listed: %j: %j", (shown, newer, listed, targets) => {
    expect(targetsOf(known(shown, newer, listed)).map(formatParts)).toEqual(targets);
  });
});

describe("a service that shows two parts of the version", () => {
  const short = { switches: { starRocksVersionParts: 2 } } as const;

  it.each([NEW, ">=3.1.15.80", "latest"])("upgrades to %s, and shows what it knows", async (version) => {
    const { lifecycle, inputs, writes, starRocks } = rig(short);
    const { outs } = await lifecycle.create(inputs({ version }));
    expect(outs).toMatchObject({ status: "current", currentVersion: "3.1", members: { [starRocks]: "3.1" } });
    expect(writes()).toBe(1);
  });

  it.each([NEW, "latest", "3.1"])("adopts what is at %s without a write", async (version) => {
    const { lifecycle, inputs, cloud } = rig({ ...short, starRocksKernel: NEW });
    expect((await lifecycle.create(inputs({ version }))).outs).toMatchObject({ status: "current" });
    expect(cloud.writes()).toEqual([]);
  });

  it("does not say done while its job has not brought the version", async () => {
    const { lifecycle, inputs, cloud, writes } = rig(short);
    cloud.control.fallBehind();
    const { reasons } = await partial(lifecycle.create(inputs()));
    expect(reasons[0]).toMatch(/reported as successful, but 3\.1 still runs/);
    expect(writes()).toBe(1);
  });

  it("leaves open what cannot be known, and says so at preview", async () => {
    const { lifecycle, inputs, cloud } = rig(short);
    const { failures } = await lifecycle.check({}, inputs({ version: "3.1.6.0" }));
    expect(failures).toEqual([
      {
        property: "version",
        reason: expect.stringMatching(/It is unknown whether it runs .*reports only 3\.1 as its version/),
      },
    ]);
    await expect(lifecycle.create(inputs({ version: "3.1.6.0" }))).rejects.toThrow(
      /It is unknown whether.*\[blocked\]/,
    );
    expect(cloud.writes()).toEqual([]);
  });

  it("is no drift where it cannot be known", async () => {
    const { lifecycle, inputs, cloud } = rig({ ...short, starRocksKernel: NEW });
    const { id, outs } = await lifecycle.create(inputs());
    cloud.control.offerStarRocks("3.1.20.0");
    expect(await lifecycle.read(id, outs)).toMatchObject({ inputs: { version: NEW } });
  });
});

describe("a service that is loose with its types", () => {
  const texts = (body: string) =>
    body
      .replace(/:(true|false)([,}])/g, ':"$1"$2')
      .replace(/:(\d+)([,}])/g, ':"$1"$2')
      .replace(/"process":""/g, '"process":null')
      .replace(/"fail_reason":"",?/g, "")
      .replace(/,}/g, "}");
  const numbers = (body: string) => body.replace(/:true([,}])/g, ":1$1").replace(/:false([,}])/g, ":0$1");

  it.each([
    ["texts for numbers and booleans, null and nothing for texts", texts],
    ["numbers for booleans", numbers],
  ])("is understood: %s", async (_, rewrite) => {
    const { lifecycle, inputs, writes } = rig({}, { rewrite });
    const { outs } = await lifecycle.create(inputs());
    expect(outs).toMatchObject({ status: "current", currentVersion: NEW });
    expect(writes()).toBe(1);
    const later = rig({}, { rewrite });
    const deferred = await later.lifecycle.create(later.inputs({ schedule: "maintenance-window" }));
    expect(deferred.outs).toMatchObject({ status: "deferred" });
  });
});

describe("a region that lists no kernels", () => {
  function without(version: string) {
    const world = rig();
    const body = JSON.stringify({ error_code: "APIGW.0101", error_msg: "The API does not exist" });
    const fault = { kind: "replace", status: 404, headers: { "content-type": "application/json" }, body } as const;
    world.cloud.faults.add({ match: { path: /\/htap\/datastores\// }, times: Infinity, fault });
    return { ...world, args: world.inputs({ version }) };
  }

  it.each([">=3.1.10", "latest"])("upgrades to %s all the same", async (version) => {
    const { lifecycle, args } = without(version);
    expect((await lifecycle.create(args)).outs).toMatchObject({ status: "current", currentVersion: NEW });
  });

  it("cannot aim at an exact version", async () => {
    const { lifecycle, args, cloud } = without(NEW);
    await expect(lifecycle.create(args)).rejects.toThrow(/goes to the newest kernel, and the region does not list/);
    expect(cloud.writes()).toEqual([]);
  });
});
