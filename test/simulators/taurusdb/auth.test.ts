import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NO_BODY, ScaledClock, type SimRequest } from "../shell";
import { DEFAULTS, TaurusCloud } from ".";
import { canonicalRequest, parseSdkDate, sha256, signatureOf } from "./signature";
import { type CallOptions, ID, MINUTE, P, sdkDate, sign, Trial } from "./trial";

const DATE = "20260101T000000Z";
const AT = Date.UTC(2026, 0, 1);
const HOST = "gaussdb.cn-north-4.myhuaweicloud.com";
const BASE = { "content-type": "application/json", host: HOST, "x-sdk-date": DATE };
const PROJECT = { "x-project-id": "054e292c9880d4992f02c0196d3ea468" };

interface Vector {
  readonly request: SimRequest;
  readonly hash: string;
  readonly signature: string;
}

const vector = (
  method: string,
  target: string,
  headers: Record<string, string>,
  hash: string,
  signature: string,
  body = "",
): Vector => ({ request: { method, target, headers, body: Buffer.from(body) }, hash, signature });

/** The vectors A–E of TaurusDB facts §1b. */
const VECTORS: Readonly<Record<string, Vector>> = {
  A: vector(
    "POST",
    `${P}/instances/database-version/upgrade`,
    { ...BASE, ...PROJECT },
    "0dd82c9f1eff870e37ee40afaf37c402bea2c1cba0f2c999c4860a12c100f9ff",
    "0c87cc99994887bcf3192d3ad8e090ae93ef931019c12d751317adbae045ec10",
    `{"databases_instance_infos":[{"current_version":"2.0.48.231200","instance_id":"${ID}"}],"delay":false}`,
  ),
  B: vector(
    "GET",
    `${P}/jobs?id=a9767ede-fe0f-4888-9003-e843a4c90514`,
    BASE,
    "702667d8da3ad52fec5957e4957dc0d87740ab9f0148c46df63bf681130af5b4",
    "b5fb1024ae51434a672088437062cc5945d26a434442509ba6dd69f2514523c9",
  ),
  C: vector(
    "GET",
    `${P}/instances?offset=0&limit=100&name=%2Aa%20b%2F%C3%BC~&tags=Key1%3DValue1`,
    { ...BASE, ...PROJECT, "x-security-token": "TOKENEXAMPLE" },
    "f22d11d6e6c8356dca7042536ce0e8fe16e0ae08c5208f23adb3f0c5b664c558",
    "c0499c0c5c15607c9ddf358ab68e0514ec0914f6034f4937f42054f278a1932e",
  ),
  D: vector(
    "POST",
    `${P}/instances/abc/starrocks/db-upgrade`,
    { ...BASE, ...PROJECT, "x-language": "en-us" },
    "a68c85aa7bf11dfcb10fb5a155f01a486d8eea466bc1c8e132312a6a76214f2b",
    "0e6ba96d6052635aa0d910ffef8019ffe97537613e9dfacfd2e7ea8598b1b2d0",
    '{"delay":false,"is_skip_validate":false}',
  ),
  E: vector(
    "GET",
    `${P}/instances/${ID}/database-version`,
    { ...BASE, ...PROJECT, host: "127.0.0.1:8080" },
    "c58f24580a4037873683a9af7373e747ba1c34eb5bd86aef5fa49d8c024cc9ae",
    "117c8538ca5b7b88c8dd8aabb236cec1df5a3f0d7c8c7c77ffa115222d024302",
  ),
};

describe.each(Object.entries(VECTORS))("test vector %s", (name, { request, hash, signature }) => {
  const names = Object.keys(request.headers).sort();

  it("has the documented canonical request and signature", () => {
    const canonical = canonicalRequest(request, names, "literal");
    expect(sha256(canonical)).toBe(hash);
    expect(signatureOf("SKEXAMPLE", DATE, canonical)).toBe(signature);
  });

  it("is accepted by the gateway, and rejected if the last digit of the signature changes", async () => {
    const trial = new Trial({ kernel: "2.0.48.231200" }, AT);
    const temporary = request.headers["x-security-token"];
    if (temporary) trial.cloud.control.iam.addTemporaryKey("AKEXAMPLE", "SKEXAMPLE", { securityToken: temporary });
    const send = (text: string) => {
      const authorization = `SDK-HMAC-SHA256 Access=AKEXAMPLE, SignedHeaders=${names.join(";")}, Signature=${text}`;
      const headers = { ...request.headers, authorization };
      return trial.send(trial.cloud.endpoint("cn-north-4"), { ...request, headers });
    };
    const wrong = await send(signature.replace(/.$/, (digit) => (digit === "0" ? "1" : "0")));
    expect([wrong.status, JSON.parse(wrong.body.toString()).error_code]).toEqual([401, "APIGW.0301"]);
    // B reads a job and D an instance that do not exist: the service responds, not the gateway.
    expect((await send(signature)).status).toBe({ A: 200, B: 400, C: 200, D: 400, E: 200 }[name]);
  });
});

