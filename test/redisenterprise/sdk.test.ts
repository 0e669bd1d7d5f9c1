import type * as pulumi from "@pulumi/pulumi";
import { describe, expect, expectTypeOf, it } from "vitest";
import { redisenterprise } from "../../sdk";
import { registrations, secretValue, settled } from "../sdk/registered";

const endpoints = ["https://10.0.0.1:9443"];
const where = { endpoints, databaseId: 1 };

// Nothing here is run: the compiler checks it, and an unused expectation of an error is an error itself.
function programs(password: pulumi.Output<string>, cache: redisenterprise.DatabaseVersion): void {
  new redisenterprise.ModuleVersions("a", { ...where, modules: { search: "2.10.17", ReJSON: { version: ">=2.8" } } });
  new redisenterprise.ModuleVersions("a", { databaseName: "cache", modules: { search: password }, password });
  new redisenterprise.DatabaseVersion("a", { ...where, redisVersion: "8.2", modules: "keep", parallelShards: 2 });
  new redisenterprise.DatabaseVersion("a", { ...where, redisVersion: cache.redisVersion }, { dependsOn: cache });

  // @ts-expect-error missing modules
  new redisenterprise.ModuleVersions("a", where);
  // @ts-expect-error a module's version that is a number
  new redisenterprise.ModuleVersions("a", { ...where, modules: { search: 2 } });
  // @ts-expect-error arguments without a version
  new redisenterprise.ModuleVersions("a", { ...where, modules: { search: { args: "WORKERS 6" } } });
  // @ts-expect-error a misspelt argument
  new redisenterprise.ModuleVersions("a", { ...where, modules: { search: "2.10" }, mayDiscard: true });
  // @ts-expect-error a policy for modules that does not exist
  new redisenterprise.DatabaseVersion("a", { ...where, redisVersion: "8.2", modules: "latest" });
  // @ts-expect-error a missing version
  new redisenterprise.DatabaseVersion("a", where);
  // @ts-expect-error an observed output is no argument
  new redisenterprise.DatabaseVersion("a", { ...where, redisVersion: "8.2", currentVersion: "8.2.0" });
}

describe("the classes", () => {
  it("refuse misspelt and wrong arguments", () => {
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

  it("show what was observed, and the pins as written", async () => {
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
