import { lookup } from "node:dns/promises";
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls, type PeerCertificate, type TLSSocket } from "node:tls";
import { formatDuration } from "../../provider/base/sentences";
import type { Proxies } from "../../provider/core/runtime";
import { PROXY_REMEDY } from "../../provider/http/client";
import { proxyFor } from "../../provider/http/dispatcher";
import { clientRefusal, isSecure, refusesClient, type Tls, type TlsArguments } from "../../provider/http/tls";
import { CLIENT_CERTIFICATE, PROXY_REFUSED, PROXY_UNREACHABLE, TransportError } from "../../provider/http/transport";
import { undiciTransport } from "../../provider/http/undici-transport";
import type { Line } from "./diagnosis";
import { messageOf } from "./failure";
import type { Terminal } from "./terminal";

/** The network path to a server. */
export interface NetworkPath {
  readonly origin: string;
  readonly proxies: Proxies;
  readonly tls: Tls;
  /** Whether the system has an argument, which then is an option as well. */
  readonly accepts: (argument: keyof TlsArguments) => boolean;
}

/** How long a step may take, in milliseconds. */
const STEP_TIMEOUT = 10_000;
const DAY = 24 * 60 * 60_000;
/** A certificate that expires sooner is reported. */
const SOON = 30 * DAY;
/** Beyond it, Huawei Cloud rejects signatures; obshell's credentials expire by its own clock. */
const SKEW = 5 * 60_000;

export interface Network {
  readonly lines: readonly Line[];
  /** Whether the server responded, whatever other problems it has. */
  readonly reached: boolean;
}

/** Checks the network path to a server up to the first failure. The only request is one GET without credentials. */
export async function examineNetwork(path: NetworkPath, terminal: Terminal): Promise<Network> {
  const proxy = proxyFor(path.proxies, path.origin);
  const lines =
    proxy === undefined
      ? await connectionLines(path, terminal)
      : [noteLine("proxy", `${proxy} resolves the name and connects to the server`)];
  if (lines.some(({ state }) => state === "problem")) return { lines, reached: false };
  const [response, ...others] = await responseLines(path, terminal);
  return { lines: [...lines, response, ...others], reached: response.state === "ok" };
}

/** Without a proxy. */
async function connectionLines(path: NetworkPath, terminal: Terminal): Promise<Line[]> {
  const { hostname, port } = new URL(path.origin);
  const host = hostname.replace(/^\[|\]$/g, "");
  const secure = isSecure(path.origin);
  const target = { host, port: Number(port || (secure ? 443 : 80)) };
  const lines = isIP(host) === 0 ? [await nameLine(host)] : [];
  if (lines.some(({ state }) => state === "problem")) return lines;
  const connected = await tcpLine(target);
  lines.push(connected);
  if (connected.state === "problem") return lines;
  if (secure) return [...lines, ...(await tlsLines(path, target, terminal))];
  return [...lines, noteLine("TLS", "not used: the endpoint starts with http://")];
}

function noteLine(name: string, message: string): Line {
  return { state: "note", name, message };
}

async function nameLine(host: string): Promise<Line> {
  const name = "name resolution";
  try {
    const addresses = await lookup(host, { all: true });
    return { state: "ok", name, message: `${host} is ${addresses.map(({ address }) => address).join(", ")}` };
  } catch (error) {
    const message = `cannot resolve ${host}: ${messageOf(error)}`;
    const remedy = "Check the host name in the endpoint and the DNS servers of this machine.";
    return { state: "problem", name, message, remedy };
  }
}

interface Target {
  readonly host: string;
  readonly port: number;
}

async function tcpLine(target: Target): Promise<Line> {
  const name = "TCP";
  const where = `${target.host} port ${target.port}`;
  const socket = connectTcp(target);
  try {
    await opened(socket, "connect");
    return { state: "ok", name, message: `connected to ${where}` };
  } catch (error) {
    const message = `cannot connect to ${where}: ${messageOf(error)}`;
    const remedy =
      "Check that the server is running and listens on this port, and that no firewall blocks the connection.";
    return { state: "problem", name, message, remedy };
  } finally {
    socket.destroy();
  }
}

