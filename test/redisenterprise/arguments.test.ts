import type * as pulumi from "@pulumi/pulumi";
import { describe, expect, expectTypeOf, it } from "vitest";
import { validateArguments } from "../../provider/frontend/resource/arguments";
import { UNKNOWN } from "../../provider/frontend/resource/properties";
import { databaseVersion } from "../../provider/redisenterprise/database/database-version";
import { moduleVersions } from "../../provider/redisenterprise/modules/module-versions";
import { redisenterprise } from "../../sdk";
import { registrations, secretValue, settled } from "../sdk/registered";
import { selfSigned } from "../simulators/shell/certificate";

const nothing = () => {
  throw new Error("nothing is sent here");
};
const kinds = { modules: moduleVersions(nothing), redis: databaseVersion(nothing) };
type Kind = keyof typeof kinds;
type Args = Record<string, unknown>;

const shared = { endpoints: ["https://10.0.0.1:9443"], username: "a@b", password: "secret", databaseId: 1 };
const right = {
  modules: { ...shared, modules: { search: "2.10.17" } },
  redis: { ...shared, redisVersion: "7.4" },
};

function validated(kind: Kind, args: Args) {
  const { inputs, secrets } = kinds[kind];
  return validateArguments<unknown>(inputs, { ...right[kind], ...args }, secrets);
}

/** `property: reason` of all failures. */
function complaints(kind: Kind, args: Args): string[] {
  return validated(kind, args).failures.map(({ property, reason }) => `${property}: ${reason}`);
}

const { cert: CERTIFICATE, key: KEY } = selfSigned();

