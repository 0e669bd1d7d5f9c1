import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  canonicalRequest,
  encode,
  type Signable,
  sdkDate,
  sign,
  targetOf,
} from "../../provider/huaweicloud/authenticator";

const P = "054e292c9880d4992f02c0196d3ea468";
const HOST = "gaussdb.cn-north-4.myhuaweicloud.com";
const KEY = { accessKey: "AKEXAMPLE", secretKey: "SKEXAMPLE" };
const DATE = { "x-sdk-date": "20260101T000000Z" };
const JSON_TYPE = { "content-type": "application/json" };
const PROJECT = { "x-project-id": P };

interface Vector {
  readonly request: Signable;
  readonly canonical: string;
  readonly signature: string;
}

/** Vectors on which the official Node and Python signers and independent code agree. */
const VECTORS = {
  A: {
    request: {
      method: "POST",
      target: `/v3/${P}/instances/database-version/upgrade`,
      headers: { ...JSON_TYPE, host: HOST, ...PROJECT, ...DATE },
      body: '{"databases_instance_infos":[{"current_version":"2.0.48.231200","instance_id":"6754902da1f447269c6979b0590102a5in07"}],"delay":false}',
    },
    canonical: "0dd82c9f1eff870e37ee40afaf37c402bea2c1cba0f2c999c4860a12c100f9ff",
    signature: "0c87cc99994887bcf3192d3ad8e090ae93ef931019c12d751317adbae045ec10",
  },
  B: {
    request: {
      method: "GET",
      target: `/v3/${P}/jobs?id=a9767ede-fe0f-4888-9003-e843a4c90514`,
      headers: { ...JSON_TYPE, host: HOST, ...DATE },
    },
    canonical: "702667d8da3ad52fec5957e4957dc0d87740ab9f0148c46df63bf681130af5b4",
    signature: "b5fb1024ae51434a672088437062cc5945d26a434442509ba6dd69f2514523c9",
  },
  C: {
    request: {
      method: "GET",
      target: targetOf(`/v3/${P}/instances`, { offset: "0", limit: "100", name: "*a b/ü~", tags: "Key1=Value1" }),
      headers: { ...JSON_TYPE, host: HOST, ...PROJECT, ...DATE, "x-security-token": "TOKENEXAMPLE" },
    },
    canonical: "f22d11d6e6c8356dca7042536ce0e8fe16e0ae08c5208f23adb3f0c5b664c558",
    signature: "c0499c0c5c15607c9ddf358ab68e0514ec0914f6034f4937f42054f278a1932e",
  },
  D: {
    request: {
      method: "POST",
      target: `/v3/${P}/instances/abc/starrocks/db-upgrade`,
      headers: { ...JSON_TYPE, host: HOST, "x-language": "en-us", ...PROJECT, ...DATE },
      body: '{"delay":false,"is_skip_validate":false}',
    },
    canonical: "a68c85aa7bf11dfcb10fb5a155f01a486d8eea466bc1c8e132312a6a76214f2b",
    signature: "0e6ba96d6052635aa0d910ffef8019ffe97537613e9dfacfd2e7ea8598b1b2d0",
  },
  E: {
    request: {
      method: "GET",
      target: `/v3/${P}/instances/6754902da1f447269c6979b0590102a5in07/database-version`,
      headers: { ...JSON_TYPE, host: "127.0.0.1:8080", ...PROJECT, ...DATE },
    },
    canonical: "c58f24580a4037873683a9af7373e747ba1c34eb5bd86aef5fa49d8c024cc9ae",
    signature: "117c8538ca5b7b88c8dd8aabb236cec1df5a3f0d7c8c7c77ffa115222d024302",
  },
} satisfies Readonly<Record<string, Vector>>;