describe("the canonical request", () => {
  it("of vector B is the documented text", () => {
    const { request } = VECTORS["B"] ?? { request: { method: "", target: "", headers: {}, body: NO_BODY } };
    expect(canonicalRequest(request, ["content-type", "host", "x-sdk-date"], "literal")).toBe(
      [
        "GET",
        "/v3/054e292c9880d4992f02c0196d3ea468/jobs/",
        "id=a9767ede-fe0f-4888-9003-e843a4c90514",
        "content-type:application/json",
        "host:gaussdb.cn-north-4.myhuaweicloud.com",
        "x-sdk-date:20260101T000000Z",
        "",
        "content-type;host;x-sdk-date",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
      ].join("\n"),
    );
  });

  it.each([
    ["GET", "/path?limit=1", "", "5a2ce64c865e0e6046321c6f3d5a77ba8413eeaf355c3166c03d58d02ac79624"],
    [
      "POST",
      "/path?key=value",
      '{"Name":"test","Id":1}\n',
      "cecc2af119b18ab70b4d094c0750f3b42c02f254903179a0fc2cc72fc9db4f59",
    ],
  ])("of the Go SDK's %s %s has the SDK's signature", (method, target, body, signature) => {
    const headers = { "x-sdk-date": "20060102T150405Z" };
    const canonical = canonicalRequest({ method, target, headers, body: Buffer.from(body) }, ["x-sdk-date"], "literal");
    expect(signatureOf("SecretKey", "20060102T150405Z", canonical)).toBe(signature);
  });

  it("sorts the query by name and value, and encodes it again", () => {
    const target =
      "/?test=%E4%B8%80%20(%26%3D%3F!%23%25.*)&multi=3&limit=1&multi=1&path=/tmp/123&multi=2&enable=true&none";
    const canonical = canonicalRequest({ method: "GET", target, headers: {}, body: NO_BODY }, [], "literal");
    expect(canonical.split("\n")[2]).toBe(
      "enable=true&limit=1&multi=1&multi=2&multi=3&none=&path=%2Ftmp%2F123&test=%E4%B8%80%20%28%26%3D%3F%21%23%25.%2A%29",
    );
  });

  it.each([
    ["literal", "q=a%2Bb"],
    ["space", "q=a%20b"],
  ] as const)("treats a plus as a %s, depending on the switch", (plus, query) => {
    const request = { method: "GET", target: "/?q=a+b", headers: {}, body: NO_BODY };
    expect(canonicalRequest(request, [], plus).split("\n")[2]).toBe(query);
  });

  it("uses X-Sdk-Content-Sha256 instead of the body's hash", () => {
    const headers = { "x-sdk-content-sha256": "UNSIGNED-PAYLOAD" };
    const canonical = canonicalRequest({ method: "PUT", target: "/", headers, body: Buffer.from("x") }, [], "literal");
    expect(canonical.endsWith("\nUNSIGNED-PAYLOAD")).toBe(true);
  });
});

describe("X-Sdk-Date", () => {
  it.each(["", "2026-01-01T00:00:00Z", "20260101T000000", "20261301T000000Z", "20260230T000000Z"])(
    "is rejected: %s",
    (text) => {
      expect(parseSdkDate(text)).toBeUndefined();
    },
  );

  it("is parsed as UTC without separators", () => {
    expect(parseSdkDate(DATE)).toBe(AT);
  });
});

