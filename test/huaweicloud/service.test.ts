import { describe, expect, it } from "vitest";
import { iamOrigin, serviceOrigin } from "../../provider/huaweicloud/service";
import { TAURUSDB } from "../../provider/taurusdb/service";

describe("addresses", () => {
  it.each([
    ["cn-north-4", "https://gaussdb.cn-north-4.myhuaweicloud.com"],
    ["ap-southeast-1", "https://gaussdbformysql.ap-southeast-1.myhuaweicloud.com"],
    ["me-east-1", "https://gaussdbformysql.me-east-1.myhuaweicloud.com"],
    ["af-south-1", "https://gaussdb-mysql.af-south-1.myhuaweicloud.com"],
    ["la-north-2", "https://gaussdb-mysql.la-north-2.myhuaweicloud.com"],
    ["eu-west-101", undefined],
  ])("of the service in %s", (region, origin) => {
    expect(serviceOrigin(TAURUSDB, { region }, {})).toBe(origin);
  });

  it.each([
    [{}, undefined],
    [{ region: "cn-north-4" }, "https://iam.cn-north-4.myhuaweicloud.com"],
    [{ region: "eu-west-101" }, undefined],
    [{ iamEndpoint: "https://iam.example.com:443/v3" }, "https://iam.example.com"],
    [{ iamEndpoint: "iam.example.com" }, "https://iam.example.com"],
    [{ iamEndpoint: "http://127.0.0.1:8080" }, "http://127.0.0.1:8080"],
  ])("of IAM for %j", (where, origin) => {
    expect(iamOrigin(TAURUSDB, where, {})).toBe(origin);
  });

  it.each([
    // Beside the service, in the same domain.
    ["https://gaussdb-mysql.eu-de.otc.t-systems.com", "https://iam.eu-de.otc.t-systems.com"],
    ["GaussDB-MySQL.EU-DE.otc.t-systems.com", "https://iam.eu-de.otc.t-systems.com"],
    ["https://gaussdb-mysql.eu-de.otc.t-systems.com:443/", "https://iam.eu-de.otc.t-systems.com"],
    ["http://gaussdb.cn-north-4.myhuaweicloud.com", "https://iam.cn-north-4.myhuaweicloud.com"],
    ["https://gaussdb.eu-west-101.myhuaweicloud.eu", "https://iam.eu-west-101.myhuaweicloud.eu"],
    ["https://gaussdb.eu-west-0.prod-cloud.example.com", "https://iam.eu-west-0.prod-cloud.example.com"],
    ["https://taurusdb.cn-north-4.myhuaweicloud.com", "https://iam.cn-north-4.myhuaweicloud.com"],
    // Nothing of these tells where IAM is.
    ["https://gaussdb-mysql.eu-de.otc.t-systems.com:8443", undefined],
    ["https://gaussdb.cn-north-4.com", undefined],
    ["https://gaussdb.example.com", undefined],
    ["https://db.eu-de.example.com", undefined],
    ["https://10.0.0.1", undefined],
    ["https://[fd00::1]", undefined],
    ["https://localhost", undefined],
    ["http://127.0.0.1:8080", undefined],
    ["https://gaussdb", undefined],
    ["https://gaussdb.eu-de.otc.t-systems.com.", undefined],
  ])("of IAM beside %s, whatever the region", (endpoint, origin) => {
    for (const region of [undefined, "eu-de", "cn-north-4"])
      expect(iamOrigin(TAURUSDB, { region, endpoint }, {})).toBe(origin);
    const env = { HUAWEICLOUD_SDK_REGION_GAUSSDB_EU_DE: endpoint };
    expect(iamOrigin(TAURUSDB, { region: "eu-de" }, env)).toBe(origin);
  });
});
