import { constants, createDecipheriv, createHash, generateKeyPairSync, privateDecrypt } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";

/**
 * A process that takes uploads as an agent would, without keeping them: it opens what was sealed and tells the SHA-256 of
 * the file. Run with the agent's version as argument; prints its port.
 */
const [version = ""] = process.argv.slice(2);
const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 1024 });

/** RSAES-PKCS1-v1_5, which Node does not open itself. */
function opened(sealed: string | string[] | undefined): string {
  const bytes = Buffer.from(String(sealed), "base64");
  let text = "";
  for (let at = 0; at < bytes.length; at += 128) {
    const block = privateDecrypt({ key: privateKey, padding: constants.RSA_NO_PADDING }, bytes.subarray(at, at + 128));
    text += block.subarray(block.indexOf(0, 2) + 1).toString();
  }
  return text;
}

/** The bytes of the body as they were before they were sealed. */
async function* plainOf(request: IncomingMessage): AsyncGenerator<Buffer> {
  if (request.headers["x-ocs-header"] === undefined) {
    yield* request;
    return;
  }
  const keys = Buffer.from(JSON.parse(opened(request.headers["x-ocs-header"])).keys, "base64");
  const decipher = createDecipheriv("aes-128-cbc", keys.subarray(0, 16), keys.subarray(16));
  let over = "";
  for await (const chunk of request) {
    const text = over + chunk.toString("latin1");
    const whole = text.length - (text.length % 4);
    over = text.slice(whole);
    yield decipher.update(Buffer.from(text.slice(0, whole), "base64"));
  }
  yield decipher.final();
}

/** SHA-256 of the one file in a form, of which only its end is ever held back. */
async function hashOf(request: IncomingMessage): Promise<string> {
  const tail = `\r\n--${/boundary=(.*)$/.exec(request.headers["content-type"] ?? "")?.[1]}--\r\n`.length;
  const hash = createHash("sha256");
  let held = Buffer.alloc(0);
  let begun = false;
  for await (const chunk of plainOf(request)) {
    held = Buffer.concat([held, chunk]);
    if (!begun) {
      const head = held.indexOf("\r\n\r\n");
      if (head < 0) continue;
      held = held.subarray(head + 4);
      begun = true;
    }
    if (held.length <= tail) continue;
    hash.update(held.subarray(0, held.length - tail));
    held = Buffer.from(held.subarray(held.length - tail));
  }
  return hash.digest("hex");
}

async function answer(request: IncomingMessage): Promise<unknown> {
  const key = publicKey.export({ format: "der", type: "pkcs1" }).toString("base64");
  if (request.url === "/api/v1/secret") return { ip: "127.0.0.1", port: 2886, public_key: key };
  if (request.url === "/api/v1/info")
    return { identity: "CLUSTER AGENT", version, homePath: "/", supportedAuth: ["v2"] };
  const hash = await hashOf(request);
  const sealed = request.headers["x-ocs-file-sha256"];
  if (sealed !== undefined && opened(sealed) !== hash) throw new Error("another hash was announced");
  return { name: hash, version: "1", release_distribution: "1.el7", architecture: "x86_64" };
}

const server = createServer((request, response) => {
  answer(request).then(
    (data) => response.end(JSON.stringify({ successful: true, status: 200, data })),
    (error) => response.writeHead(500).end(String(error)),
  );
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (typeof address === "object" && address !== null) console.log(address.port);
});
