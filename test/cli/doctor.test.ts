import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { wallClock } from "../../provider/core/runtime";
import { isRead } from "../support/reads";
import { fileWith, flat, oceanbase, redis, signsOf, taurusdb } from "./doctoring";
import { onNetwork } from "./rig";
import { failMaintenance } from "./worlds";

describe("doctor of a system in which all is well", () => {
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

describe("doctor tells", () => {
  it("an endpoint at which nobody listens", async () => {
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

  it("a certificate that nobody vouches for, and one for another name", async () => {
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
  ])("a certificate that is not verified, because %s says so", async (_, variables, config) => {
    const { running, reach } = await redis();
    const programs = { "pulumi config --json --show-secrets --stack dev": JSON.stringify(config) };
    const run = onNetwork({ env: { ...running.environment, ...variables }, programs });
    const { code, out } = await run("doctor", ...reach, "--stack", "dev");
    expect(flat(out)).toContain(
      "✓ TLS: TLSv1.3, not verified, because certificate verification is off: CN=cluster.local",
    );
    expect([code, signsOf(out).includes("✗")]).toEqual([0, false]);
  });

  it("a CA that is another one's", async () => {
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
    ["a certificate that expires soon, and a clock that is wrong", Date.UTC(2049, 11, 20), "expires in 11 days"],
    ["a certificate that has expired but is not verified", Date.UTC(2050, 0, 20), "expired 19 days ago"],
  ])("%s, and reads the database all the same", async (_, now, expiry) => {
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

  it("a clock that is wrong, and reads the database all the same", async () => {
    const { running, args } = await oceanbase();
    const clock = { ...wallClock, now: () => Date.now() + 7_200_000 };
    const { code, out } = await onNetwork({ env: running.environment, clock })("doctor", ...args);
    expect(flat(out)).toMatch(/✗ clock: the server's clock is 2 h.* behind the clock of this machine → Synchronize/);
    expect(out).toMatch(/✓ credentials: /);
    expect(out).toMatch(/✓ obcluster \(oceanbase\.ClusterVersion\): 4\.2\.1\.8-\d+ → 4\.3\.5\.2/);
    expect([code, out.split("\n").at(-2)]).toEqual([1, "3 problems"]);
  });

  it("a task that failed and holds the cluster", async () => {
    const { running, args } = await oceanbase();
    failMaintenance(running.system);
    const { code, out } = await onNetwork({ env: running.environment })("doctor", ...args);
    expect(flat(out)).toContain(
      "✗ obcluster (oceanbase.ClusterVersion), obcluster-agents (oceanbase.AgentVersion): maintenance task 11 (Scale out) failed and keeps the lock. → The cluster stays",
    );
    expect(code).toBe(1);
  });

  it("that the server's clock is wrong", async () => {
    const server = createServer((_, response) => {
      response.sendDate = false;
      response.setHeader("date", new Date(Date.now() - 3_600_000).toUTCString()).end("{}");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    // A server on a port has an address of this type.
    const { port } = server.address() as AddressInfo;
    const run = onNetwork({ env: { OCEANBASE_PASSWORD: "unused-password" } });
    const { code, out } = await run("doctor", "oceanbase", "--endpoint", `http://127.0.0.1:${port}`);
    expect(out).toMatch(
      /✗ clock: the server's clock is (1 h|59 min).* behind the clock of this machine\n {4}→ Synchronize both clocks/,
    );
    expect(out).toMatch(/✗ protocol and server version: /);
    expect(code).toBe(1);
  });

  it("with 2 what could not be checked, where nothing is known to be wrong", async () => {
    const { running, args } = await oceanbase();
    running.system.control.loseDatabase("gone");
    const { code, out } = await onNetwork({ env: running.environment })("doctor", ...args);
    expect(flat(out)).toMatch(/– databases: could not be checked: .*NotExist.*\[unreachable\]/);
    expect([code, signsOf(out).includes("✗")]).toEqual([2, false]);
  });
});
