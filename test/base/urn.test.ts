import { describe, expect, it } from "vitest";
import { resourceName, typeOfUrn } from "../../provider/base/urn";

const TYPE = "pulumi-nodejs:dynamic/oceanbase:ClusterVersion";

describe("typeOfUrn", () => {
  it.each([
    [`urn:pulumi:dev::shop::${TYPE}::orders`, "oceanbase:ClusterVersion"],
    [`urn:pulumi:dev::shop::my:component:Database$${TYPE}::orders`, "oceanbase:ClusterVersion"],
    [`urn:pulumi:dev::shop::pulumi-nodejs:dynamic/oceanbase:AgentVersion$${TYPE}::orders`, "oceanbase:ClusterVersion"],
    [`urn:pulumi:dev::shop::${TYPE}::pulumi-nodejs:dynamic/taurusdb:KernelVersion::x`, "oceanbase:ClusterVersion"],
    ["urn:pulumi:dev::shop::pulumi-nodejs:dynamic:Resource::orders", undefined],
    ["urn:pulumi:dev::shop::aws:s3/bucket:Bucket::orders", undefined],
    ["", undefined],
  ])("of %s is %s", (urn, expected) => {
    expect(typeOfUrn(urn)).toBe(expected);
  });
});

describe("resourceName", () => {
  it.each([
    [`urn:pulumi:dev::shop::${TYPE}::orders`, "orders"],
    [`urn:pulumi:dev::shop::my:component:Database$${TYPE}::orders`, "orders"],
    [`urn:pulumi:dev::shop::${TYPE}::shop::orders`, "shop::orders"],
    [`urn:pulumi:dev::shop::${TYPE}::`, ""],
    ["orders", ""],
    ["", ""],
  ])("of %s is %j", (urn, expected) => {
    expect(resourceName(urn)).toBe(expected);
  });
});