describe("a signed request", () => {
  const text = fc.string({ unit: "binary", maxLength: 8 }).filter((one) => one.isWellFormed());

  it("is accepted whatever its query contains", async () => {
    const trial = new Trial();
    const pairs = fc.array(fc.tuple(fc.constantFrom("name", "vpc_id", "x y", "ü"), text), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(pairs, async (query) => {
        expect((await trial.call("GET", `${P}/instances`, { query })).code).not.toBe("APIGW.0301");
      }),
      { numRuns: 200 },
    );
  });

  const changed: [string, CallOptions][] = [
    ["another query", { query: [["limit", "1"]], rawTarget: `${P}/instances?limit=2` }],
    ["another path", { rawTarget: `${P}/instances/details` }],
    ["another signed header", { unsigned: { "content-type": "text/plain" } }],
    ["another host", { unsigned: { host: "elsewhere" } }],
    ["another secret", { secretKey: "guessed" }],
  ];

  it.each(changed)("is rejected when it arrives with %s", async (_, options) => {
    const { status, code, json, headers } = await new Trial().call("GET", `${P}/instances`, options);
    expect([status, code]).toEqual([401, "APIGW.0301"]);
    expect(json["error_msg"]).toMatch(
      /^Incorrect IAM authentication information: verify aksk signature fail, canonicalRequest:GET\|\/v3\/.*\|host:/,
    );
    expect(json["request_id"]).toBe(headers["x-request-id"]);
  });

  it("is rejected if its body was changed", async () => {
    const trial = new Trial();
    const headers = { host: trial.cloud.endpoint("cn-north-4"), "x-sdk-date": sdkDate(trial.clock.now()) };
    const path = `${P}/instances/${ID}/db-upgrade`;
    const signed = { method: "POST", path, query: [], headers, body: '{"delay":false}' };
    const authorization = sign("SKEXAMPLE", "AKEXAMPLE", signed);
    const send = (body: string) =>
      trial.send(headers.host, {
        method: "POST",
        target: path,
        headers: { ...headers, authorization },
        body: Buffer.from(body),
      });
    expect((await send('{"delay":true}')).status).toBe(401);
    expect((await send('{"delay":false}')).status).toBe(200);
  });
});

const LIST = `${P}/instances`;
const HOUR = 60 * MINUTE;
const SCOPE = { project: { name: "cn-north-4" } };

function passwordBody(password: string = DEFAULTS.password, scope: object = SCOPE): string {
  const user = { name: DEFAULTS.user, password, domain: { name: DEFAULTS.account } };
  return JSON.stringify({ auth: { identity: { methods: ["password"], password: { user } }, scope } });
}

/** An unsigned request to IAM. */
async function iam(trial: Trial, method: string, target: string, body = "", headers: Record<string, string> = {}) {
  const to = trial.cloud.endpoint("cn-north-4", "iam");
  const reply = await trial.send(to, { method, target, headers, body: Buffer.from(body) });
  // Each test asserts the shape.
  const json = JSON.parse(reply.body.toString()) as Record<string, Record<string, unknown>>;
  return { status: reply.status, json, token: reply.headers["x-subject-token"] ?? "" };
}

const requestToken = async (trial: Trial, body = passwordBody()) =>
  (await iam(trial, "POST", "/v3/auth/tokens", body)).token;

