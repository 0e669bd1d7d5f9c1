import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import { oceanbase, Provider } from "../../sdk";
import { registrations, secretValue } from "./registered";

const ROOT = resolve(__dirname, "../..");

describe("an explicit provider", () => {
  it("is registered as a provider of dynamic resources, with secret settings under their config keys", async () => {
    const [provider] = await registrations(() => new Provider("production", { oceanbase: { password: "hunter2" } }));
    expect(provider).toMatchObject({ type: "pulumi:providers:pulumi-nodejs", name: "production" });
    expect(Object.keys(provider?.inputs ?? {})).toEqual(["oceanbase:password"]);
    // The settings of a provider are sent as JSON strings.
    expect(JSON.stringify(secretValue(provider?.inputs["oceanbase:password"]))).toContain("hunter2");
  });

  it("passes on all connection settings and credentials, as secrets", async () => {
    const huaweicloud = {
      region: "cn-north-4",
      projectId: "054e292c9880d4992f02c0196d3ea468",
      endpoint: "https://db.example.com",
      iamEndpoint: "https://iam.example.com",
      accessKey: "AK",
      secretKey: "SK",
      securityToken: "ST",
      userName: "operator",
      password: pulumi.secret("hunter2"),
      domainName: "example",
    };
    const [provider] = await registrations(() => new Provider("production", { huaweicloud }));
    expect(Object.keys(provider?.inputs ?? {}).sort()).toEqual(
      Object.keys(huaweicloud)
        .map((name) => `huaweicloud:${name}`)
        .sort(),
    );
    for (const value of Object.values(provider?.inputs ?? {})) expect(secretValue(value)).toBeDefined();
  });

  it.each([{}, { oceanbase: {} }])("accepts no settings: %j", async (args) => {
    const [provider] = await registrations(() => new Provider("production", args));
    expect(provider?.inputs).toEqual({});
  });

  it("passes on the change rules of the stack: a freeze of either, and the stack's windows if it has none", async () => {
    pulumi.runtime.setAllConfig({
      "dbversion:freeze": "incident 4711",
      "dbversion:windows": "[1]",
      "dbversion:proxy": "x",
    });
    try {
      const settings = async (dbversion?: Record<string, string>) => {
        const args = dbversion === undefined ? {} : { dbversion };
        const [provider] = await registrations(() => new Provider("production", args));
        return Object.entries(provider?.inputs ?? {}).map(([key, value]) => [key, String(secretValue(value))]);
      };
      expect(Object.fromEntries(await settings())).toEqual({
        "dbversion:freeze": "incident 4711",
        "dbversion:windows": "[1]",
      });
      expect(Object.fromEntries(await settings({ freeze: "mine", windows: "[2]" }))).toEqual({
        "dbversion:freeze": "mine; incident 4711",
        "dbversion:windows": "[2]",
      });
    } finally {
      pulumi.runtime.setAllConfig({});
    }
  });

  it("does not pass on undefined settings", async () => {
    const huaweicloud = { region: "eu-west-101", securityToken: undefined as never }; // allowed without exactOptionalPropertyTypes
    const [provider] = await registrations(() => new Provider("production", { huaweicloud }));
    expect(Object.keys(provider?.inputs ?? {})).toEqual(["huaweicloud:region"]);
  });

  it.each<[string, unknown, string]>([
    [
      "a misspelt setting",
      { oceanbase: { pasword: "hunter2" } },
      "oceanbase.pasword is not a setting; did you mean password?",
    ],
    ["a misspelt vendor", { oceanbse: { password: "hunter2" } }, "oceanbse is not a vendor; did you mean oceanbase?"],
    [
      "an unknown setting",
      { redisenterprise: { zzz: "hunter2" } },
      "redisenterprise.zzz is not a setting; valid names: endpoints, username, password, allowUntrustedCertificate",
    ],
    [
      "a setting of another vendor",
      { oceanbase: { secretKey: "hunter2" } },
      "oceanbase.secretKey is not a setting; valid names: password, agentPassword",
    ],
    [
      "a setting without its vendor",
      { password: "hunter2" },
      "password is not a vendor; valid names: oceanbase, huaweicloud, redisenterprise, dbversion",
    ],
    [
      "a name from the prototype of objects",
      { oceanbase: { constructor: "hunter2" } },
      "oceanbase.constructor is not a setting",
    ],
    [
      "a string instead of an object",
      { oceanbase: "hunter2" },
      "oceanbase must be an object with password, agentPassword",
    ],
    [
      "a list instead of an object",
      { oceanbase: ["hunter2"] },
      "oceanbase must be an object with password, agentPassword",
    ],
    [
      "an output instead of an object",
      { oceanbase: pulumi.output({ password: "hunter2" }) },
      "oceanbase must be an object with",
    ],
    ["a number", { huaweicloud: { region: 4 } }, "huaweicloud.region must be a string, not of type number"],
    [
      "a list",
      { redisenterprise: { endpoints: ["hunter2"] } },
      "redisenterprise.endpoints must be a string, not a list",
    ],
  ])("rejects %s, without its value in the error", async (_, args, message) => {
    const registering = registrations(() => new Provider("production", args as never)); // a JavaScript program has no types
    const error: unknown = await registering.catch((thrown: unknown) => thrown);
    expect(pulumi.RunError.isInstance(error)).toBe(true);
    expect(String(error)).toContain(`Provider "production": ${message}`);
    expect(String(error)).not.toContain("hunter2");
  });

  it("fails the program if a resolved output has the wrong type", () => {
    const program = `
      const pulumi = require("@pulumi/pulumi");
      pulumi.runtime.setMocks({ newResource: () => ({ id: "x", state: {} }), call: () => ({}) });
      const { Provider } = require("pulumi-dbversion");
      new Provider("production", { oceanbase: { password: pulumi.output(4) } });`;
    const { status, stderr } = spawnSync(process.execPath, ["-e", program], { cwd: ROOT, encoding: "utf8" });
    expect(stderr).toContain('Provider "production": oceanbase.password must be a string, not of type number');
    expect(status).not.toBe(0);
  });

  it("accepts a secret from the stack configuration", async () => {
    const password = pulumi.secret("hunter2");
    const [provider] = await registrations(() => new Provider("production", { oceanbase: { password } }));
    expect(secretValue(provider?.inputs["oceanbase:password"])).toBeDefined();
  });

  it("can be used by a resource", async () => {
    const seen = await registrations(() => {
      const provider = new Provider("production", { oceanbase: { password: "hunter2" } });
      return new oceanbase.ClusterVersion("orders", { endpoints: ["http://a:1"], version: "4.3.5.2" }, { provider });
    });
    expect(seen.map(({ name }) => name)).toEqual(["production", "orders"]);
    expect(JSON.stringify(seen[1]?.inputs)).not.toContain("hunter2");
  });
});
