import { describe, expect, it } from "vitest";
import type { Version } from "../../provider/core/version";
import { parseConstraint } from "../../provider/core/version";
import type { UploadedPackage } from "../../provider/oceanbase/agent/schema";
import {
  chooseTarget,
  incompleteAbove,
  missingPackages,
  OBSHELL,
  OCEANBASE,
  packageVersion,
} from "../../provider/oceanbase/packages/packages";

const EL7 = "102000042025031214.el7";

function uploaded(version: string, release = EL7, name = "oceanbase-ce", architecture = "x86_64"): UploadedPackage {
  return { name, version, release_distribution: release, architecture };
}

const DATABASE = { editions: OCEANBASE, architectures: ["x86_64"] };
const LIBS = "oceanbase-ce-libs";

/** Both packages of the community edition. */
function whole(version: string, release = EL7, architecture = "x86_64"): UploadedPackage[] {
  return ["oceanbase-ce", LIBS].map((name) => uploaded(version, release, name, architecture));
}

function choose(version: string, packages: UploadedPackage[] | undefined, release?: string, highest?: Version) {
  const constraint = parseConstraint(version);
  if (constraint === undefined) throw new Error(`${version} is no constraint`);
  return chooseTarget({ version, release, constraint }, packages, DATABASE, highest);
}

describe("the target of an upgrade", () => {
  it("is what is written when it is exact with its release, whatever is uploaded", () => {
    const target = { version: "4.3.5.2", release: EL7 };
    expect(choose("4.3.5.2", undefined, EL7)).toEqual(target);
    expect(choose("4.3.5.2", [], EL7)).toEqual(target);
  });

  it("is the one release of an exact version", () => {
    expect(choose("4.3.5.2", [uploaded("4.3.5.1"), uploaded("4.3.5.2"), uploaded("4.3.5.3")])).toEqual({
      version: "4.3.5.2",
      release: EL7,
    });
  });

  it.each([
    ["4.3.5", "4.3.5.10"],
    [">=4.3.5.2", "4.10.0.0"],
    [">=4.3.6", "4.10.0.0"],
  ])("is the newest that satisfies %s: %s", (pin, expected) => {
    const packages = ["4.3.5.2", "4.3.5.10", "4.3.5.9", "4.10.0.0", "4.4.0.0"].map((version) => uploaded(version));
    expect(choose(pin, packages)).toEqual({ version: expected, release: EL7 });
  });

  it("counts a package once, however many architectures and parts it is uploaded for", () => {
    const packages = [
      uploaded("4.3.5.2"),
      uploaded("4.3.5.2", EL7, "oceanbase-ce", "aarch64"),
      uploaded("4.3.5.2", EL7, "oceanbase-ce-libs"),
    ];
    expect(choose("4.3.5.2", packages)).toEqual({ version: "4.3.5.2", release: EL7 });
  });

  it.each(["oceanbase", "oceanbase-standalone"])("may be of another edition: %s", (name) => {
    expect(choose("4.3.5.2", [uploaded("4.3.5.2", EL7, name)])).toEqual({ version: "4.3.5.2", release: EL7 });
  });

  it("of the agents is taken from their own packages", () => {
    const constraint = parseConstraint("4.3.5");
    if (constraint === undefined) throw new Error("no constraint");
    const packages = [uploaded("4.3.5.9"), uploaded("4.3.5.2", "102.el7", "obshell")];
    const target = { version: "4.3.5.2", release: "102.el7" };
    const agents = { editions: OBSHELL, architectures: ["x86_64", "aarch64"] };
    expect(chooseTarget({ version: "4.3.5", constraint }, packages, agents)).toEqual(target);
    expect(missingPackages(target, packages, agents)).toEqual(["obshell-4.3.5.2-102.el7.aarch64.rpm"]);
  });

  it("is never taken from other packages", () => {
    const packages = [uploaded("4.3.5.2", EL7, "obshell"), uploaded("4.3.5.2", EL7, "oceanbase-ce-libs")];
    expect(choose("4.3.5.2", packages)).toMatchObject({ code: "no-package" });
  });

  it("is unknown without a package list, and the finding says what to write", () => {
    expect(choose("4.3.5.2", undefined)).toEqual({
      code: "release-unknown",
      message:
        "The agents cannot list their packages (obshell before 4.3.0.0), so the release of 4.3.5.2 cannot be looked up.",
      remedy: 'Set `release` as well, such as "102000042025031214.el7", with an exact `version`.',
    });
  });

  it("is missing when nothing that satisfies the pin is uploaded; what is there is named", () => {
    const finding = choose("4.3.5.2", [uploaded("4.3.5.1"), uploaded("4.4.0.0"), uploaded("4.5.0.0", EL7, "obshell")]);
    expect(finding).toMatchObject({
      code: "no-package",
      message: `No uploaded package satisfies version 4.3.5.2; uploaded: 4.3.5.1-${EL7}, 4.4.0.0-${EL7}.`,
    });
    expect(choose("4.3.5.2", [])).toMatchObject({ message: expect.stringMatching(/uploaded: none\.$/) });
  });

  it("is not guessed between several releases", () => {
    const finding = choose("4.3.5.2", [uploaded("4.3.5.2", "100.el7"), uploaded("4.3.5.2", "200.el8")]);
    expect(finding).toEqual({
      code: "release-ambiguous",
      message: "Version 4.3.5.2 is uploaded in several releases: 100.el7, 200.el8.",
      remedy: 'Set `release` to one of them, such as "100.el7".',
    });
  });
});

