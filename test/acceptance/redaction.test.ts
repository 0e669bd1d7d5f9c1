import { describe, expect, it } from "vitest";
import type { Exchange } from "./recording";
import { Vocabulary } from "./redaction";
import { differencesOf } from "./shape";

describe("the redaction", () => {
  const simulated: Exchange[] = [
    {
      target: "/v1/bdbs/1?fields=uid",
      status: 200,
      body: { status: "active", name: "orders", version: "7.4", port: 1, token: "word", topology: { zone: [] } },
    },
  ];
  const bodyOf = (body: unknown, kept: readonly string[] = []) =>
    new Vocabulary(simulated, kept).redact([{ target: "/v1/bdbs/7", status: 200, body }]).answers[0]?.body;

  it("keeps types, versions, and values that the simulator has in the same field", () => {
    expect(bodyOf({ status: "active", version: "7.2.11-4", port: 18_367, token: null })).toEqual({
      status: "active",
      version: "7.2.11-4",
      port: 0,
      token: null,
    });
  });

  it("removes names, addresses, ids, secrets and times, wherever they are", () => {
    const canaries: unknown[] = [
      { name: "canary" },
      { name: "orders" },
      { status: "canary" },
      { status: "orders" },
      { token: "eyJjYW5hcnkiOjF9.canary" },
      { version: "canary-7.4" },
      { version: "10.0.0.1:12000" },
      { port: 424_242 },
      { canary: 1 },
      { topology: { canary: [{ name: "canary" }] } },
      { "10.0.0.1:2886": { status: "canary" } },
      { name: [["canary"], { canary: "canary" }] },
      ["canary"],
      "canary",
    ];
    for (const body of canaries) {
      expect(JSON.stringify(bodyOf(body)), JSON.stringify(body)).not.toMatch(/canary|orders|10\.0|424242|eyJ/);
    }
  });

  it("removes ids and parameter values from the request", () => {
    const requests = ["/v1/bdbs/7?fields=canary", "/v1/bdbs/canary", "/v1/bdbs/054e292c9880d4992f02c0196d3ea468/x"];
    const { answers } = new Vocabulary(simulated).redact(
      requests.map((target) => ({ target, status: 404, body: undefined })),
    );
    expect(answers.map(({ request }) => request)).toEqual([
      "GET /v1/bdbs/{id}",
      "GET /v1/bdbs/{id}/{id}",
      "GET /v1/bdbs/{id}?fields",
    ]);
  });

  it("hides names of fields that the simulator does not have, reports them, and keeps them on request", () => {
    const { answers, hidden } = new Vocabulary(simulated).redact([
      { target: "/v1/bdbs", status: 200, body: { shards: 3, payroll: { status: "active" } } },
    ]);
    expect(hidden).toEqual(["payroll", "shards"]);
    expect(answers[0]?.body).toEqual({ hidden_1: 0, hidden_2: { status: "active" } });
    expect(bodyOf({ shards: 3 }, ["shards"])).toEqual({ shards: 0 });
  });
});

describe("the differences", () => {
  const between = (real: unknown, simulated: unknown) => {
    const request = "GET /v1/bdbs";
    return differencesOf([{ request, status: 200, body: real }], [{ request, status: 200, body: simulated }]).map(
      (line) => line.replace("GET /v1/bdbs 200: ", ""),
    );
  };

  it.each([
    ["another type", { a: "1" }, { a: 1 }, ["a is string, simulated number"]],
    ["a field of the system", { a: [{ b: 1 }] }, { a: [{}] }, ["a[].b (number) only the system has"]],
    ["a field of the simulator", { a: {} }, { a: { b: null } }, ["a.b (null) only the simulator has"]],
    ["null where an object is expected", { a: null }, { a: { b: 1 } }, ["a is null, simulated object"]],
    ["a list instead of an object", [], {}, ["the answer is list, simulated object"]],
    ["nothing about an empty list", { a: [] }, { a: [{ b: 1 }] }, []],
    ["nothing about maps with other names", { a: { "<name 1>": 1 } }, { a: { "<name 1>": 1, "<name 2>": 2 } }, []],
  ])("report %s", (_, real, simulated, lines) => {
    expect(between(real, simulated)).toEqual(lines);
  });

  it("report requests and errors without a simulated response", () => {
    const request = "GET /v1/bdbs";
    expect(differencesOf([{ request, status: 500, body: {} }], [{ request, status: 200, body: {} }])).toEqual([
      "GET /v1/bdbs 500: no simulated answer",
    ]);
  });
});
