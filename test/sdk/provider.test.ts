import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import { oceanbase, Provider } from "../../sdk";
import { registrations, secretValue } from "./registered";

describe("an explicit provider", () => {
  it("is one of the dynamic resources' own, with secret settings under their config keys", async () => {
    const [provider] = await registrations(() => new Provider("production", { oceanbase: { password: "hunter2" } }));
    expect(provider).toMatchObject({ type: "pulumi:providers:pulumi-nodejs", name: "production" });
    expect(Object.keys(provider?.inputs ?? {})).toEqual(["oceanbase:password"]);
    // A provider's settings travel as JSON texts.
    expect(JSON.stringify(secretValue(provider?.inputs["oceanbase:password"]))).toContain("hunter2");
  });

  it.each([{}, { oceanbase: {} }])("may be without settings: %j", async (args) => {
    const [provider] = await registrations(() => new Provider("production", args));
    expect(provider?.inputs).toEqual({});
  });

  it("does not set what is undefined, as what the program's configuration does not have", async () => {
    const huaweicloud = { region: "eu-west-101", securityToken: undefined as never }; // as with plain strict types
    const [provider] = await registrations(() => new Provider("production", { huaweicloud }));
    expect(Object.keys(provider?.inputs ?? {})).toEqual(["huaweicloud:region"]);
  });

  it("takes a secret of the stack's configuration", async () => {
    const password = pulumi.secret("hunter2");
    const [provider] = await registrations(() => new Provider("production", { oceanbase: { password } }));
    expect(secretValue(provider?.inputs["oceanbase:password"])).toBeDefined();
  });

  it("serves the pins that name it", async () => {
    const seen = await registrations(() => {
      const provider = new Provider("production", { oceanbase: { password: "hunter2" } });
      return new oceanbase.ClusterVersion("orders", { endpoints: ["http://a:1"], version: "4.3.5.2" }, { provider });
    });
    expect(seen.map(({ name }) => name)).toEqual(["production", "orders"]);
    expect(JSON.stringify(seen[1]?.inputs)).not.toContain("hunter2");
  });
});
