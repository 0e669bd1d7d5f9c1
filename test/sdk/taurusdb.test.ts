import * as pulumi from "@pulumi/pulumi";
import { describe, expect, expectTypeOf, it } from "vitest";
import { Provider, type Status, taurusdb } from "../../sdk";
import { registrations, secretValue } from "./registered";

const IN07 = "6754902da1f447269c6979b0590102a5in07";
const IN17 = "1c8b1f2e2a2b4f0f9a6d3a0f4a3b9c11in17";
const kernel: taurusdb.KernelVersionArgs = { instanceIds: [IN07], version: ">=2.0.75" };
const starRocks: taurusdb.StarRocksVersionArgs = { instanceId: IN07, starRocksInstanceId: IN17, version: "latest" };

const TYPES: readonly [string, (more: Partial<taurusdb.KernelArgs>) => pulumi.Resource][] = [
  ["taurusdb:KernelVersion", (more) => new taurusdb.KernelVersion("fleet", { ...kernel, ...more })],
  ["taurusdb:StarRocksVersion", (more) => new taurusdb.StarRocksVersion("reports", { ...starRocks, ...more })],
];

describe.each(TYPES)("%s", (type, make) => {
  it("is a dynamic resource of its own type", async () => {
    const [resource] = await registrations(() => make({}));
    expect(resource).toMatchObject({ type: `pulumi-nodejs:dynamic/${type}`, custom: true });
  });

  it("sends the arguments as written, and nothing for those that were not", async () => {
    const [resource] = await registrations(() => make({ schedule: "maintenance-window", region: "cn-north-4" }));
    const { __provider, __urn, ...written } = resource?.inputs ?? {};
    const own = type === "taurusdb:KernelVersion" ? kernel : starRocks;
    expect(written).toEqual({ ...own, schedule: "maintenance-window", region: "cn-north-4" });
  });

  it.each(["accessKey", "secretKey", "securityToken", "password"])("keeps %s secret, in and out", async (name) => {
    const [resource] = await registrations(() => make({ [name]: "hunter2" }));
    expect(secretValue(resource?.inputs[name])).toBe("hunter2");
    expect(resource?.secretOutputs).toContain(name);
  });
});

describe("an explicit provider", () => {
  it("carries everything that says who calls and where, as secrets", async () => {
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
});

// Nothing here is run: the compiler checks it, and an unused expectation of an error is an error itself.
function programs(key: pulumi.Output<string>, instance: pulumi.Output<string>): void {
  new taurusdb.KernelVersion("a", { ...kernel, preCheck: false, accessKey: key, secretKey: key, onNewer: "accept" });
  new taurusdb.KernelVersion("a", { instanceIds: [instance], version: "latest", schedule: "now" });
  new taurusdb.StarRocksVersion("a", { ...starRocks, skipValidation: true, wait: false, projectId: instance });

  // @ts-expect-error one instance that is no list
  new taurusdb.KernelVersion("a", { ...kernel, instanceIds: IN07 });
  // @ts-expect-error an argument of the other type
  new taurusdb.KernelVersion("a", { ...kernel, skipValidation: true });
  // @ts-expect-error an argument of the other type
  new taurusdb.StarRocksVersion("a", { ...starRocks, preCheck: true });
  // @ts-expect-error a missing id
  new taurusdb.StarRocksVersion("a", { instanceId: IN07, version: "latest" });
  // @ts-expect-error a schedule that does not exist
  new taurusdb.StarRocksVersion("a", { ...starRocks, schedule: "tonight" });
  // @ts-expect-error the service's own word
  new taurusdb.StarRocksVersion("a", { ...starRocks, delay: true });
  // @ts-expect-error a setting that does not exist
  new Provider("p", { huaweicloud: { ak: key } });
}

describe("the types", () => {
  it("refuse misspelt and wrong arguments", () => {
    expect(programs).toBeTypeOf("function");
  });

  it("of the outputs are what the documentation says", () => {
    expectTypeOf<taurusdb.KernelVersion["currentVersion"]>().toEqualTypeOf<pulumi.Output<string>>();
    expectTypeOf<taurusdb.StarRocksVersion["version"]>().toEqualTypeOf<pulumi.Output<string>>();
    expectTypeOf<taurusdb.StarRocksVersion["members"]>().toEqualTypeOf<pulumi.Output<Record<string, string>>>();
    expectTypeOf<taurusdb.StarRocksVersion["status"]>().toEqualTypeOf<pulumi.Output<Status>>();
  });
});