describe("a signature", () => {
  it.each(Object.entries(VECTORS))("of vector %s", (_, { request, canonical, signature }) => {
    expect(createHash("sha256").update(canonicalRequest(request)).digest("hex")).toBe(canonical);
    const names = Object.keys(request.headers).sort().join(";");
    const header = `SDK-HMAC-SHA256 Access=AKEXAMPLE, SignedHeaders=${names}, Signature=${signature}`;
    expect(sign(request, KEY)).toBe(header);
  });

  it("covers exactly this canonical request", () => {
    expect(canonicalRequest(VECTORS.B.request)).toBe(
      [
        "GET",
        `/v3/${P}/jobs/`,
        "id=a9767ede-fe0f-4888-9003-e843a4c90514",
        "content-type:application/json",
        `host:${HOST}`,
        "x-sdk-date:20260101T000000Z",
        "",
        "content-type;host;x-sdk-date",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
      ].join("\n"),
    );
  });

  it.each([
    ["GET", "/path?limit=1", undefined, "5a2ce64c865e0e6046321c6f3d5a77ba8413eeaf355c3166c03d58d02ac79624"],
    [
      "POST",
      "/path?key=value",
      '{"Name":"test","Id":1}\n',
      "cecc2af119b18ab70b4d094c0750f3b42c02f254903179a0fc2cc72fc9db4f59",
    ],
  ])("of the Go SDK's vector %s %s", (method, target, body, signature) => {
    const request = { method, target, body, headers: { "x-sdk-date": "20060102T150405Z" } };
    expect(sign(request, { accessKey: "AccessKey", secretKey: "SecretKey" })).toContain(`Signature=${signature}`);
  });

  it("sorts the query by name and value, and encodes it as the Go SDK does", () => {
    const target = "/path?test=一 (&=?!#%.*)&path=/tmp/123&multi=2&multi=3&multi=1&limit=1&enable=true"
      .replace("一 (&=?!#%.*)", encode("一 (&=?!#%.*)"))
      .replace("/tmp/123", encode("/tmp/123"));
    const canonical = canonicalRequest({ method: "GET", target, headers: DATE }).split("\n")[2];
    expect(canonical).toBe(
      "enable=true&limit=1&multi=1&multi=2&multi=3&path=%2Ftmp%2F123&test=%E4%B8%80%20%28%26%3D%3F%21%23%25.%2A%29",
    );
  });
});

interface Oracle {
  readonly AKSKSigner: {
    sign(request: object, credential: { getAk(): string; getSk(): string }): Readonly<Record<string, string>>;
  };
}

describe("the official signer as an oracle", () => {
  const word = fc.string({ unit: fc.constantFrom(..."abcXYZ019-_.~ !'()*/:&=+ü一%"), maxLength: 8 });
  const segment = fc.string({ unit: fc.constantFrom(..."abcXYZ019-_.~"), minLength: 1, maxLength: 10 });
  const name = fc.string({ unit: fc.constantFrom(..."abcxyz_019"), minLength: 1, maxLength: 6 });
  const requests = fc.record({
    method: fc.constantFrom("GET", "POST", "DELETE"),
    path: fc.array(segment, { minLength: 1, maxLength: 5 }).map((parts) => `/${parts.join("/")}`),
    query: fc.dictionary(name, word, { maxKeys: 5 }),
    body: fc.option(fc.dictionary(fc.string({ minLength: 1 }), fc.jsonValue(), { minKeys: 1 }), { nil: undefined }),
    token: fc.option(segment, { nil: undefined }),
    at: fc.integer({ min: 0, max: 4_000_000_000_000 }),
    accessKey: segment,
    secretKey: fc.string({ minLength: 1, maxLength: 40 }),
  });

  it("returns the same signatures for random requests", async () => {
    // Its types require more of a credential than it uses, and declare less of the headers than it returns.
    const { AKSKSigner } = (await import("@huaweicloud/huaweicloud-sdk-core/auth/AKSKSigner.js")) as unknown as Oracle;
    fc.assert(
      fc.property(requests, ({ method, path, query, body, token, at, accessKey, secretKey }) => {
        const text = body === undefined ? undefined : JSON.stringify(body);
        const date = sdkDate(at);
        const common = {
          host: HOST,
          "content-type": "application/json",
          ...(token === undefined ? {} : { "x-security-token": token }),
        };
        const theirs = AKSKSigner.sign(
          {
            endpoint: `https://${HOST}${path}`,
            url: path,
            method,
            queryParams: query,
            headers: { "X-Sdk-Date": date, ...common },
            data: body,
          },
          { getAk: () => accessKey, getSk: () => secretKey },
        );
        const headers = { ...common, "x-sdk-date": date };
        const ours = sign({ method, target: targetOf(path, query), headers, body: text }, { accessKey, secretKey });
        expect(ours).toBe(theirs["Authorization"]);
      }),
      { numRuns: 500 },
    );
  });
});

describe("a request", () => {
  it("never has a plus or a slash in its query", () => {
    expect(targetOf("/p", { a: "x y+z/", b: "" })).toBe("/p?a=x%20y%2Bz%2F&b=");
    expect(targetOf("/p")).toBe("/p");
  });

  it("has a date without separators and milliseconds", () => {
    expect(sdkDate(Date.UTC(2026, 0, 2, 3, 4, 5, 678))).toBe("20260102T030405Z");
  });
});