/** Handshake and certificate. The expiry has its own line if it is soon. */
async function tlsLines(path: NetworkPath, target: Target, { clock }: Terminal): Promise<Line[]> {
  const name = "TLS";
  const { tls } = path;
  const named = isIP(target.host) === 0 ? { servername: target.host } : {};
  const socket = connectTls({ ...target, ...named, ...tls, rejectUnauthorized: false });
  try {
    await opened(socket, "secureConnect");
    const certificate = socket.getPeerCertificate(true);
    const shown = describe(certificate);
    if (!socket.authorized && tls.rejectUnauthorized !== false) {
      const code = String(socket.authorizationError);
      const remedy = remedyForCertificate(code, path);
      return [{ state: "problem", name, message: `the certificate is not trusted (${code}): ${shown}`, remedy }];
    }
    const trust = socket.authorized ? "trusted" : "not verified, because certificate verification is off";
    const line: Line = { state: "ok", name, message: `${socket.getProtocol() ?? "TLS"}, ${trust}: ${shown}` };
    const left = Date.parse(certificate.valid_to) - clock.now();
    return left < SOON ? [line, expiryLine(left)] : [line];
  } catch (error) {
    // The server's certificate is not what is checked here.
    const anyServer = { ...tls, rejectUnauthorized: false };
    if (await refusesClient(path.origin, anyServer, async () => connectTcp(target))) return [refusedLine(name, path)];
    const plain = /wrong version number|packet length/i.test(messageOf(error));
    const remedy = plain ? WITHOUT_TLS : OTHER_TLS;
    return [{ state: "problem", name, message: `TLS handshake failed: ${messageOf(error)}`, remedy }];
  } finally {
    socket.destroy();
  }
}

/** The server closed the connection because of the client certificate: during the handshake, or after it with TLS 1.3. */
function refusedLine(name: string, path: NetworkPath): Line {
  return { state: "problem", name, message: `the server ${clientRefusal(path.tls)}`, remedy: remedyForClient(path) };
}

/** @param left milliseconds */
function expiryLine(left: number): Line {
  const days = Math.floor(Math.abs(left) / DAY);
  const message = left < 0 ? `expired ${days} days ago` : `expires in ${days} days`;
  return { state: "warning", name: "certificate", message, remedy: "Renew the server certificate." };
}

/** `CN=cluster.local for DNS:cluster.local, issued by CN=cluster.local, valid to 2049-12-31` */
function describe(certificate: PeerCertificate): string {
  const { subject, issuer, subjectaltname, valid_to } = certificate;
  const names = subjectaltname === undefined ? "" : ` for ${subjectaltname}`;
  const until = Number.isNaN(Date.parse(valid_to)) ? "" : `, valid to ${new Date(valid_to).toISOString().slice(0, 10)}`;
  return `CN=${subject?.CN ?? "?"}${names}, issued by CN=${issuer?.CN ?? "?"}${until}`;
}

/** Any response is sufficient; the checks of the system evaluate it. The server's clock has its own line. */
async function responseLines(path: NetworkPath, { clock, signal }: Terminal): Promise<[Line, ...Line[]]> {
  const name = "HTTP";
  const { origin, tls, proxies } = path;
  const transport = undiciTransport(tls, proxies, { headersTimeout: STEP_TIMEOUT });
  try {
    const { status, headers } = await transport.send({ method: "GET", origin, target: "/", headers: {}, signal });
    const offset = Date.parse(headers["date"] ?? "") - clock.now();
    return [{ state: "ok", name, message: `response status ${status}` }, clockLine(offset)];
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof TransportError && error.code === CLIENT_CERTIFICATE) return [refusedLine(name, path)];
    const remedy = remedyForRequest(error, path);
    return [{ state: "problem", name, message: `no response: ${messageOf(error)}`, remedy }];
  } finally {
    await transport.close();
  }
}