describe("a target that has to be chosen", () => {
  const el8 = EL7.replace("el7", "el8");
  const both = { editions: OCEANBASE, architectures: ["aarch64", "x86_64"] };

  it.each<[string, string, UploadedPackage[]]>([
    ["without its libraries", ">=4.3.5", [uploaded("4.3.5.3"), ...whole("4.3.5.2")]],
    ["without its libraries, for a prefix", "4.3.5", [uploaded("4.3.5.3"), ...whole("4.3.5.2")]],
    ["whose libraries alone are there", ">=4.3.5", [uploaded("4.3.5.3", EL7, LIBS), ...whole("4.3.5.2")]],
    [
      "with the libraries of another distribution",
      ">=4.3.5",
      [uploaded("4.3.5.3"), uploaded("4.3.5.3", el8, LIBS), ...whole("4.3.5.2")],
    ],
    ["of a distribution without its libraries", "4.3.5.2", [uploaded("4.3.5.2", el8), ...whole("4.3.5.2")]],
    ["in a later build without its libraries", "4.3.5.2", [uploaded("4.3.5.2", `9${EL7}`), ...whole("4.3.5.2")]],
  ])("is not one %s (%s)", (_, pin, packages) => {
    expect(choose(pin, packages)).toEqual({ version: "4.3.5.2", release: EL7 });
    expect(choose(pin, [...packages].reverse())).toEqual({ version: "4.3.5.2", release: EL7 });
  });

  it("is not one that lacks an architecture of the cluster", () => {
    const constraint = parseConstraint(">=4.3.5");
    if (constraint === undefined) throw new Error("no constraint");
    const older = [...whole("4.3.5.2"), ...whole("4.3.5.2", EL7, "aarch64")];
    const pin = { version: ">=4.3.5", constraint };
    const target = { version: "4.3.5.2", release: EL7 };
    expect(chooseTarget(pin, [...whole("4.3.5.3"), ...older], both)).toEqual(target);
    expect(incompleteAbove(target, pin, [...whole("4.3.5.3"), ...older], both)).toEqual([
      {
        target: { version: "4.3.5.3", release: EL7 },
        missing: [`oceanbase-ce-4.3.5.3-${EL7}.aarch64.rpm`, `oceanbase-ce-libs-4.3.5.3-${EL7}.aarch64.rpm`],
      },
    ]);
  });

  it("is the newest when none is complete: what it lacks can then be named", () => {
    const target = { version: "4.3.5.3", release: EL7 };
    expect(choose(">=4.3.5", [uploaded("4.3.5.3"), uploaded("4.3.5.2")])).toEqual(target);
  });

  it("is never below a member that satisfies the pin already: it would be downgraded", () => {
    const packages = [...whole("4.3.5.2"), uploaded("4.3.5.4")];
    expect(choose(">=4.3.5", packages, undefined, { parts: [4n, 3n, 5n, 3n] })).toMatchObject({ version: "4.3.5.4" });
    expect(choose(">=4.3.5", whole("4.3.5.2"), undefined, { parts: [4n, 3n, 5n, 3n] })).toMatchObject({
      code: "no-package",
      message: expect.stringContaining("(4.3.5.3 or later, which is running already); uploaded: 4.3.5.2"),
    });
  });
});

describe("the packages that are missing", () => {
  const target = { version: "4.3.5.2", release: EL7 };

  it.each<[string, UploadedPackage[], string[], string[]]>([
    [
      "none of the community edition",
      [],
      ["x86_64"],
      [`oceanbase-ce-4.3.5.2-${EL7}.x86_64.rpm`, `oceanbase-ce-libs-4.3.5.2-${EL7}.x86_64.rpm`],
    ],
    ["its libraries", [uploaded("4.3.5.2")], ["x86_64"], [`oceanbase-ce-libs-4.3.5.2-${EL7}.x86_64.rpm`]],
    ["nothing", [uploaded("4.3.5.2"), uploaded("4.3.5.2", EL7, "oceanbase-ce-libs")], ["x86_64"], []],
    [
      "those of one architecture",
      [uploaded("4.3.5.2"), uploaded("4.3.5.2", EL7, "oceanbase-ce-libs")],
      ["aarch64", "x86_64"],
      [`oceanbase-ce-4.3.5.2-${EL7}.aarch64.rpm`, `oceanbase-ce-libs-4.3.5.2-${EL7}.aarch64.rpm`],
    ],
    [
      "those of another release",
      [uploaded("4.3.5.2", "100.el7"), uploaded("4.3.5.2", EL7, "oceanbase-ce-libs")],
      ["x86_64"],
      [`oceanbase-ce-4.3.5.2-${EL7}.x86_64.rpm`],
    ],
    ["nothing of the business edition", [uploaded("4.3.5.2", EL7, "oceanbase")], ["x86_64"], []],
    ["nothing of the standalone edition", [uploaded("4.3.5.2", EL7, "oceanbase-standalone")], ["x86_64"], []],
    ["nothing that can be told without architectures", [], [], []],
    [
      "without architectures, those of the ones that are there",
      [uploaded("4.3.5.2"), uploaded("4.3.5.2", EL7, LIBS, "aarch64")],
      [],
      [`oceanbase-ce-4.3.5.2-${EL7}.aarch64.rpm`, `oceanbase-ce-libs-4.3.5.2-${EL7}.x86_64.rpm`],
    ],
  ])("are %s", (_, packages, architectures, expected) => {
    expect(missingPackages(target, packages, { editions: OCEANBASE, architectures })).toEqual(expected);
  });
});

describe("packageVersion", () => {
  it.each([
    ["4.3.5.2", EL7, { parts: [4n, 3n, 5n, 2n], build: 102000042025031214n }],
    ["4.3.5.2", "7", { parts: [4n, 3n, 5n, 2n], build: 7n }],
    ["4.3.5.2", "el7.7", undefined],
  ])("of %s and %s", (version, release, expected) => {
    expect(packageVersion({ version, release })).toEqual(expected);
  });
});