describe("a signature", () => {
  const cases: [string, CallOptions, string][] = [
    ["an unknown access key", { accessKey: "NOBODY" }, "Get secretKey failed,ak:NOBODY,err:ak not exist"],
    ["a date of 16 minutes ago", { skew: -16 * MINUTE }, "exceeds 15 minutes"],
    ["a date in 16 minutes", { skew: 16 * MINUTE }, "exceeds 15 minutes"],
    ["another algorithm", { unsigned: { authorization: "V11-HMAC-SHA256 Access=A" } }, "Unauthorized"],
    ["a security token for a permanent key", { unsigned: { "x-security-token": "T" } }, "Unauthorized"],
  ];

  it.each(cases)("is rejected for %s", async (_, options, text) => {
    const reply = await new Trial().get(LIST, {}, options);
    expect([reply.status, reply.code]).toEqual([401, "APIGW.0301"]);
    expect(reply.json["error_msg"]).toContain(text);
  });

  it("is valid for 15 minutes before and after its date, by the clock of the server", async () => {
    const trial = new Trial();
    for (const skew of [-15 * MINUTE, 15 * MINUTE]) expect((await trial.get(LIST, {}, { skew })).status).toBe(200);
    trial.cloud.control.gateway.setClockSkew(HOUR);
    expect((await trial.get(LIST)).code).toBe("APIGW.0301");
    expect((await trial.get(LIST, {}, { skew: HOUR })).status).toBe(200);
    trial.cloud.control.setSwitches({ clockSkewCode: "APIGW.0303" });
    expect((await trial.get(LIST)).code).toBe("APIGW.0303");
  });

  it("must cover the date, and every header that it names must be present", async () => {
    const trial = new Trial();
    const to = trial.cloud.endpoint("cn-north-4");
    const headers = { host: to, "x-sdk-date": sdkDate(trial.clock.now()) };
    const send = (signed: Record<string, string>, sent: Record<string, string>) => {
      const authorization = sign("SKEXAMPLE", "AKEXAMPLE", {
        method: "GET",
        path: LIST,
        query: [],
        headers: signed,
        body: "",
      });
      return trial.send(to, {
        method: "GET",
        target: LIST,
        headers: { ...sent, authorization },
        body: Buffer.alloc(0),
      });
    };
    expect((await send(headers, headers)).status).toBe(200);
    expect((await send({ host: to }, headers)).body.toString()).toContain("signed header x-sdk-date not found");
    const more = { ...headers, "x-language": "en-us" };
    expect((await send(more, headers)).body.toString()).toContain("signed header x-language not found");
    trial.cloud.control.setSwitches({ signedHeadersRequired: ["x-sdk-date", "host"] });
    expect((await send({ "x-sdk-date": headers["x-sdk-date"] }, headers)).status).toBe(401);
  });

  it("locks the access key for five minutes after five bad signatures", async () => {
    const trial = new Trial();
    const bad = { secretKey: "guessed" };
    for (let time = 0; time < 4; time += 1) await trial.get(LIST, {}, bad);
    expect((await trial.get(LIST)).status).toBe(200);
    for (let time = 0; time < 5; time += 1) await trial.get(LIST, {}, bad);
    expect((await trial.get(LIST)).text).toContain("AK access failed to reach the limit,forbidden");
    trial.clock.advance(5 * MINUTE);
    expect((await trial.get(LIST)).status).toBe(200);
  });

  it("is rejected after the secret changed, and while the key or its user is disabled", async () => {
    const trial = new Trial();
    const { iam: control } = trial.cloud.control;
    control.rotateSecret("NEW");
    expect((await trial.get(LIST)).status).toBe(401);
    const renewed = { secretKey: "NEW" };
    expect((await trial.get(LIST, {}, renewed)).status).toBe(200);
    control.setKeyActive(false);
    expect((await trial.get(LIST, {}, renewed)).text).toContain("ak not exist");
    control.setKeyActive(true);
    control.setEnabled(false);
    expect((await trial.get(LIST, {}, renewed)).status).toBe(401);
  });

  it("of a temporary key requires the security token, signed or not, until the key expires", async () => {
    const trial = new Trial();
    trial.cloud.control.iam.addTemporaryKey("TMP", "TMPSECRET", { securityToken: "T", seconds: 900 });
    const key = { accessKey: "TMP", secretKey: "TMPSECRET" };
    const token = { "x-security-token": "T" };
    expect((await trial.get(LIST, {}, key)).text).toContain("Unauthorized");
    expect((await trial.get(LIST, {}, { ...key, headers: { "x-security-token": "U" } })).status).toBe(401);
    expect((await trial.get(LIST, {}, { ...key, headers: token })).status).toBe(200);
    expect((await trial.get(LIST, {}, { ...key, unsigned: token })).status).toBe(200);
    trial.clock.advance(15 * MINUTE);
    expect((await trial.get(LIST, {}, { ...key, headers: token })).status).toBe(401);
  });

  it("may be dated by the wall clock or by simulated time, if simulated time is scaled", async () => {
    const cloud = new TaurusCloud({ clock: new ScaledClock(1000, Date.now() + 24 * HOUR) });
    const trial = new Trial({}, undefined);
    const to = cloud.endpoint("cn-north-4");
    const at = async (date: number) => {
      const headers = { host: to, "x-sdk-date": sdkDate(date) };
      const authorization = sign("SKEXAMPLE", "AKEXAMPLE", { method: "GET", path: LIST, query: [], headers, body: "" });
      const [host] = cloud.hosts.filter((one) => one.address === to);
      return host?.handle({
        method: "GET",
        target: LIST,
        headers: { ...headers, authorization },
        body: Buffer.alloc(0),
      }).status;
    };
    expect([await at(Date.now()), await at(cloud.now()), await at(trial.clock.now())]).toEqual([200, 200, 401]);
  });
});