describe("the arguments of both", () => {
  const good: Args[] = [
    {},
    { endpoints: ["https://node1.example.com:9443/", "https://[::1]:9443"] },
    { endpoints: "https://a:9443, https://b:9443" },
    { endpoints: ["http://10.0.0.1:8080"], allowPlainHttp: true },
    { databaseId: undefined, databaseName: "cache" },
    { username: undefined, password: undefined, clientCertificate: CERTIFICATE, clientKey: KEY },
    { authentication: "token" },
    { caCertificate: CERTIFICATE, serverName: "cluster.example.com", allowUntrustedCertificate: false },
    ...["true", "1", "yes", "false", "0", "no", "TRUE"].map((word) => ({ allowUntrustedCertificate: word })),
    { preserveRoles: true, mayDiscardData: true, onNewer: "accept", wait: false, unreachableTimeout: "30m" },
  ];
  it.each(good)("may be %j", (args) => {
    expect(complaints("modules", args)).toEqual([]);
    expect(complaints("redis", args)).toEqual([]);
  });

  const bad: [Args, RegExp][] = [
    [{ endpoints: [] }, /^endpoints: must name at least one node, such as \["https:\/\/10\.0\.0\.1:9443", /],
    [{ endpoints: "" }, /^endpoints: must name at least one node/],
    [{ endpoints: undefined }, /^endpoints: is missing; it must be a list of node addresses, such as/],
    [{ endpoints: 1 }, /^endpoints: must be a list of node addresses/],
    [
      { endpoints: ["10.0.0.1:9443"] },
      /^endpoints\.0: "\S+" must begin with https:\/\/\. Example:|^endpoints\.0: "\S+" is not a URL\. Example: "https/,
    ],
    [
      { endpoints: ["ftp://10.0.0.1"] },
      /^endpoints\.0: "\S+" must begin with https:\/\/. Example: "https:\/\/10\.0\.0\.1:9443"/,
    ],
    [{ endpoints: ["https://a:9443", 5] }, /^endpoints\.1: must be a string\. Example:/],
    [
      { endpoints: ["https://a:9443/v1"] },
      /^endpoints\.0: "https:\/\/a:9443\/v1" must be only a host and port, without a path/,
    ],
    [
      { endpoints: ["http://10.0.0.1:8080"] },
      /^endpoints: must begin with https:\/\/.*password.*`allowPlainHttp` to true/,
    ],
    [{ endpoints: "https://a:9443,b" }, /^endpoints: "b" is not a URL\. Example:/],
    [{ username: "" }, /^username: must not be empty\. Example: "admin@example\.com"/],
    [{ username: undefined }, /^username: is missing; it must be the user's e-mail/],
    [{ password: undefined }, /^: password is missing; it must be the password of `username`/],
    [{ password: 5 }, /^: password must be a string/],
    [{ authentication: "jwt" }, /^authentication: must be "basic" or "token"/],
    [
      { username: undefined, clientCertificate: CERTIFICATE, clientKey: KEY, authentication: "token" },
      /^authentication: needs `username` and `password`/,
    ],
    [{ clientCertificate: CERTIFICATE }, /^: clientKey is missing; it must be the private key of `clientCertificate`/],
    [{ caCertificate: "/etc/ca.pem" }, /^caCertificate: must be a certificate in PEM format/],
    [{ serverName: "" }, /^serverName: must not be empty\. Example: "cluster\.example\.com"/],
    [{ allowUntrustedCertificate: "maybe" }, /^allowUntrustedCertificate: must be true or false/],
    [{ allowPlainHttp: "yes" }, /^allowPlainHttp: must be true or false/],
    [
      { databaseId: undefined },
      /^databaseId: is missing; it must be the database's uid, a whole number such as 1, or its name/,
    ],
    [{ databaseId: 0 }, /^databaseId: must be the database's uid, a whole number such as 1/],
    [{ databaseId: 1.5 }, /^databaseId: must be the database's uid/],
    [{ databaseId: "1" }, /^databaseId: must be the database's uid/],
    [{ databaseName: "cache" }, /^databaseName: cannot be combined with databaseId/],
    [{ databaseId: undefined, databaseName: "" }, /^databaseName: must not be empty\. Example: "cache"/],
    [{ mayDiscardData: "yes" }, /^mayDiscardData: must be true or false/],
    [{ databaseUid: 1 }, /^databaseUid: is not an argument of this resource/],
    [{ endpoint: "https://a:9443" }, /^endpoint: is not an argument of this resource; did you mean endpoints\?/],
    [{ unreachableTimeout: "0s" }, /^unreachableTimeout: must be a duration above zero/],
    [{ onNewer: "downgrade" }, /^onNewer: must be "report", "accept" or "fail"/],
  ];
  it.each(bad)("may not be %j", (args, message) => {
    for (const kind of ["modules", "redis"] as const) {
      const messages = complaints(kind, args);
      expect(
        messages.some((line) => message.test(line)),
        messages.join("\n"),
      ).toBe(true);
    }
  });

  it.each([
    "https://root:hunter2@10.0.0.1:9443",
    "root:hunter2@10.0.0.1:9443",
    "https://10.0.0.1:9443/?password=hunter2",
  ])("never quote a password in an endpoint: %s", (endpoint) => {
    for (const endpoints of [[endpoint], endpoint]) {
      const messages = complaints("modules", { endpoints });
      expect(messages).toHaveLength(1);
      expect(messages.join()).not.toContain("hunter2");
    }
  });

  it("are normalized", () => {
    const { args } = validated("modules", {
      endpoints: "https://A:9443/,https://a:9443",
      allowUntrustedCertificate: "1",
    });
    expect(args).toMatchObject({ endpoints: ["https://a:9443"], allowUntrustedCertificate: true });
  });

  it("are not validated while they are unknown", () => {
    const unknown = ["endpoints", "username", "password", "databaseId", "databaseName", "serverName", "preserveRoles"];
    for (const name of unknown) {
      const args = name === "databaseName" ? { databaseId: undefined } : {};
      expect(complaints("modules", { ...args, [name]: UNKNOWN })).toEqual([]);
      expect(complaints("redis", { ...args, [name]: UNKNOWN })).toEqual([]);
    }
    expect(complaints("modules", { endpoints: [UNKNOWN] })).toEqual([]);
    expect(complaints("modules", { modules: UNKNOWN })).toEqual([]);
    expect(
      complaints("modules", { modules: { search: UNKNOWN, ReJSON: { version: UNKNOWN, args: UNKNOWN } } }),
    ).toEqual([]);
    expect(complaints("redis", { redisVersion: UNKNOWN, modules: UNKNOWN })).toEqual([]);
  });
});

describe("the argument modules", () => {
  it.each([
    { search: "2.10.17", ReJSON: "2.8", bf: ">=2.6", timeseries: "latest" },
    { search: { version: ">=2.10", args: "WORKERS 6" } },
    { search: { version: "2.10.17" } },
  ])("may be %j", (modules) => {
    expect(complaints("modules", { modules })).toEqual([]);
  });

  it.each<[unknown, RegExp]>([
    [
      undefined,
      /^modules: is missing; it must name modules and their versions, such as search with the version "2\.10\.17"/,
    ],
    [{}, /^modules: must name at least one module, such as search with the version "2\.10\.17"/],
    [["search"], /^modules: must name modules and their versions/],
    ["search", /^modules: must name modules and their versions/],
    [{ search: "2.x" }, /^modules\.search: is not a module version. Example: "2\.10\.17", "2\.10" or ">=2\.10"/],
    [{ search: "" }, /^modules\.search: is not a module version/],
    [{ search: "2.10.17.1" }, /^modules\.search: must have at most 3 parts/],
    [{ search: "2.10.17-1" }, /^modules\.search: must have at most 3 parts/],
    [{ search: "21017" }, /^modules\.search: is the number of a version. Example: "2\.10\.17"/],
    [{ search: 2 }, /^modules\.search: must be a version, or version and args, such as search with/],
    [{ search: null }, /^modules\.search: must be a version, or version and args/],
    [{ search: {} }, /^modules\.search\.version: is missing; it must be a version, such as "2\.10\.17"/],
    [{ search: { version: "2.x" } }, /^modules\.search\.version: is not a module version/],
    [{ search: { version: "2.10", args: 6 } }, /^modules\.search\.args: must be a string, such as "WORKERS 6"/],
    [{ search: { version: "2.10", arg: "x" } }, /^modules\.search: has no arg; did you mean args\?/],
    [{ search: "2.10", Search: "2.10" }, /^modules\.Search: is listed twice: names are not case-sensitive/],
  ])("may not be %j", (modules, message) => {
    const messages = complaints("modules", { modules });
    expect(
      messages.some((line) => message.test(line)),
      messages.join("\n"),
    ).toBe(true);
  });
});

describe("the argument redisVersion", () => {
  it.each(["7.4", "8", ">=7.2", "latest", ">=8"])("may be %s", (redisVersion) => {
    expect(complaints("redis", { redisVersion })).toEqual([]);
  });

  it.each<[unknown, RegExp]>([
    [undefined, /^redisVersion: is missing; it must be a string, such as "7\.4"/],
    [
      "7.4.2",
      /^redisVersion: must be only major and minor, because the patch comes with the cluster's software\. Example:/,
    ],
    ["7.x", /^redisVersion: is not a Redis version. Example: "7\.4", "8" or ">=7\.4"/],
    ["7.4-big", /^redisVersion: is not a Redis version/],
    [7.4, /^redisVersion: must be a string, such as "7\.4"/],
  ])("may not be %j", (redisVersion, message) => {
    expect(complaints("redis", { redisVersion }).join("\n")).toMatch(message);
  });

  it.each<[Args, RegExp]>([
    [{ modules: { search: "2.10" } }, /^modules: must be "bundled" or "keep"/],
    [{ modules: "latest" }, /^modules: must be "bundled" or "keep"/],
    [
      { parallelShards: 0 },
      /^parallelShards: must be how many shards are upgraded at a time, a whole number such as 2/,
    ],
    [{ parallelShards: "2" }, /^parallelShards: must be how many/],
    [{ dryRun: "yes" }, /^dryRun: must be true or false/],
    [{ keepCrdtProtocolVersion: 1 }, /^keepCrdtProtocolVersion: must be true or false/],
  ])("cannot be combined with %j", (args, message) => {
    expect(complaints("redis", args).join("\n")).toMatch(message);
  });
});

const endpoints = ["https://10.0.0.1:9443"];
const where = { endpoints, databaseId: 1 };

// This function is not called: the compiler checks it, and reports an unused expectation of an error.
function programs(password: pulumi.Output<string>, cache: redisenterprise.DatabaseVersion): void {
  new redisenterprise.ModuleVersions("a", { ...where, modules: { search: "2.10.17", ReJSON: { version: ">=2.8" } } });
  new redisenterprise.ModuleVersions("a", { databaseName: "cache", modules: { search: password }, password });
  new redisenterprise.DatabaseVersion("a", { ...where, redisVersion: "8.2", modules: "keep", parallelShards: 2 });
  new redisenterprise.DatabaseVersion("a", { ...where, redisVersion: cache.redisVersion }, { dependsOn: cache });

  // @ts-expect-error missing modules
  new redisenterprise.ModuleVersions("a", where);
  // @ts-expect-error a number as a module's version
  new redisenterprise.ModuleVersions("a", { ...where, modules: { search: 2 } });
  // @ts-expect-error arguments without a version
  new redisenterprise.ModuleVersions("a", { ...where, modules: { search: { args: "WORKERS 6" } } });
  // @ts-expect-error a misspelt argument
  new redisenterprise.ModuleVersions("a", { ...where, modules: { search: "2.10" }, mayDiscard: true });
  // @ts-expect-error an unknown policy for modules
  new redisenterprise.DatabaseVersion("a", { ...where, redisVersion: "8.2", modules: "latest" });
  // @ts-expect-error a missing version
  new redisenterprise.DatabaseVersion("a", where);
  // @ts-expect-error an output instead of an argument
  new redisenterprise.DatabaseVersion("a", { ...where, redisVersion: "8.2", currentVersion: "8.2.0" });
}

describe("the classes", () => {
  it("reject misspelt and invalid arguments", () => {
    expect(programs).toBeTypeOf("function");
    expectTypeOf<redisenterprise.DatabaseVersion["currentVersion"]>().toEqualTypeOf<pulumi.Output<string>>();
    expectTypeOf<redisenterprise.ModuleVersions>().not.toHaveProperty("currentVersion");
  });

  it.each([
    [
      "ModuleVersions",
      () =>
        new redisenterprise.ModuleVersions("cache", {
          ...where,
          password: "hunter2",
          clientKey: "k3y",
          modules: { search: "2.10.17", ReJSON: { version: ">=2.8", args: "" } },
        }),
      { modules: { search: "2.10.17", ReJSON: { version: ">=2.8", args: "" } } },
    ],
    [
      "DatabaseVersion",
      () =>
        new redisenterprise.DatabaseVersion("cache", {
          ...where,
          password: "hunter2",
          clientKey: "k3y",
          redisVersion: "8.2",
        }),
      { redisVersion: "8.2" },
    ],
  ] as const)(
    "%s registers a dynamic resource with its arguments as written and its secrets sealed",
    async (type, make, pin) => {
      const [registered] = await registrations(make);
      const { password, clientKey, __provider, __urn, ...written } = registered?.inputs ?? {};
      expect(registered).toMatchObject({ type: `pulumi-nodejs:dynamic/redisenterprise:${type}`, custom: true });
      expect(written).toEqual({ ...where, ...pin });
      expect([secretValue(password), secretValue(clientKey)]).toEqual(["hunter2", "k3y"]);
      expect(registered?.secretOutputs).toEqual(["password", "clientKey"]);
    },
  );

  it("have the observed values, and the targets as written", async () => {
    let cache: redisenterprise.ModuleVersions | undefined;
    let redis: redisenterprise.DatabaseVersion | undefined;
    await registrations(
      () => {
        cache = new redisenterprise.ModuleVersions("cache", { ...where, modules: { search: "2.10" } });
        redis = new redisenterprise.DatabaseVersion("redis", { ...where, redisVersion: "7.4" });
        return redis;
      },
      { status: "current", members: { search: "2.10.17" }, currentVersion: "7.4.2" },
    );
    if (cache === undefined || redis === undefined) throw new Error("both are made");
    expect(await settled(cache.modules)).toEqual({ search: "2.10" });
    expect(await settled(cache.members)).toEqual({ search: "2.10.17" });
    expect(await settled(redis.redisVersion)).toBe("7.4");
    expect(await settled(redis.currentVersion)).toBe("7.4.2");
  });
});
