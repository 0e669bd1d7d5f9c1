import { describe, expect, it } from "vitest";
import { z } from "zod";
import { Refused } from "../../provider/core/errors";
import type { WireRequest } from "../../provider/http/transport";
import { openAccess } from "../../provider/huaweicloud/access";
import { completeConnection, connectionArguments } from "../../provider/huaweicloud/arguments";
import { JobIds, readJob } from "../../provider/huaweicloud/jobs";
import { codes } from "../../provider/huaweicloud/responses";
import { iamOrigin, type Service, serviceOrigin } from "../../provider/huaweicloud/service";
import { TAURUSDB } from "../../provider/taurusdb/service";
import { VirtualClock } from "../support/virtual-clock";

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
    // Next to the service, in the same domain.
    ["https://gaussdb-mysql.eu-de.otc.t-systems.com", "https://iam.eu-de.otc.t-systems.com"],
    ["GaussDB-MySQL.EU-DE.otc.t-systems.com", "https://iam.eu-de.otc.t-systems.com"],
    ["https://gaussdb-mysql.eu-de.otc.t-systems.com:443/", "https://iam.eu-de.otc.t-systems.com"],
    ["http://gaussdb.cn-north-4.myhuaweicloud.com", "https://iam.cn-north-4.myhuaweicloud.com"],
    ["https://gaussdb.eu-west-101.myhuaweicloud.eu", "https://iam.eu-west-101.myhuaweicloud.eu"],
    ["https://gaussdb.eu-west-0.prod-cloud.example.com", "https://iam.eu-west-0.prod-cloud.example.com"],
    ["https://taurusdb.cn-north-4.myhuaweicloud.com", "https://iam.cn-north-4.myhuaweicloud.com"],
    // From these, the address of IAM cannot be derived.
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
  ])("of IAM next to %s, regardless of the region", (endpoint, origin) => {
    for (const region of [undefined, "eu-de", "cn-north-4"])
      expect(iamOrigin(TAURUSDB, { region, endpoint }, {})).toBe(origin);
    const env = { HUAWEICLOUD_SDK_REGION_GAUSSDB_EU_DE: endpoint };
    expect(iamOrigin(TAURUSDB, { region: "eu-de" }, env)).toBe(origin);
  });
});

/** The service as a driver for RDS for MySQL would define it. */
const RDS: Service = {
  name: "RDS",
  sdkName: "RDS",
  regions: { rds: ["cn-north-4", "cn-east-3"], "rds-intl": ["ap-southeast-1"] },
  codes: { ...codes("missing", "RDS.0011"), ...codes("busy", "RDS.0014"), "RDS.0099": "no-job" },
  readAction: "rds:instance:list",
  availability: "the service is RDS's",
};
const PROJECT = "054e292c9880d4992f02c0196d3ea468";
const ARGS = { region: "cn-north-4", projectId: PROJECT, accessKey: "AK", secretKey: "SK" };

/** A network that responds to every request with the same response. */
function respondingWith(status: number, body: unknown) {
  const requests: WireRequest[] = [];
  const transport = {
    send: async (request: WireRequest) => {
      requests.push(request);
      return { status, headers: {}, body: new TextEncoder().encode(JSON.stringify(body)) };
    },
    close: async () => undefined,
  };
  const runtime = { clock: new VirtualClock(), signal: new AbortController().signal, conceal: () => undefined };
  const access = (args: Partial<typeof ARGS> = ARGS) =>
    openAccess(RDS, { ...ARGS, ...args }, runtime, () => transport, {});
  return { requests, gateway: access().gateway, access };
}

const coded = (error_code: string) => ({ error_code, error_msg: "No." });
const INSTANCES = { path: ["instances"], schema: z.object({ total_count: z.number() }) };
const UPGRADE = {
  method: "POST",
  path: ["instances", "i", "db-upgrade"],
  body: { is_delayed: false },
  schema: z.object({}),
  action: "rds:instance:modify",
} as const;

describe("another service of Huawei Cloud", () => {
  it("receives signed requests at its own address", async () => {
    const { gateway, requests } = respondingWith(200, { total_count: 7 });
    expect(await gateway.read(INSTANCES)).toEqual({ kind: "data", data: { total_count: 7 } });
    expect(requests).toHaveLength(1);
    expect(requests[0]).toMatchObject({
      origin: "https://rds.cn-north-4.myhuaweicloud.com",
      target: `/v3/${PROJECT}/instances`,
      headers: { authorization: expect.stringMatching(/^SDK-HMAC-SHA256 Access=AK, SignedHeaders=.*host/) },
    });
  });

  it("has a prefix for each region", async () => {
    const { access, requests } = respondingWith(200, { total_count: 0 });
    await access({ region: "ap-southeast-1" }).gateway.read(INSTANCES);
    expect(requests[0]?.origin).toBe("https://rds-intl.ap-southeast-1.myhuaweicloud.com");
  });

  it("has its own error codes, in addition to the gateway's", async () => {
    expect(await respondingWith(400, coded("RDS.0011")).gateway.read(INSTANCES)).toMatchObject({ kind: "missing" });
    expect(await respondingWith(404, coded("APIGW.0101")).gateway.read(INSTANCES)).toMatchObject({ kind: "unserved" });
    const busy = await respondingWith(400, coded("RDS.0014"))
      .gateway.write(UPGRADE)
      .catch((error: unknown) => error);
    expect(busy).toBeInstanceOf(Refused);
    expect(busy).toMatchObject({ refusal: "busy" });
  });

  it("is reported with its own IAM actions, address and name", async () => {
    const forbidden = respondingWith(403, coded("APIGW.0302")).gateway;
    await expect(forbidden.read(INSTANCES)).rejects.toMatchObject({
      remedy: expect.stringContaining("rds:instance:list"),
    });
    await expect(forbidden.write(UPGRADE)).rejects.toMatchObject({
      remedy: expect.stringContaining("rds:instance:modify"),
    });
    await expect(respondingWith(404, "hello").gateway.read(INSTANCES)).rejects.toMatchObject({
      remedy: expect.stringContaining("https://rds.cn-north-4.myhuaweicloud.com"),
    });
    await expect(respondingWith(404, coded("APIGW.0101")).gateway.find(INSTANCES)).rejects.toMatchObject({
      remedy: expect.stringContaining("the service is RDS's"),
    });
  });

  it("has jobs that are read with both forms of their ids", async () => {
    const body = { job: { id: "j", name: "UpgradeDbMinorVersion", status: "Running", process: "40%" } };
    const id = "56d3c113-8dcf-4f1d-a73b-0170700c78d0";
    expect(await readJob(respondingWith(200, body).gateway, new JobIds(), id)).toMatchObject({ status: "Running" });
    const unknown = respondingWith(400, coded("RDS.0099"));
    expect(await readJob(unknown.gateway, new JobIds(), id)).toBeUndefined();
    expect(unknown.requests.map(({ target }) => target.split("=")[1])).toEqual([id, id.replaceAll("-", "")]);
  });

  it("has the same arguments, with its own messages", () => {
    const inputs = z.strictObject(connectionArguments(RDS)).superRefine(completeConnection(RDS, {}));
    expect(inputs.safeParse(ARGS).success).toBe(true);
    const messages = inputs.safeParse({ ...ARGS, region: "cn-south-1" }).error?.issues.map(({ message }) => message);
    expect(messages?.join()).toMatch(
      /known region of RDS \(ap-southeast-1, cn-east-3, cn-north-4\).*REGION_RDS_CN_SOUTH_1/,
    );
  });
});
