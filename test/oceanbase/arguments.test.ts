import { describe, expect, it } from "vitest";
import { validateArguments } from "../../provider/frontend/resource/arguments";
import { UNKNOWN } from "../../provider/frontend/resource/properties";
import { endangers, targetConstraint } from "../../provider/oceanbase/arguments";
import { clusterVersion } from "../../provider/oceanbase/kind";
import { selfSigned } from "../simulators/shell/certificate";

const { inputs } = clusterVersion(() => {
  throw new Error("no request is expected");
});
const valid = { endpoints: ["http://10.0.0.1:2886"], version: "4.3.5.2" };

/** `property: reason` of each failure. */
function failuresOf(args: Record<string, unknown>): string[] {
  const { failures } = validateArguments(inputs, { ...valid, ...args });
  return failures.map(({ property, reason }) => `${property}: ${reason}`);
}

const { cert: PEM, key: KEY } = selfSigned();

describe("the arguments of an OceanBase cluster", () => {
  it.each([
    {},
    { version: "4.3.5" },
    { version: ">=4.3.5.2" },
    { version: ">=4.3.5" },
    { release: "102000042025031214.el7" },
    { mode: "rolling", upgradeDir: "/data/obshell-upgrade", freezeServer: true },
    { mode: "stopService" },
    { endpoints: ["https://[::1]:2886/", "http://ob.example.com:2886"] },
    { password: "", serverName: "ob.example.com", allowUntrustedCertificate: false },
    { caCertificate: PEM, clientCertificate: PEM, clientKey: KEY },
    { onNewer: "fail", wait: false, unreachableTimeout: "30m" },
  ])("may be %j", (args) => {
    expect(failuresOf(args)).toEqual([]);
  });

  it.each<[Record<string, unknown>, RegExp]>([
    [{ version: "4.3" }, /^version: must have 4 parts, or 3 as a prefix. Example: "4\.3\.5\.2", /],
    [{ version: "4.3.5.2.1" }, /^version: must have 4 parts.*"4\.3\.5\.2"/],
    [{ version: "latest" }, /^version: cannot be latest: obshell upgrades only to an explicit version. Example: "4\.3/],
    [{ version: "4.3.5.x" }, /^version: is not an OceanBase version. Example: "4\.3\.5\.2"/],
    [{ version: "" }, /^version: is not an OceanBase version\. Example:/],
    [{ version: "4.3.5.2-1" }, /^version: must not contain a build; set `release` instead\. Example:/],
    [
      { version: "4.3.5.2-102000042025031214.el7" },
      /^version: contains a release\. Set `version` to "4\.3\.5\.2" and `release` to "102000042025031214\.el7"$/,
    ],
    [{ version: 4 }, /^version: must be a string, such as "4\.3\.5\.2"/],
    [{ version: undefined }, /^version: is missing; it must be a string, such as "4\.3\.5\.2"/],
    [{ release: "102000042025031214" }, /^release: must be build and distribution.*"102000042025031214\.el7"/],
    [{ release: "el7.1" }, /^release: must be build and distribution/],
    [{ release: "1.el7", version: "4.3.5" }, /^release: needs an exact `version`, such as "4\.3\.5\.2"/],
    [{ release: "1.el7", version: ">=4.3.5.2" }, /^release: needs an exact `version`/],
    [{ mode: "fast" }, /^mode: must be "rolling" or "stopService"/],
    [{ endpoints: [] }, /^endpoints: must name at least one agent, such as \["http:\/\/10\.0\.0\.1:2886"\]/],
    [{ endpoints: "http://10.0.0.1:2886" }, /^endpoints: must be a list of agent addresses, such as \["http/],
    [{ endpoints: undefined }, /^endpoints: is missing; it must be a list of agent addresses, such as/],
    [
      { endpoints: ["10.0.0.1:2886"] },
      /^endpoints\.0: "10\.0\.0\.1:2886" is not a URL\. Example: "http:\/\/10\.0\.0\.1:2886"/,
    ],
    [
      { endpoints: ["ftp://10.0.0.1"] },
      /^endpoints\.0: "ftp:\/\/10\.0\.0\.1" must begin with http:\/\/ or https:\/\/\. Example:/,
    ],
    [
      { endpoints: ["http://a:1/api/v1"] },
      /^endpoints\.0: "http:\/\/a:1\/api\/v1" must be only a host and port, without a path\. Example:/,
    ],
    [{ endpoints: ["http://a:1?x"] }, /^endpoints\.0: "http:\/\/a:1\?x" must be only a host and port/],
    [{ endpoints: ["http://a:1", 5] }, /^endpoints\.1: must be a string, such as "http/],
    [
      { caCertificate: "/etc/ca.pem" },
      /^caCertificate: must be a certificate in PEM format, beginning with -----BEGIN/,
    ],
    [{ clientKey: 1 }, /^clientKey: must be a private key in PEM format/],
    [{ serverName: "" }, /^serverName: must not be empty\. Example: "obshell\.example\.com"/],
    [{ allowUntrustedCertificate: "yes" }, /^allowUntrustedCertificate: must be true or false/],
    [{ verison: "4.3.5.2" }, /^verison: is not an argument of this resource; did you mean version\?/],
    [{ upgradeDirectory: "/data/x" }, /^upgradeDirectory: is not an argument of this resource/],
  ])("may not be %j", (args, message) => {
    const failures = failuresOf(args);
    expect(
      failures.some((line) => message.test(line)),
      failures.join("\n"),
    ).toBe(true);
  });

  it.each([
    "http://root:hunter2@10.0.0.1:2886",
    "http://hunter2@10.0.0.1:2886",
    "root:hunter2@10.0.0.1:2886",
    "http://root:hunter2@:2886",
    "ftp://root:hunter2@10.0.0.1",
    "http://10.0.0.1:2886/?password=hunter2",
  ])("never quotes a password in an endpoint: %s", (endpoint) => {
    const failures = failuresOf({ endpoints: [endpoint] });
    expect(failures).toHaveLength(1);
    expect(failures[0]).toContain('Example: "http://10.0.0.1:2886"');
    expect(failures.join()).not.toContain("hunter2");
  });

  it("names the argument for a password that was written into an endpoint", () => {
    expect(failuresOf({ endpoints: ["http://root:x@a:1"] })[0]).toMatch(/must not contain credentials.*`password`/);
  });

  it("are not validated while they are unknown", () => {
    expect(failuresOf({ version: UNKNOWN })).toEqual([]);
    expect(failuresOf({ endpoints: [UNKNOWN] })).toEqual([]);
    expect(failuresOf({ upgradeDir: UNKNOWN, mode: UNKNOWN, wait: UNKNOWN })).toEqual([]);
  });
});

describe("the version constraint of a cluster", () => {
  it.each([
    ["4.3.5.2", undefined, "at", undefined],
    ["4.3.5.2", "102000042025031214.el7", "at", 102000042025031214n],
    [">=4.3.5", undefined, "minimum", undefined],
  ] as const)("of %s with release %s", (version, release, kind, build) => {
    const constraint = targetConstraint({ version, release });
    expect(constraint.kind).toBe(kind);
    expect(constraint.kind === "latest" ? undefined : constraint.version.build).toBe(build);
  });
});

describe("upgradeDir, which a rollback deletes", () => {
  it.each(["/data/obshell-upgrade", "/home/admin/upgrade/", "/data/升级", "/data/a-b_c:d@e.f"])(
    "may be %s",
    (upgradeDir) => {
      expect(failuresOf({ upgradeDir })).toEqual([]);
    },
  );

  it.each([
    ["/", "first-level"],
    ["/data", "first-level"],
    ["/data/", "first-level"],
    ["//data//", "first-level"],
    ["/data/.", "first-level"],
    ["/data/x/../..", ".."],
    ["/data/../etc", ".."],
    ["data/upgrade", "absolute"],
    ["~/upgrade", "absolute"],
    ["/data/my dir", "characters"],
    ["/data/$HOME", "characters"],
    ["/data/a;b", "characters"],
    ["", "empty"],
  ])("may not be %j (%s)", (upgradeDir, word) => {
    const failures = failuresOf({ upgradeDir });
    expect(failures[0]).toContain(word);
    expect(failures[0]).toContain('"/data/obshell-upgrade"');
  });

  it.each([
    ["/home/admin/oceanbase", true],
    ["/home/admin/oceanbase/", true],
    ["/home/admin", true],
    ["/home/admin/x/../oceanbase", true],
    ["/home/admin/oceanbase/store", true],
    ["/home/admin/oceanbase/upgraded", true],
    ["/home/admin/oceanbase/upgrade/../store", true],
    ["/home/admin/oceanbase/upgrade", false],
    ["/home/admin/oceanbase/upgrade/sub", false],
    ["/home/admin/oceanbase-upgrade", false],
    ["/home/admin/ocean", false],
    ["/data/obshell-upgrade", false],
  ])("%s endangers an agent at /home/admin/oceanbase: %s", (directory, expected) => {
    expect(endangers(directory, "/home/admin/oceanbase")).toBe(expected);
    expect(endangers(directory, "/home/admin/oceanbase/")).toBe(expected);
  });
});
