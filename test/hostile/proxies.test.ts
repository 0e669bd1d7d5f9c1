import { describe, expect, it } from "vitest";
import { DynamicProvider } from "../../provider/frontend/dynamic/dynamic-provider";
import type { LogLine } from "../../provider/frontend/resource/log";
import { undiciTransport } from "../../provider/http/undici-transport";
import { serveProxy } from "../http/proxy";
import { freePort } from "../http/server";
import { kindsOver, RESOURCE_TYPES } from "../systems";
import { inputsOf } from "./trial";

const PASSWORD = "p@ss-Hunter2/word";
const USER = `ci:${encodeURIComponent(PASSWORD)}@`;

/** A resource of each type behind a proxy, in a preview and in a run, and everything that is told. */
async function play(of: (typeof RESOURCE_TYPES)[number], proxy: string, only?: "preview") {
  const told: string[] = [];
  const lifecycle = new DynamicProvider({
    kinds: kindsOver((tls = {}, proxies) => undiciTransport(tls, proxies)),
    log: { write: (line: LogLine) => told.push(JSON.stringify(line)), flush: async () => undefined },
    rhythm: { change: 0, repeat: 60_000 },
    env: {},
  });
  await lifecycle.configure({ config: { get: (key) => (key === "dbversion:proxy" ? proxy : undefined) } });
  const vendor = of.make({ now: () => Date.now() });
  const address = "https://database.invalid:8443";
  const inputs = of.type.startsWith("taurusdb")
    ? { ...inputsOf(vendor), endpoint: address, iamEndpoint: address }
    : { ...inputsOf(vendor), endpoints: [address] };
  const { failures = [] } = await lifecycle.check({}, inputs);
  const error: unknown = only === "preview" ? "" : await lifecycle.create(inputs).catch((thrown: unknown) => thrown);
  told.push(JSON.stringify(failures), JSON.stringify(error) ?? "", error instanceof Error ? (error.stack ?? "") : "");
  return { failures, told: told.join("\n"), error: error instanceof Error ? error.message : String(error) };
}

function expectNoSecret(text: string): void {
  const header = Buffer.from(`ci:${PASSWORD}`).toString("base64");
  for (const form of [PASSWORD, encodeURIComponent(PASSWORD), header]) expect(text).not.toContain(form);
}

describe.each(RESOURCE_TYPES)("$type behind a proxy", (of) => {
  it("that refuses the credentials says so at first contact, without them", async () => {
    const { origin, requests } = await serveProxy({ credentials: "somebody:else" });
    const { error, told } = await play(of, origin.replace("://", `://${USER}`));
    expect(error).toMatch(
      /^https:\/\/database\.invalid:8443 cannot be reached: the proxy http:\/\/127\.0\.0\.1:\d+ requires credentials or rejects the ones given \(HTTP 407\)\. .*`dbversion:proxy`.*\[unauthorized\]$/,
    );
    expect(told).toContain("cannot plan");
    expect(requests.length).toBeGreaterThan(0);
    for (const request of requests) expect(request).toBe("CONNECT database.invalid:8443");
    expectNoSecret(told);
  });

  it("that is none fails the check, without its value", async () => {
    const { failures, told, error } = await play(of, `ftp://${USER}proxy.corp`);
    expect(failures).toEqual([
      {
        property: "",
        reason: "config `dbversion:proxy` is not the URL of an HTTP proxy. Example: http://proxy.example.com:3128",
      },
    ]);
    expect(error).toContain("`dbversion:proxy`");
    expectNoSecret(told);
  });

  it("that does not run is unreachable, and is named without its credentials", async () => {
    const { told } = await play(of, `http://${USER}127.0.0.1:${await freePort()}`, "preview");
    expect(told).toMatch(/the proxy http:\/\/127\.0\.0\.1:\d+ cannot be reached: connect ECONNREFUSED/);
    expectNoSecret(told);
  });
});
