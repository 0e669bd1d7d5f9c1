import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { ServerOptions } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { wallClock } from "../../provider/core/runtime";
import { Lifecycle } from "../../provider/frontend/resource/lifecycle";
import type { LogLine } from "../../provider/frontend/resource/log";
import { insecure } from "../../provider/http/connection-errors";
import { TransportError } from "../../provider/http/transport";
import { estates, kinds } from "../../provider/systems";
import { connectionOptions, estateKinds } from "../../sdk/cli/connection";
import type { Section } from "../../sdk/cli/diagnosis";
import { remedyForCertificate } from "../../sdk/cli/network";
import { PLUGIN_START, pluginStartLine } from "../../sdk/cli/plugin-start";
import { processStreams, withoutSecrets } from "../../sdk/cli/terminal";
import { serveProxy } from "../http/proxy";
import { serve, serveTls, status } from "../http/server";
import { open, resource, sealed, stackExport } from "../report/export";
import { startOceanBase, startRedisEnterprise } from "../simulators";
import { isRead } from "../support/reads";
import { fileWith, flat, oceanbase, redis, signsOf, taurusdb } from "./doctoring";
import { onNetwork } from "./rig";
import { ENVIRONMENT, failMaintenance } from "./worlds";

describe("doctor of a system without problems", () => {
  it.each([
    ["oceanbase", oceanbase, /obcluster \(oceanbase\.ClusterVersion\): 4\.2\.1\.8-\d+ → 4\.3\.5\.2-\d+\n/],
    [
      "taurusdb",
      taurusdb,
      /db1, db2, db3, db4, db5 and 3 more \(taurusdb\.KernelVersion\): 2\.0\.69\.250900 →\s+2\.0\.78/,
    ],
    ["redis-enterprise", redis, /cache \(redisenterprise\.ModuleVersions\): search 2\.10\.8 → search 2\.10\.17\n/],
  ])("%s finds no problem, only reads, and shows no secret", async (_, start, upgrade) => {
    const { running, args, journal, secrets } = await start();
    const run = onNetwork({ env: running.environment });
    const { code, out, err } = await run("doctor", ...args);
    expect({ code, err, problems: signsOf(out).includes("✗") }).toEqual({ code: 0, err: "", problems: false });
    expect(out).toMatch(/\n\nno problems\n$/);
    expect(out).toMatch(upgrade);
    expect(out).toMatch(/ {2}✓ Node: v\d+/);
    expect(journal.entries.filter((entry) => !isRead(entry))).toEqual([]);
    const json = await run("doctor", ...args, "--json");
    expect(JSON.parse(json.out)).toMatchObject({ summary: "no problems", sections: expect.any(Array) });
    for (const secret of secrets) expect(out + json.out).not.toContain(secret);
  });
});