describe("a token", () => {
  it("is issued for a password and a project", async () => {
    const trial = new Trial();
    const { status, json, token } = await iam(trial, "POST", "/v3/auth/tokens?nocatalog=true", passwordBody());
    expect(status).toBe(201);
    expect(json["token"]).toMatchObject({
      methods: ["password"],
      issued_at: "2026-11-22T15:00:00.000000Z",
      expires_at: "2026-11-23T15:00:00.000000Z",
      user: { name: "operator", domain: { name: "example" } },
      project: { id: DEFAULTS.projectId, name: "cn-north-4", domain: { name: "example" } },
    });
    expect(json["token"]).not.toHaveProperty("catalog");
    expect((await trial.get(LIST, {}, { token })).status).toBe(200);
    expect(await requestToken(trial)).not.toBe(token);
    expect((await trial.get(LIST, {}, { token })).status).toBe(200);
  });

  it("expires after 24 hours, and becomes invalid with its user or password", async () => {
    const trial = new Trial();
    const refused = async (token: string) => {
      const { status, code, json } = await trial.get(LIST, {}, { token });
      expect([status, code, json["error_msg"]]).toEqual([401, "APIGW.0307", "The token must be updated."]);
    };
    const first = await requestToken(trial);
    trial.clock.advance(24 * HOUR);
    await refused(first);
    await refused("nonsense");
    const second = await requestToken(trial);
    trial.cloud.control.iam.setEnabled(false);
    await refused(second);
    trial.cloud.control.iam.setEnabled(true);
    trial.cloud.control.iam.setPassword("other");
    await refused(second);
    const third = await requestToken(trial, passwordBody("other"));
    trial.cloud.control.iam.expireTokens();
    await refused(third);
  });

  it.each([
    ["a wrong password", passwordBody("wrong"), 401],
    ["an unknown project", passwordBody(undefined, { project: { name: "mars-1" } }), 401],
    ["an undocumented method", '{"auth":{"identity":{"methods":["hw_ak_sk"],"hw_ak_sk":{}}}}', 400],
    ["a body that is not JSON", "x", 400],
  ])("is not issued for %s", async (_, body, status) => {
    const reply = await iam(new Trial(), "POST", "/v3/auth/tokens", body);
    expect([reply.status, reply.json["error"]?.["code"]]).toEqual([status, status]);
  });

  it("is not issued to a HUAWEI ID", async () => {
    const trial = new Trial();
    trial.cloud.control.iam.user("operator").passwordLogin = false;
    expect((await iam(trial, "POST", "/v3/auth/tokens", passwordBody())).status).toBe(401);
  });

  it("without a project, or of another project, gives access to no instance", async () => {
    const trial = new Trial({ regions: ["cn-north-4", "ap-southeast-1"] });
    const token = await requestToken(trial, passwordBody(undefined, {}));
    expect((await trial.get(LIST, {}, { token })).code).toBe("DBS.280056");
    const other = await requestToken(trial, passwordBody(undefined, { project: { name: "ap-southeast-1" } }));
    expect((await trial.get(LIST, {}, { token: other })).code).toBe("DBS.200010");
  });

  it("is rejected together with a bad signature", async () => {
    const trial = new Trial();
    const token = await requestToken(trial);
    const both = (secretKey: string) => trial.get(LIST, {}, { secretKey, unsigned: { "x-auth-token": token } });
    expect([(await both("SKEXAMPLE")).status, (await both("guessed")).status]).toEqual([200, 401]);
  });

  it("is required if there is no signature", async () => {
    const trial = new Trial();
    const send = (target: string) =>
      trial.send(trial.cloud.endpoint("cn-north-4"), { method: "GET", target, headers: {}, body: Buffer.alloc(0) });
    const reply = await send(LIST);
    expect([reply.status, reply.body.toString()]).toEqual([401, expect.stringContaining("x-auth-token not found")]);
    expect((await send("/v3/nothing")).status).toBe(404);
  });
});

