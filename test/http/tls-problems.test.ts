import { createPrivateKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { TlsArguments } from "../../provider/http/tls";
import { tlsProblems } from "../../provider/http/tls";
import { selfSigned } from "../simulators/shell/certificate";

const pem = (name: string) => readFileSync(`${__dirname}/fixtures/${name}`, "utf8");
const CERTIFICATE = pem("client.pem");
const KEY = pem("client.key");
const EMPTY = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
const encrypted = createPrivateKey(KEY)
  .export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "secret" })
  .toString();

describe("certificates and keys", () => {
  it.each<[string, TlsArguments]>([
    ["that are not given", {}],
    ["that belong together", { caCertificate: pem("ca.pem"), clientCertificate: CERTIFICATE, clientKey: KEY }],
    [
      "in a chain, with remarks between",
      {
        caCertificate: `# both\n${pem("ca.pem")}\n# more\n${pem("self.pem")}`,
        clientCertificate: `${CERTIFICATE}${pem("ca.pem")}`,
        clientKey: KEY,
      },
    ],
  ])("%s have no problem", (_, args) => {
    expect(tlsProblems(args)).toEqual([]);
  });

  it.each<[string, TlsArguments, keyof TlsArguments, RegExp]>([
    ["a damaged authority", { caCertificate: EMPTY }, "caCertificate", /cannot be read as a certificate/],
    ["a key as the authority", { caCertificate: KEY }, "caCertificate", /has no certificate/],
    ["a damaged certificate", { clientCertificate: EMPTY, clientKey: KEY }, "clientCertificate", /damaged/],
    ["a certificate without its key", { clientCertificate: CERTIFICATE }, "clientKey", /must be the private key/],
    ["a key without its certificate", { clientKey: KEY }, "clientCertificate", /must be given beside/],
    ["a damaged key", { clientCertificate: CERTIFICATE, clientKey: KEY.slice(0, 200) }, "clientKey", /damaged/],
    [
      "a certificate as the key",
      { clientCertificate: CERTIFICATE, clientKey: CERTIFICATE },
      "clientKey",
      /private key/,
    ],
    ["an encrypted key", { clientCertificate: CERTIFICATE, clientKey: encrypted }, "clientKey", /passphrase/],
    [
      "a key of another",
      { clientCertificate: CERTIFICATE, clientKey: selfSigned().key },
      "clientKey",
      /is not the private key of/,
    ],
  ])("%s is blamed, and never quoted", (_, args, argument, reason) => {
    const problems = tlsProblems(args);
    expect(problems).toEqual([[argument, expect.stringMatching(reason)]]);
    expect(JSON.stringify(problems)).not.toMatch(/MII|BEGIN PRIVATE/);
  });
});