describe("doctor reports", () => {
  it("an endpoint that refuses connections", async () => {
    const { running, args } = await oceanbase();
    const [first = ""] = running.connection.endpoints;
    await running.close();
    const { code, out } = await onNetwork({ env: running.environment })("doctor", "oceanbase", "--endpoint", first);
    expect(args).toContain("oceanbase");
    expect(out).toMatch(
      /✗ TCP: cannot connect to 127\.0\.0\.1 port \d+: connect ECONNREFUSED.*\n {4}→ Check that the server/,
    );
    expect(out).toContain("– credentials: not checked: no server is reachable");
    expect([code, signsOf(out)]).toEqual([1, "✗–––"]);
  });

  it("a name without an address", async () => {
    const run = onNetwork({ env: { OCEANBASE_PASSWORD: "unused-password" } });
    const { code, out } = await run("doctor", "oceanbase", "--endpoint", "http://nowhere.invalid:2886");
    expect(out).toMatch(/✗ name resolution: cannot resolve nowhere\.invalid: /);
    expect(code).toBe(1);
  });

  it.each([
    ["oceanbase", oceanbase, "OCEANBASE_PASSWORD"],
    ["taurusdb", taurusdb, "HW_SECRET_KEY"],
    ["redis-enterprise", redis, "REDIS_ENTERPRISE_PASSWORD"],
  ] as const)("that %s rejects the credentials, once and without them", async (_, start, variable) => {
    const { running, args } = await start();
    const run = onNetwork({ env: { ...running.environment, [variable]: "wr0ng-p@ssword" } });
    const { code, out } = await run("doctor", ...args);
    expect(out).toMatch(/✗ credentials: [\s\S]*\[unauthorized\]\n {4}→ /);
    expect(out).toContain("– permissions: not checked: depends on credentials");
    expect(out).not.toContain("wr0ng");
    expect([code, signsOf(out).match(/✗/g)?.length]).toEqual([1, 1]);
  });

  it("a certificate of an unknown issuer, and one for another name", async () => {
    const { running, reach, trust } = await redis();
    const run = onNetwork({ env: running.environment });
    const untrusted = await run("doctor", ...reach);
    expect(untrusted.out).toMatch(
      /✗ TLS: the certificate is not trusted \(DEPTH_ZERO_SELF_SIGNED_CERT\): CN=cluster\.local/,
    );
    expect(untrusted.out).toContain("Set --ca-certificate");
    const unnamed = await run("doctor", ...reach, ...trust);
    expect(unnamed.out).toMatch(/✗ TLS: the certificate is not trusted \(ERR_TLS_CERT_ALTNAME_INVALID\)/);
    expect(unnamed.out).toContain("Set --server-name");
    expect([untrusted.code, unnamed.code]).toEqual([1, 1]);
  });

  it.each([
    ["the environment", { REDIS_ENTERPRISE_INSECURE: "true" }, {}],
    ["the stack's configuration", {}, { "redisenterprise:allowUntrustedCertificate": { value: "yes" } }],
  ])("a certificate that is not verified because of %s", async (_, variables, config) => {
    const { running, reach } = await redis();
    const programs = { "pulumi config --json --show-secrets --stack dev": JSON.stringify(config) };
    const run = onNetwork({ env: { ...running.environment, ...variables }, programs });
    const { code, out } = await run("doctor", ...reach, "--stack", "dev");
    expect(flat(out)).toContain(
      "✓ TLS: TLSv1.3, not verified, because certificate verification is off: CN=cluster.local",
    );
    expect([code, signsOf(out).includes("✗")]).toEqual([0, false]);
  });

  it("a CA that did not issue the certificate", async () => {
    const { running, reach } = await redis();
    const other = await redis();
    const ca = await fileWith(other.running.connection.caCertificate);
    const args = [...reach, "--ca-certificate", ca, "--server-name", "cluster.local"];
    const { code, out } = await onNetwork({ env: running.environment })("doctor", ...args);
    expect(flat(out)).toMatch(
      /✗ TLS: the certificate is not trusted .*? → The file given as --ca-certificate \(argument `caCertificate`\) contains neither this certificate nor the CA that signed it\./,
    );
    expect(code).toBe(1);
  });

  it.each([
    ["a certificate that expires soon, and a wrong clock", Date.UTC(2049, 11, 20), "expires in 11 days"],
    ["a certificate that has expired but is not verified", Date.UTC(2050, 0, 20), "expired 19 days ago"],
  ])("%s, and still reads the database", async (_, now, expiry) => {
    const { running, args } = await redis();
    const clock = { ...wallClock, now: () => now };
    const untrusting = [...args, "--allow-untrusted-certificate"];
    const { code, out } = await onNetwork({ env: running.environment, clock })("doctor", ...untrusting);
    expect(flat(out)).toContain(`! certificate: ${expiry} → Renew the server certificate.`);
    expect(flat(out)).toMatch(/✗ clock: the server's clock is \d+ .* behind the clock of this machine → Synchronize/);
    expect(out).toMatch(/✓ credentials: /);
    expect(out).toMatch(/✓ cache \(redisenterprise\.ModuleVersions\): search 2\.10\.8 → /);
    expect([code, out.split("\n").at(-2)]).toEqual([1, "3 problems, 3 warnings"]);
  });

  it("a wrong clock, and still reads the database", async () => {
    const { running, args } = await oceanbase();
    const clock = { ...wallClock, now: () => Date.now() + 7_200_000 };
    const { code, out } = await onNetwork({ env: running.environment, clock })("doctor", ...args);
    expect(flat(out)).toMatch(/✗ clock: the server's clock is 2 h.* behind the clock of this machine → Synchronize/);
    expect(out).toMatch(/✓ credentials: /);
    expect(out).toMatch(/✓ obcluster \(oceanbase\.ClusterVersion\): 4\.2\.1\.8-\d+ → 4\.3\.5\.2/);
    expect([code, out.split("\n").at(-2)]).toEqual([1, "3 problems"]);
  });

  it("a failed task that blocks the cluster", async () => {
    const { running, args } = await oceanbase();
    failMaintenance(running.system);
    const { code, out } = await onNetwork({ env: running.environment })("doctor", ...args);
    expect(flat(out)).toContain(
      "✗ obcluster (oceanbase.ClusterVersion), obcluster-agents (oceanbase.AgentVersion): maintenance task 11 (Scale out) failed and keeps the lock. → The cluster stays",
    );
    expect(code).toBe(1);
  });

  it("a wrong clock of the server", async () => {
    const server = createServer((_, response) => {
      response.sendDate = false;
      response.setHeader("date", new Date(Date.now() - 3_600_000).toUTCString()).end("{}");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    // A server on a port has this type of address.
    const { port } = server.address() as AddressInfo;
    const run = onNetwork({ env: { OCEANBASE_PASSWORD: "unused-password" } });
    const { code, out } = await run("doctor", "oceanbase", "--endpoint", `http://127.0.0.1:${port}`);
    expect(out).toMatch(
      /✗ clock: the server's clock is (1 h|59 min).* behind the clock of this machine\n {4}→ Synchronize both clocks/,
    );
    expect(out).toMatch(/✗ protocol and server version: /);
    expect(code).toBe(1);
  });

  it("with 2 what could not be checked, if there are no known problems", async () => {
    const { running, args } = await oceanbase();
    running.system.control.loseDatabase("gone");
    const { code, out } = await onNetwork({ env: running.environment })("doctor", ...args);
    expect(flat(out)).toMatch(
      /– credentials: could not be checked: no agent can verify the password of root@sys, because none can reach its database \[unreachable\] → Start the observers\./,
    );
    expect([code, signsOf(out).includes("✗")]).toEqual([2, false]);
  });
});

const ORDERS = "urn:pulumi:production::shop::pulumi-nodejs:dynamic/oceanbase:ClusterVersion::orders";
const NOTHING_APPROVED = { approval: { formatVersion: 1, approvals: {} } };

interface Rules {
  readonly args: Readonly<Record<string, unknown>>;
  readonly outputs?: Readonly<Record<string, unknown>>;
}
type Preview = ReturnType<typeof previewOver>;

/** The preview of a resource with an outdated state: its messages, and its plan if it requires approvals. */
function previewOver(common: Readonly<Record<string, unknown>>) {
  return async (args: Rules["args"], outputs: Rules["outputs"] = {}) => {
    const lines: string[] = [];
    const log = { write: ({ message }: LogLine) => lines.push(message), flush: async () => undefined };
    const make = () => new Lifecycle({ kinds, log, rhythm: { change: 0, repeat: 0 }, env: {} });
    const call = { type: "oceanbase:ClusterVersion", urn: ORDERS, onCancel: () => () => undefined };
    const inputs = { ...common, ...args };
    const { plan } = await make().check(call, {}, { ...inputs, ...NOTHING_APPROVED }, []);
    lines.length = 0;
    await make().diff(call, { ...inputs, ...outputs, status: "behind" }, inputs);
    return { plan, lines };
  };
}

describe("doctor of a stack", () => {
  async function stack(secret: unknown) {
    const { running, secrets } = await oceanbase();
    const { endpoints } = running.connection;
    const args = { endpoints, password: secret ?? open(running.connection.password) };
    const declared = [
      { type: "oceanbase:ClusterVersion", name: "orders", args: { ...args, version: "4.3.5.2" } },
      { type: "oceanbase:AgentVersion", name: "agents", args: { ...args, version: "4.3.3.0" } },
      { type: "oceanbase:ClusterVersion", name: "missing", args: { ...args, version: "4.4.2.0" } },
    ];
    const file = await fileWith(stackExport(declared.map(resource)));
    return { running, secrets, file };
  }

  it("checks each resource against its target version, and each cluster once", async () => {
    const { running, secrets, file } = await stack(undefined);
    const { code, out } = await onNetwork()("doctor", "--file", file);
    expect(out).toMatch(/✓ orders \(oceanbase\.ClusterVersion\): 4\.2\.1\.8 → 4\.3\.5\.2, rolling over 3 zones\n/);
    expect(out).toMatch(/✓ agents \(oceanbase\.AgentVersion\): already at 4\.3\.3\.0\n/);
    expect(flat(out)).toMatch(
      /✗ missing \(oceanbase\.ClusterVersion\): .*No uploaded package satisfies .* → Upload the packages/,
    );
    expect(out.match(/✓ credentials: /g)).toHaveLength(1);
    expect(code).toBe(1);
    for (const secret of secrets) expect(out).not.toContain(secret);
    expect(running.system.journal.entries.filter((entry) => !isRead(entry))).toEqual([]);
  });

  const always = { from: "2000-01-01", to: "2999-01-01", reason: "year-end" };
  const approved = async (preview: Preview, at: string) => {
    const plans = (await preview({})).plan ?? {};
    const units = Object.entries(plans).map(([unit, proposal]) => [
      unit,
      { ...proposal, approvedAt: at, approvedBy: "Anna" },
    ]);
    return { approval: { formatVersion: 1, approvals: { [ORDERS]: Object.fromEntries(units) } } };
  };

  it.each([
    ["a freeze", async () => ({ args: { freeze: "incident 4711" } }), "held: changes are frozen: incident 4711"],
    ["a blackout", async () => ({ args: { blackouts: [always] } }), "held: blackout"],
    ["a missing approval", async () => ({ args: NOTHING_APPROVED }), "held: not approved"],
    [
      "an approval that is used according to the state",
      async (preview: Preview) => {
        const at = "2026-01-01T00:00:00.000Z";
        const args = await approved(preview, at);
        const [unit = ""] = Object.keys(args.approval.approvals[ORDERS] ?? {});
        return { args, outputs: { __usedApprovals: { [unit]: at } } };
      },
      "held: the approval has been used",
    ],
    ["a missing backup", async () => ({ args: { backup: { maxAge: "24h" } } }), "held: "],
    [
      "nothing, because the plan is approved",
      async (preview: Preview) => ({ args: await approved(preview, "2026-01-01T00:00:00.000Z") }),
      "4.2.1.8 → 4.3.5.2, rolling over 3 zones",
    ],
  ])("shows the reason of a held upgrade like a preview: %s", async (_, make, expected) => {
    const { running } = await oceanbase();
    const { endpoints, password } = running.connection;
    const common = { endpoints, password, version: "4.3.5.2" };
    const preview = previewOver(common);
    const { args, outputs = {} } = (await make(preview)) as Rules;
    const { lines } = await preview(args, outputs);
    expect(lines).toEqual([expect.stringContaining(expected)]);
    const declared = { type: "oceanbase:ClusterVersion", name: "orders", args: { ...common, ...args } };
    const file = await fileWith(stackExport([resource({ ...declared, observed: outputs })]));
    const { code, out } = await onNetwork()("doctor", "--file", file);
    expect(flat(out)).toContain(`✓ orders (oceanbase.ClusterVersion): ${flat(lines[0] ?? "")} `);
    expect(code).toBe(0);
  });

  it("shows the whole name of a resource that contains `::`", async () => {
    const orders = { type: "oceanbase:ClusterVersion", name: "shop::orders" };
    const file = await fileWith(stackExport([resource(orders)]));
    expect((await onNetwork()("doctor", "--file", file)).out).toContain("✗ shop::orders (oceanbase.ClusterVersion): ");
  });

  it("takes encrypted credentials of the export from the environment", async () => {
    const { running, file } = await stack(sealed);
    const { out } = await onNetwork({ env: running.environment })("doctor", "--file", file);
    expect(out).toMatch(/✓ credentials: root@sys was accepted/);
  });

  it("reports the source of rejected credentials, for the cluster and each resource", async () => {
    const { file } = await stack(sealed);
    const { out } = await onNetwork({ env: { OCEANBASE_PASSWORD: "wr0ng-p@ss" } })("doctor", "--file", file);
    expect(
      flat(out).match(/rejected the credentials \(`password` from environment `OCEANBASE_PASSWORD`\)/g),
    ).toHaveLength(4);
    const written = await stack(open("wr0ng-p@ss"));
    const other = await onNetwork({ env: written.running.environment })("doctor", "--file", written.file);
    expect(flat(other.out).match(/rejected the credentials \(argument `password`\)/g)).toHaveLength(4);
  });

  it("reads the selected stack through the Pulumi CLI", async () => {
    const { running, file } = await stack(sealed);
    const { readFile } = await import("node:fs/promises");
    const programs = {
      "pulumi config --json --show-secrets --stack dev": JSON.stringify({
        "oceanbase:password": { value: running.connection.password, secret: true },
      }),
      "pulumi stack export --show-secrets --stack dev": await readFile(file, "utf8"),
    };
    const { out } = await onNetwork({ programs })("doctor", "--stack", "dev");
    expect(out).toMatch(/✓ credentials: root@sys was accepted/);
  });

  it("reports a missing CLI, and a stack without databases", async () => {
    const { err } = await onNetwork()("doctor", "--stack", "dev");
    expect(err).toContain("The Pulumi CLI was not found. Install it, or pass the output");
    const empty = await fileWith(stackExport([]));
    expect(await onNetwork()("doctor", "--file", empty)).toMatchObject({
      code: 1,
      err: `pulumi-dbversion doctor: ${empty} has no resources of pulumi-dbversion.\n`,
    });
  });
});

const PROXY_PASSWORD = "pr0xy-p@ssword";

async function proxiedOceanBase() {
  const running = await startOceanBase();
  onTestFinished(() => running.close());
  const args = ["oceanbase", "--endpoint", running.connection.endpoints.join(",")];
  return { args, env: running.environment, request: /^GET http:\/\/127\.0\.0\.1:\d+\// };
}

async function proxiedRedis() {
  const running = await startRedisEnterprise({ databases: [{ name: "cache", redisVersion: "7.4" }] });
  onTestFinished(() => running.close());
  const args = ["redis-enterprise", "--endpoint", running.connection.endpoints.join(",")];
  const trusting = [...args, "--allow-untrusted-certificate"];
  return { args: trusting, env: running.environment, request: /^CONNECT 127\.0\.0\.1:\d+$/ };
}

describe.each([
  ["plain HTTP", proxiedOceanBase],
  ["TLS", proxiedRedis],
])("doctor behind a proxy, with %s", (_, start) => {
  it.each(["HTTP_PROXY", "HTTPS_PROXY"])("set as %s", async (variable) => {
    const { args, env, request } = await start();
    const proxy = await serveProxy();
    const { code, out } = await onNetwork({ env: { ...env, [variable]: proxy.origin } })("doctor", ...args);
    const taken = variable === "HTTP_PROXY" || args.includes("redis-enterprise");
    expect(
      out.includes(`– proxy: ${proxy.origin} resolves the name and connects to the server\n  ✓ HTTP: response status`),
    ).toBe(taken);
    expect(out.includes("✓ TCP:")).toBe(!taken);
    expect(out).toMatch(/✓ credentials: /);
    expect(proxy.requests.length > 0).toBe(taken);
    for (const line of proxy.requests) expect(line).toMatch(request);
    expect(code).toBe(0);
  });

  it("shows no password of it", async () => {
    const { args, env } = await start();
    const proxy = await serveProxy({ credentials: `ci:${PROXY_PASSWORD}` });
    const url = proxy.origin.replace("//", `//ci:${encodeURIComponent(PROXY_PASSWORD)}@`);
    const programs = {
      "pulumi config --json --show-secrets --stack dev": JSON.stringify({ "dbversion:proxy": { value: url } }),
    };
    const { code, out } = await onNetwork({ env, programs })("doctor", ...args, "--stack", "dev");
    expect(out).toContain(`– proxy: ${proxy.origin} resolves the name`);
    expect(out).not.toContain(PROXY_PASSWORD);
    expect(code).toBe(0);
  });

  it("connects directly to a host in NO_PROXY, and checks that connection", async () => {
    const { args, env } = await start();
    const proxy = await serveProxy();
    const set = { http_proxy: proxy.origin, https_proxy: proxy.origin, NO_PROXY: "example.com,127.0.0.1" };
    const { code, out } = await onNetwork({ env: { ...env, ...set } })("doctor", ...args);
    expect(out).not.toContain("proxy");
    expect(out).toMatch(/✓ TCP: connected/);
    expect(proxy.requests).toEqual([]);
    expect(code).toBe(0);
  });

  it("that requires credentials is reported for each server, without further reads", async () => {
    const { args, env } = await start();
    const proxy = await serveProxy({ credentials: "ci:other" });
    const { code, out } = await onNetwork({ env: { ...env, HTTP_PROXY: proxy.origin } })("doctor", ...args);
    const message = `✗ HTTP: no response: the proxy ${proxy.origin} requires credentials or rejects the ones given`;
    expect(out.replaceAll(/\s+/g, " ")).toContain(message);
    expect(out).toContain("– credentials: not checked: no server is reachable");
    expect(code).toBe(1);
  });
});

const ENV = { OCEANBASE_PASSWORD: "unused-password" };
const DOCTOR = ["doctor", "oceanbase", "--endpoint", "http://nowhere.invalid:2886"];

async function told(printed: string | undefined): Promise<string> {
  const programs = printed === undefined ? {} : { [PLUGIN_START.join(" ")]: printed };
  const { out } = await onNetwork({ env: ENV, programs })(...DOCTOR);
  return out.replaceAll(/\s+/g, " ");
}

describe("the start of the plugin, as doctor shows it", () => {
  it.each([
    [
      "is fast",
      '{"started":668.4,"loading":18.9}',
      "✓ plugin start: Pulumi's dynamic provider process starts in 0.7 s and loads pulumi-dbversion in 0.02 s",
    ],
    [
      "takes longer than Pulumi waits",
      '{"started":9500,"loading":600}',
      "! plugin start: Pulumi's dynamic provider process starts in 9.5 s and loads pulumi-dbversion in 0.6 s → Pulumi waits 10.0 s",
    ],
    [
      "is not possible here",
      '{"missing":"@pulumi/pulumi/cmd/dynamic-provider"}',
      "– plugin start: not measured: @pulumi/pulumi/cmd/dynamic-provider is not installed in the current directory",
    ],
    [
      "fails",
      '{"failure":"pulumi-dbversion needs Node 22.19"}',
      "✗ plugin start: Pulumi's dynamic provider process does not start: pulumi-dbversion needs Node 22.19 →",
    ],
    ["prints something else", "42", "✗ plugin start: "],
    ["is without node", undefined, "– plugin start: not measured: node is not on the PATH"],
  ])("%s", async (_, printed, line) => {
    expect(await told(printed)).toContain(line);
  });

  it("is a warning, not a problem, if it is slow", async () => {
    const [quick, slow] = [await told('{"started":1,"loading":1}'), await told('{"started":9999,"loading":1}')];
    expect([/, 1 warning/.test(quick), /1 problem, 1 warning/.test(slow)]).toEqual([false, true]);
  });
});

const BUILT = existsSync(join(__dirname, "..", "..", "dist", "provider", "index.js"));

describe("the measurement itself", () => {
  const measured = () => {
    const streams = processStreams();
    for (const listener of process.listeners("SIGINT").slice(-1)) process.off("SIGINT", listener);
    const terminal = withoutSecrets(streams);
    const [, ...args] = PLUGIN_START;
    return pluginStartLine({ ...terminal, run: () => terminal.run(process.execPath, args) });
  };

  it.skipIf(!BUILT)("starts the process and loads the built package", async () => {
    const line = await measured();
    expect([line.state, line.message]).toEqual([
      expect.stringMatching(/^(ok|warning)$/),
      expect.stringMatching(/ starts in \d+\.\d+ s and loads pulumi-dbversion in \d+\.\d+ s$/),
    ]);
  });
});

const fixture = (name: string) => `${__dirname}/../http/fixtures/${name}`;
const pem = (name: string) => readFileSync(fixture(name), "utf8");
const SERVER = { cert: pem("server.pem"), key: pem("server.key") };
const TRUST = ["--ca-certificate", fixture("ca.pem"), "--server-name", "db.test"];
const OTHER_CLIENT = ["--client-certificate", fixture("self.pem"), "--client-key", fixture("self.key")];
const asking = (maxVersion: "TLSv1.2" | "TLSv1.3"): ServerOptions => ({
  ...SERVER,
  ca: pem("ca.pem"),
  requestCert: true,
  rejectUnauthorized: true,
  maxVersion,
});

const SYSTEMS = {
  oceanbase: [],
  "redis-enterprise": [],
  taurusdb: ["--region", "cn-north-4", "--project-id", "a".repeat(32)],
} as const;
type System = keyof typeof SYSTEMS;
const systems = Object.keys(SYSTEMS) as System[];
const CERTIFICATE_REMEDIES: Readonly<Record<System, RegExp>> = {
  oceanbase: /^Set --ca-certificate/,
  "redis-enterprise": /^Set --ca-certificate/,
  taurusdb: /set NODE_EXTRA_CA_CERTS/,
};

/** The failed step of the network path, as doctor shows it. */
async function failure(system: System, origin: string, options: readonly string[], env = {}) {
  const run = onNetwork({ env: { ...ENVIRONMENT, ...env } });
  const iam = system === "taurusdb" ? ["--iam-endpoint", origin] : [];
  const given = ["--endpoint", origin, ...iam, ...SYSTEMS[system], ...options];
  const { code, out, err } = await run("doctor", system, ...given, "--json");
  expect({ code, err }).toEqual({ code: 1, err: "" });
  const { sections } = JSON.parse(out) as { sections: Section[] };
  const [failed, ...others] = sections.flatMap(({ lines }) => lines).filter(({ state }) => state === "problem");
  if (failed === undefined || others.length > 0) throw new Error(`not one problem: ${out}`);
  const { name, message, remedy = "" } = failed;
  const own = connectionOptions(new Map([...(await kindsOfEstates())].filter(([one]) => one === system)));
  for (const [, option = ""] of remedy.matchAll(/--([a-z-]+)/g)) expect(Object.keys(own)).toContain(option);
  return { name, message, remedy };
}

function kindsOfEstates() {
  return estateKinds({ systems: { estates, kinds: {} } });
}

it.each([
  ["ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION", /^Check which versions of TLS/],
  ["ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE", /^Check which versions of TLS/],
  ["CERT_REVOKED", /^Replace the server certificate/],
  ["CERT_HAS_EXPIRED", /^Renew the server certificate/],
  ["SELF_SIGNED_CERT_IN_CHAIN", /^Set --ca-certificate/],
])("the remedy of %s matches its cause", (code, remedy) => {
  expect(remedyForCertificate(code, { tls: {}, accepts: () => true })).toMatch(remedy);
  const error = insecure("https://10.0.0.1:2886", new TransportError(code, "it failed"), {
    clientCertificate: "",
    untrusted: "Set `caCertificate`.",
  });
  expect(error.sentence).toMatch(
    code.startsWith("ERR_SSL") ? /handshake .* Check which versions/ : /certificate of .* Set/,
  );
});

describe("the remedy of a failed step of the network path matches its cause, and names options of the system", () => {
  const mutual = (["TLSv1.2", "TLSv1.3"] as const).flatMap((version) =>
    (["oceanbase", "redis-enterprise"] as const).flatMap((system) => [
      { version, system, what: "none was given", options: TRUST },
      { version, system, what: "it does not accept the one that was given", options: [...TRUST, ...OTHER_CLIENT] },
    ]),
  );

  it.each(mutual)("a client certificate: $system, $version, $what", async ({ version, system, what, options }) => {
    const { origin, requests } = await serveTls(asking(version), status(200));
    const { message, remedy } = await failure(system, origin, options);
    expect(message).toMatch(/^the server requires a client certificate and closed the connection/);
    expect(message).toContain(what);
    expect(remedy).toBe(
      "Set --client-certificate (argument `clientCertificate`) to a certificate that the server accepts. Set --client-key, the argument `clientKey`, to its private key.",
    );
    expect(requests).toEqual([]);
  });

  it.each(systems)("a certificate that is not trusted: %s", async (system) => {
    const { origin } = await serveTls(SERVER, status(200));
    const { name, message, remedy } = await failure(system, origin, []);
    expect([name, message]).toEqual(["TLS", expect.stringMatching(/^the certificate is not trusted /)]);
    expect(remedy).toMatch(CERTIFICATE_REMEDIES[system]);
  });

  it.each(systems)("a certificate that is not trusted, behind a proxy: %s", async (system) => {
    const { origin } = await serveTls(SERVER, status(200));
    const proxy = await serveProxy();
    const { name, remedy } = await failure(system, origin, [], { HTTPS_PROXY: proxy.origin });
    expect([name, remedy]).toEqual(["HTTP", expect.stringMatching(CERTIFICATE_REMEDIES[system])]);
  });

  it.each(systems)("a server without TLS, with and without a proxy: %s", async (system) => {
    const { port } = await serve(status(200));
    const proxy = await serveProxy();
    for (const env of [{}, { HTTPS_PROXY: proxy.origin }]) {
      const { remedy } = await failure(system, `https://127.0.0.1:${port}`, [], env);
      expect(remedy).toMatch(/^The server does not use TLS on this port\./);
    }
  });

  it.each(systems)("a proxy that requires credentials, and one that is unreachable: %s", async (system) => {
    const { origin } = await serveTls(SERVER, status(200));
    const proxy = await serveProxy({ credentials: "ci:other" });
    const refused = await failure(system, origin, [], { HTTPS_PROXY: proxy.origin });
    expect(refused.remedy).toMatch(/^Correct the URL of the proxy in config `dbversion:proxy`/);
    const missing = await failure(system, origin, [], { HTTPS_PROXY: "http://127.0.0.1:1" });
    expect(missing.remedy).toMatch(/^Check the proxy/);
  });
});