/** @param offset milliseconds that the server is ahead of this machine; NaN without a Date header */
function clockLine(offset: number): Line {
  const name = "clock";
  if (Number.isNaN(offset)) return noteLine(name, "unknown: the response has no Date header");
  if (Math.abs(offset) < SKEW) {
    return { state: "ok", name, message: `less than ${formatDuration(SKEW)} from the server's clock` };
  }
  const side = offset > 0 ? "ahead of" : "behind";
  return {
    state: "problem",
    name,
    message: `the server's clock is ${formatDuration(Math.abs(offset))} ${side} the clock of this machine`,
    remedy: "Synchronize both clocks: credentials are valid for only a few minutes.",
  };
}

function opened(socket: Socket | TLSSocket, event: "connect" | "secureConnect"): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once(event, () => resolve());
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("the server closed the connection")));
    socket.setTimeout(STEP_TIMEOUT, () => reject(new Error(`no response within ${formatDuration(STEP_TIMEOUT)}`)));
  });
}

const OTHER_TLS = "Check which versions of TLS and which ciphers the server accepts.";
const OTHER_SERVER = "Check that the endpoint is the address of the server, and check proxies and firewalls between.";
const WITHOUT_TLS = "The server does not use TLS on this port. Check whether the endpoint must start with http://.";

/** What to do about a request without a response. */
function remedyForRequest(error: unknown, path: NetworkPath): string {
  if (!(error instanceof TransportError)) return OTHER_SERVER;
  if (error.code === PROXY_REFUSED) return PROXY_REMEDY;
  if (error.code === PROXY_UNREACHABLE) return "Check the proxy, and whether it can connect to the server.";
  if (error.plain) return WITHOUT_TLS;
  return error.tls ? remedyForCertificate(error.code, path) : OTHER_SERVER;
}

/** What to do about a server that rejects the client certificate, or requires one. */
function remedyForClient({ accepts }: NetworkPath): string {
  return accepts("clientCertificate")
    ? "Set --client-certificate (argument `clientCertificate`) to a certificate that the server accepts. Set --client-key, the argument `clientKey`, to its private key."
    : "Check that the endpoint is the address of the service, which does not require a client certificate.";
}

type CertificateRemedy = readonly [code: RegExp, remedy: string, argument?: keyof TlsArguments];

/** Remedies by the code of Node or OpenSSL for the server's certificate. */
const REMEDIES: readonly CertificateRemedy[] = [
  [/ALTNAME|HOSTNAME/, "Set --server-name (argument `serverName`) to a name in the certificate.", "serverName"],
  [/ALTNAME|HOSTNAME/, "Check that the endpoint has a name that the certificate contains."],
  [/EXPIRED/, "Renew the server certificate."],
  [/NOT_YET_VALID/, "Check the clocks of this machine and of the server."],
  [/REVOKED/, "Replace the server certificate."],
  [/^ERR_SSL_/, OTHER_TLS],
  [
    /./,
    "Set --ca-certificate (argument `caCertificate`) to the server certificate or to the CA that signed it.",
    "caCertificate",
  ],
  [/^/, "Check the endpoint. To trust a private CA, set NODE_EXTRA_CA_CERTS to its certificate file."],
];
const OTHER_CA =
  "The file given as --ca-certificate (argument `caCertificate`) contains neither this certificate nor the CA that signed it. Set it to one that does.";

/** What to do about a certificate of the server that is not trusted. */
export function remedyForCertificate(code: string, { tls, accepts }: Pick<NetworkPath, "tls" | "accepts">): string {
  const found = REMEDIES.find(
    ([pattern, , argument]) => pattern.test(code) && (argument === undefined || accepts(argument)),
  );
  const [, remedy = "", argument] = found ?? [];
  return argument === "caCertificate" && tls.ca !== undefined ? OTHER_CA : remedy;
}
