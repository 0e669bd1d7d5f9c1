import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { wallClock } from "../../provider/core/runtime";
import type { WireRequest } from "../../provider/http/transport";
import { undiciTransport } from "../../provider/http/undici-transport";
import { estates, kinds } from "../../provider/systems";
import { parse } from "../../sdk/cli/command";
import { connectionOptions, estateKinds } from "../../sdk/cli/connection";
import { type Terminal, withoutSecrets } from "../../sdk/cli/terminal";
import { startOceanBase, startRedisEnterprise, startTaurusDB } from "../simulators";
import { differencesFrom, goldenOf, type Read, readSystem, simulatedExchanges } from "./acceptance";
import { type Exchange, recording } from "./recording";
import { Vocabulary } from "./redaction";
import { differencesOf } from "./shape";

function terminalWith(env: Readonly<Record<string, string>>): Terminal {
  return withoutSecrets({
    env,
    clock: wallClock,
    signal: new AbortController().signal,
    columns: undefined,
    systems: { estates, kinds },
    print: async () => true,
    note: () => undefined,
    progress: () => undefined,
    prompt: undefined,
    read: async () => Buffer.of(),
    run: async (program) => {
      throw new Error(`${program} must not be started`);
    },
  });
}

async function read(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Read> {
  const terminal = terminalWith(env);
  return readSystem(parse(args, connectionOptions(await estateKinds(terminal))), terminal, undiciTransport);
}

/** The golden file of a simulator on loopback, as text, and the names, ids and addresses in its responses. */
async function goldenFrom(args: readonly string[], env: Readonly<Record<string, string>>) {
  const { failures, ...recorded } = await read(args, env);
  expect(failures).toEqual([]);
  expect(recorded.exchanges.length).toBeGreaterThan(5);
  const { golden, hidden } = goldenOf(
    recorded,
    "a test",
    await simulatedExchanges(recorded.system, terminalWith({}), recorded.exchanges),
  );
  return { golden, hidden, text: JSON.stringify(golden), own: [...new Set(recorded.exchanges.flatMap(ownOf))] };
}

const OWN = /(^|_)(id|ids|uid|ip|ips|addr|name|zone|key|path|homePath|guid)$/;

function ownOf({ body }: Exchange): string[] {
  const found: string[] = [];
  JSON.stringify(body, (key, value: unknown) => {
    // `fe` and `star-rocks` are names too, but given by the vendor.
    if (OWN.test(key) && typeof value === "string" && /\d/.test(value) && value.length > 1) found.push(value);
    return value;
  });
  return found;
}

describe("a recording of a system on the network", () => {
  it("of OceanBase contains nothing specific to the cluster, and does not differ from another simulator", async () => {
    const password = "canary-passw0rd";
    const zones = ["canary_east", "canary_west", "canary_north"];
    const cluster = await startOceanBase({ zones, clusterName: "canary_orders", rootPassword: password });
    try {
      const endpoints = cluster.connection.endpoints;
      const made = await goldenFrom(["oceanbase", "--endpoint", endpoints.join(",")], cluster.environment);
      expect({ differences: made.golden.differences, hidden: made.hidden }).toEqual({ differences: [], hidden: [] });
      expect(made.text).not.toMatch(/canary|127\.0\.0\.1/);
      expect(made.own.length).toBeGreaterThan(3);
      expect(made.own.filter((value) => made.text.includes(JSON.stringify(value)))).toEqual([]);
      expect(made.text).toContain('"4.3.3.0-102025103117"');
    } finally {
      await cluster.close();
    }
  });

  it("of Redis Enterprise contains nothing specific to the cluster, and does not differ from another simulator", async () => {
    const cluster = await startRedisEnterprise({
      name: "canary.example.com",
      password: "canary-passw0rd",
      databases: [{ name: "canary", redisVersion: "7.4", modules: [{ name: "search", version: "2.10.8" }] }],
    });
    try {
      const { endpoints } = cluster.connection;
      const args = ["redis-enterprise", "--endpoint", endpoints.join(",")];
      const made = await goldenFrom([...args, "--allow-untrusted-certificate"], cluster.environment);
      expect({ differences: made.golden.differences, hidden: made.hidden }).toEqual({ differences: [], hidden: [] });
      expect(made.text).not.toMatch(/canary|127\.0\.0\.1/);
      expect(made.own.length).toBeGreaterThan(3);
      expect(made.own.filter((value) => made.text.includes(JSON.stringify(value)))).toEqual([]);
    } finally {
      await cluster.close();
    }
  });

  it("of TaurusDB contains nothing specific to the cloud, and does not differ from another simulator", async () => {
    const cloud = await startTaurusDB({ instances: 2, seed: 77 });
    try {
      for (const instance of cloud.system.state.instances) Object.assign(instance, { name: "canary" });
      const { endpoint, projectId } = cloud.connection;
      const args = ["taurusdb", "--endpoint", endpoint, "--project-id", projectId];
      const made = await goldenFrom(args, cloud.environment);
      expect({ differences: made.golden.differences, hidden: made.hidden }).toEqual({ differences: [], hidden: [] });
      expect(made.text).not.toMatch(/canary|127\.0\.0\.1/);
      expect(made.text).not.toContain(projectId);
      expect(made.own.length).toBeGreaterThan(3);
      expect(made.own.filter((value) => made.text.includes(JSON.stringify(value)))).toEqual([]);
    } finally {
      await cloud.close();
    }
  });
});

describe("the recording transport", () => {
  const request: WireRequest = {
    method: "GET",
    origin: "http://10.0.0.1",
    target: "/v1/cluster",
    headers: {},
    signal: new AbortController().signal,
  };

  it("sends only GET requests", async () => {
    const sent: string[] = [];
    const kept: Exchange[] = [];
    const guarded = recording(
      {
        send: async ({ method }) => {
          sent.push(method);
          return { status: 200, headers: {}, body: Buffer.from("{}") };
        },
        close: async () => undefined,
      },
      (exchange) => kept.push(exchange),
    );
    for (const method of ["POST", "PUT", "DELETE", "PATCH", "HEAD", "get"]) {
      await expect(guarded.send({ ...request, method })).rejects.toThrow(`${method} /v1/cluster was not sent`);
    }
    await guarded.send(request);
    expect(sent).toEqual(["GET"]);
    expect(kept).toEqual([{ target: "/v1/cluster", status: 200, body: {} }]);
  });

  it("reports a login that it did not send", async () => {
    const cloud = await startTaurusDB();
    try {
      const { endpoint, projectId } = cloud.connection;
      const args = ["taurusdb", "--endpoint", endpoint, "--iam-endpoint", endpoint];
      const { failures } = await read([...args, "--project-id", projectId], {
        HW_USER_NAME: "operator",
        HW_USER_PASSWORD: "Passw0rd!",
        HW_DOMAIN_NAME: "example",
      });
      expect(failures.join("\n")).toMatch(/POST \/v3\/auth\/tokens\S* was not sent/);
      expect(cloud.system.journal.entries.filter(({ method }) => method !== "GET")).toEqual([]);
    } finally {
      await cloud.close();
    }
  });
});

const golden = z.strictObject({
  system: z.string(),
  source: z.string(),
  answers: z.array(z.strictObject({ request: z.string(), status: z.number(), body: z.unknown() })),
  differences: z.array(z.string()),
});

describe("test/golden", () => {
  const root = join(__dirname, "..", "golden");
  const files = globSync("*/*.json", { cwd: root }).sort();

  it("contains responses of every system", () => {
    expect([...new Set(files.map(dirname))]).toEqual(Object.keys(estates).sort());
  });

  it.each(files)("%s has the recorded differences from the simulator, and nothing left to redact", async (file) => {
    const { system, answers, differences } = golden.parse(JSON.parse(readFileSync(join(root, file), "utf8")));
    expect(system).toBe(dirname(file));
    const simulated = await simulatedExchanges(system, terminalWith({}), answers);
    const vocabulary = new Vocabulary(
      simulated,
      answers.flatMap(({ body }) => fieldsOf(body)),
    );
    expect(differencesFrom(answers, simulated, vocabulary)).toEqual(differences);
    const again = answers.map(({ request, ...rest }) => ({ ...rest, target: request.replace(/^GET /, "") }));
    expect(vocabulary.redact(again)).toEqual({ answers, hidden: [] });
  });
});

function fieldsOf(body: unknown): string[] {
  const fields: string[] = [];
  JSON.stringify(body, (key, value: unknown) => {
    fields.push(key);
    return value;
  });
  return fields;
}

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
