import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NO_BODY, type SimRequest } from "../shell";
import { canonicalRequest, parseSdkDate, sha256, signatureOf } from "./signature";
import { type CallOptions, ID, P, sdkDate, sign, Trial } from "./trial";

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

describe.each(Object.entries(VECTORS))("vector %s", (name, { request, hash, signature }) => {
  const names = Object.keys(request.headers).sort();

  it("has its canonical request and signature", () => {
    const canonical = canonicalRequest(request, names, "literal");
    expect(sha256(canonical)).toBe(hash);
    expect(signatureOf("SKEXAMPLE", DATE, canonical)).toBe(signature);
  });

  it("passes the gateway, and not with another last digit", async () => {
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
  it("is B's, literally", () => {
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
  ])("of the Go SDK's %s %s is signed as there", (method, target, body, signature) => {
    const headers = { "x-sdk-date": "20060102T150405Z" };
    const canonical = canonicalRequest({ method, target, headers, body: Buffer.from(body) }, ["x-sdk-date"], "literal");
    expect(signatureOf("SecretKey", "20060102T150405Z", canonical)).toBe(signature);
  });

  it("sorts a query by name and value, and encodes it again", () => {
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
  ] as const)("takes a plus for a %s", (plus, query) => {
    const request = { method: "GET", target: "/?q=a+b", headers: {}, body: NO_BODY };
    expect(canonicalRequest(request, [], plus).split("\n")[2]).toBe(query);
  });

  it("takes the place of the body's hash from X-Sdk-Content-Sha256", () => {
    const headers = { "x-sdk-content-sha256": "UNSIGNED-PAYLOAD" };
    const canonical = canonicalRequest({ method: "PUT", target: "/", headers, body: Buffer.from("x") }, [], "literal");
    expect(canonical.endsWith("\nUNSIGNED-PAYLOAD")).toBe(true);
  });
});

describe("X-Sdk-Date", () => {
  it.each(["", "2026-01-01T00:00:00Z", "20260101T000000", "20261301T000000Z", "20260230T000000Z"])(
    "is not %s",
    (text) => {
      expect(parseSdkDate(text)).toBeUndefined();
    },
  );

  it("is UTC without separators", () => {
    expect(parseSdkDate(DATE)).toBe(AT);
  });
});

describe("a request that a client signs", () => {
  const text = fc.string({ unit: "binary", maxLength: 8 }).filter((one) => one.isWellFormed());

  it("is accepted whatever its query holds", async () => {
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

  it.each(changed)("is refused when it arrives with %s", async (_, options) => {
    const { status, code, json, headers } = await new Trial().call("GET", `${P}/instances`, options);
    expect([status, code]).toEqual([401, "APIGW.0301"]);
    expect(json["error_msg"]).toMatch(
      /^Incorrect IAM authentication information: verify aksk signature fail, canonicalRequest:GET\|\/v3\/.*\|host:/,
    );
    expect(json["request_id"]).toBe(headers["x-request-id"]);
  });

  it("is refused when its body was changed", async () => {
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