describe("an agency", () => {
  it("delegates the permissions of another account, as a token or as a temporary key", async () => {
    const trial = new Trial();
    const { iam: control } = trial.cloud.control;
    control.addAccount("helper");
    control.addUser("robot", { account: "helper" });
    control.addKey("ROBOT", "ROBOTSECRET", "robot");
    control.addAgency("upgrades", { account: "example", trusts: "helper", user: "operator" });
    const robot = { accessKey: "ROBOT", secretKey: "ROBOTSECRET", to: trial.cloud.endpoint("cn-north-4", "iam") };
    expect((await trial.get(LIST, {}, { ...robot, to: trial.cloud.endpoint("cn-north-4") })).code).toBe("DBS.200010");
    const assume = { agency_name: "upgrades", domain_name: "example", duration_seconds: 3600 };
    const identity = { methods: ["assume_role"], assume_role: assume };
    const token = await trial.call("POST", "/v3/auth/tokens", { ...robot, body: { auth: { identity, scope: SCOPE } } });
    expect(token.status).toBe(201);
    expect((await trial.get(LIST, {}, { token: token.headers["x-subject-token"] ?? "" })).status).toBe(200);
    const path = "/v3.0/OS-CREDENTIAL/securitytokens";
    const given = await trial.call("POST", path, { ...robot, body: { auth: { identity } } });
    const { access = "", secret = "", securitytoken = "" } = given.json["credential"] as Record<string, string>;
    const key = { accessKey: access, secretKey: secret, headers: { "x-security-token": securitytoken } };
    expect((await trial.get(LIST, {}, key)).status).toBe(200);
    trial.clock.advance(HOUR);
    expect((await trial.get(LIST, {}, key)).status).toBe(401);
    const unknown = { methods: ["assume_role"], assume_role: { ...assume, agency_name: "other" } };
    expect((await trial.call("POST", path, { ...robot, body: { auth: { identity: unknown } } })).status).toBe(403);
  });
});

describe("projects", () => {
  const projects = async (trial: Trial, query: Record<string, string> = {}, more: CallOptions = {}) => {
    const to = trial.cloud.endpoint("cn-north-4", "iam");
    const reply = await trial.get("/v3/projects", query, { to, ...more });
    return (reply.json["projects"] as { id: string; name: string }[] | undefined)?.map((one) => one.name);
  };

  it("are found by their exact name", async () => {
    const trial = new Trial({ regions: ["cn-north-4", "ap-southeast-1"] });
    trial.cloud.control.iam.addProject("cn-north-4", "team");
    expect(await projects(trial, { name: "cn-north-4" })).toEqual(["cn-north-4"]);
    expect(await projects(trial)).toEqual(["cn-north-4", "ap-southeast-1", "cn-north-4_team"]);
    expect(await projects(trial, { name: "mars-1" })).toEqual([]);
    expect(await projects(trial, { page: "2", per_page: "2" })).toEqual(["cn-north-4_team"]);
    expect(await projects(trial, {}, { secretKey: "guessed" })).toBeUndefined();
    const invalid = [{ page: "0" }, { page: "x" }, { per_page: "-1" }];
    for (const query of invalid) expect(await projects(trial, query)).toBeUndefined();
  });

  it("belong to one account, one region and one endpoint", async () => {
    const trial = new Trial({ regions: ["cn-north-4", "ap-southeast-1"] });
    const { control } = trial.cloud;
    const sub = control.iam.addProject("cn-north-4", "team");
    control.addInstance({ projectId: sub.id });
    const names = async (id: string, more: CallOptions = {}) => (await trial.get(`/v3/${id}/instances`, {}, more)).code;
    expect(await names(sub.id)).toBe("");
    expect(await names("f".repeat(32))).toBe("DBS.200010");
    expect(await names(control.iam.addAccount("other").projects[0]?.id ?? "")).toBe("DBS.200010");
    expect(trial.cloud.endpoint("ap-southeast-1")).toBe("gaussdbformysql.ap-southeast-1.myhuaweicloud.com");
    expect(await names(sub.id, { to: trial.cloud.endpoint("ap-southeast-1") })).toBe("DBS.200010");
    expect(await names(sub.id, { to: trial.cloud.endpoint("cn-north-4", "iam") })).toBe("APIGW.0101");
  });

  it("may be named by a header, which must match the path", async () => {
    const trial = new Trial();
    const named = async (id: string) => (await trial.get(LIST, {}, { headers: { "x-project-id": id } })).code;
    expect([await named(DEFAULTS.projectId), await named("f".repeat(32))]).toEqual(["", "DBS.200010"]);
    expect((await trial.get(LIST, {}, { unsigned: { "x-project-id": DEFAULTS.projectId } })).code).toBe("");
    trial.cloud.control.setSwitches({ projectHeader: "required" });
    expect((await trial.get(LIST)).code).toBe("APIGW.0301");
  });
});
