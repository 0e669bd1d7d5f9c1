import { readFileSync } from "node:fs";
import type { ServerOptions } from "node:https";
import { describe, expect, it } from "vitest";
import { insecure } from "../../provider/http/connection-errors";
import { TransportError } from "../../provider/http/transport";
import { estates } from "../../provider/systems";
import { connectionOptions, estateKinds } from "../../sdk/cli/connection";
import type { Section } from "../../sdk/cli/diagnosis";
import { remedyForCertificate } from "../../sdk/cli/network";
import { serveProxy } from "../http/proxy";
import { serve, serveTls, status } from "../http/server";
import { onNetwork } from "./rig";
import { ENVIRONMENT } from "./worlds";

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
  const own = connectionOptions(new Map([...(await kinds())].filter(([one]) => one === system)));
  for (const [, option = ""] of remedy.matchAll(/--([a-z-]+)/g)) expect(Object.keys(own)).toContain(option);
  return { name, message, remedy };
}

function kinds() {
  return estateKinds({ systems: { estates, kinds: {} } });
}

it.each([
  ["ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION", /^Check which versions of TLS/],
  ["ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE", /^Check which versions of TLS/],
  ["CERT_REVOKED", /^Replace the server certificate/],
  ["CERT_HAS_EXPIRED", /^Renew the server certificate/],
  ["SELF_SIGNED_CERT_IN_CHAIN", /^Set --ca-certificate/],
])("the remedy of %s is about its cause", (code, remedy) => {
  expect(remedyForCertificate(code, { tls: {}, accepts: () => true })).toMatch(remedy);
  const error = insecure("https://10.0.0.1:2886", new TransportError(code, "it failed"), {
    clientCertificate: "",
    untrusted: "Set `caCertificate`.",
  });
  expect(error.sentence).toMatch(
    code.startsWith("ERR_SSL") ? /handshake .* Check which versions/ : /certificate of .* Set/,
  );
});

describe("the remedy of a failed step of the network path is about its cause, and names options of the system", () => {
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

  it.each(systems)("a server without TLS, behind a proxy or not: %s", async (system) => {
    const { port } = await serve(status(200));
    const proxy = await serveProxy();
    for (const env of [{}, { HTTPS_PROXY: proxy.origin }]) {
      const { remedy } = await failure(system, `https://127.0.0.1:${port}`, [], env);
      expect(remedy).toMatch(/^The server does not use TLS on this port\./);
    }
  });

  it.each(systems)("a proxy that requires credentials, and one that is not there: %s", async (system) => {
    const { origin } = await serveTls(SERVER, status(200));
    const proxy = await serveProxy({ credentials: "ci:other" });
    const refused = await failure(system, origin, [], { HTTPS_PROXY: proxy.origin });
    expect(refused.remedy).toMatch(/^Correct the URL of the proxy in config `dbversion:proxy`/);
    const missing = await failure(system, origin, [], { HTTPS_PROXY: "http://127.0.0.1:1" });
    expect(missing.remedy).toMatch(/^Check the proxy/);
  });
});
