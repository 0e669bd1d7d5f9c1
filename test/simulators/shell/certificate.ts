import { generateKeyPairSync, sign } from "node:crypto";

/** A key and a self-signed certificate, both PEM: enough for a loopback server in a test. */
export interface SelfSigned {
  readonly key: string;
  readonly cert: string;
}

const OID = {
  ecdsaWithSha256: [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02],
  commonName: [0x55, 0x04, 0x03],
  subjectAltName: [0x55, 0x1d, 0x11],
  basicConstraints: [0x55, 0x1d, 0x13],
} as const;

export interface CertificateOptions {
  /** Common name of subject and issuer. Default "simulator". */
  readonly commonName?: string;
  /** Whether it is also valid for 127.0.0.1. Default true. */
  readonly loopback?: boolean;
}

/** For 127.0.0.1 and the given DNS names (default: localhost), valid from 2020 to 2049. */
export function selfSigned(names: readonly string[] = ["localhost"], options: CertificateOptions = {}): SelfSigned {
  const { commonName = "simulator", loopback = true } = options;
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const algorithm = sequence(tag(0x06, Buffer.from(OID.ecdsaWithSha256)));
  const body = sequence(
    tag(0xa0, tag(0x02, Buffer.from([2]))),
    tag(0x02, Buffer.from([1])),
    algorithm,
    name(commonName),
    sequence(tag(0x17, Buffer.from("200101000000Z")), tag(0x17, Buffer.from("491231235959Z"))),
    name(commonName),
    publicKey.export({ format: "der", type: "spki" }),
    tag(
      0xa3,
      sequence(
        extension(OID.subjectAltName, alternatives(names, loopback)),
        extension(OID.basicConstraints, authority()),
      ),
    ),
  );
  const signature = sign("sha256", body, privateKey);
  const der = sequence(body, algorithm, tag(0x03, Buffer.concat([Buffer.from([0]), signature])));
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return {
    key: privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
    cert: ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n"),
  };
}

function tag(type: number, content: Buffer): Buffer {
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([type, ...size]), content]);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tag(0x30, Buffer.concat(parts));
}

function name(text: string): Buffer {
  return sequence(tag(0x31, sequence(tag(0x06, Buffer.from(OID.commonName)), tag(0x0c, Buffer.from(text)))));
}

function extension(oid: readonly number[], value: Buffer): Buffer {
  return sequence(tag(0x06, Buffer.from(oid)), tag(0x04, value));
}

function alternatives(names: readonly string[], loopback: boolean): Buffer {
  const ip = loopback ? [tag(0x87, Buffer.from([127, 0, 0, 1]))] : [];
  return sequence(...names.map((one) => tag(0x82, Buffer.from(one))), ...ip);
}

function authority(): Buffer {
  return sequence(tag(0x01, Buffer.from([0xff])));
}
