import { describe, expect, it, onTestFinished } from "vitest";
import { serveProxy } from "../http/proxy";
import { startOceanBase, startRedisEnterprise } from "../simulators";
import { onNetwork } from "./rig";

async function oceanbase() {
  const running = await startOceanBase();
  onTestFinished(() => running.close());
  const args = ["oceanbase", "--endpoint", running.connection.endpoints.join(",")];
  return { args, env: running.environment, request: /^GET http:\/\/127\.0\.0\.1:\d+\// };
}

async function redis() {
  const running = await startRedisEnterprise({ databases: [{ name: "cache", redisVersion: "7.4" }] });
  onTestFinished(() => running.close());
  const args = ["redis-enterprise", "--endpoint", running.connection.endpoints.join(",")];
  const trusting = [...args, "--allow-untrusted-certificate"];
  return { args: trusting, env: running.environment, request: /^CONNECT 127\.0\.0\.1:\d+$/ };
}

const PASSWORD = "pr0xy-p@ssword";

describe.each([
  ["plain HTTP", oceanbase],
  ["TLS", redis],
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
    const proxy = await serveProxy({ credentials: `ci:${PASSWORD}` });
    const url = proxy.origin.replace("//", `//ci:${encodeURIComponent(PASSWORD)}@`);
    const programs = {
      "pulumi config --json --show-secrets --stack dev": JSON.stringify({ "dbversion:proxy": { value: url } }),
    };
    const { code, out } = await onNetwork({ env, programs })("doctor", ...args, "--stack", "dev");
    expect(out).toContain(`– proxy: ${proxy.origin} resolves the name`);
    expect(out).not.toContain(PASSWORD);
    expect(code).toBe(0);
  });

  it("goes round it to a host in NO_PROXY, and looks at the connection itself", async () => {
    const { args, env } = await start();
    const proxy = await serveProxy();
    const set = { http_proxy: proxy.origin, https_proxy: proxy.origin, NO_PROXY: "example.com,127.0.0.1" };
    const { code, out } = await onNetwork({ env: { ...env, ...set } })("doctor", ...args);
    expect(out).not.toContain("proxy");
    expect(out).toMatch(/✓ TCP: connected/);
    expect(proxy.requests).toEqual([]);
    expect(code).toBe(0);
  });

  it("that wants credentials says so for each server, and reads nothing more", async () => {
    const { args, env } = await start();
    const proxy = await serveProxy({ credentials: "ci:other" });
    const { code, out } = await onNetwork({ env: { ...env, HTTP_PROXY: proxy.origin } })("doctor", ...args);
    const message = `✗ HTTP: no response: the proxy ${proxy.origin} requires credentials or rejects the ones given`;
    expect(out.replaceAll(/\s+/g, " ")).toContain(message);
    expect(out).toContain("– credentials: not checked: no server is reachable");
    expect(code).toBe(1);
  });
});
