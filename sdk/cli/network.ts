import { lookup } from "node:dns/promises";
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls, type PeerCertificate, type TLSSocket } from "node:tls";
import { formatDuration } from "../../provider/base/sentences";
import type { Proxies } from "../../provider/core/runtime";
import { proxyFor } from "../../provider/http/dispatcher";
import { clientRefusal, isSecure, refusesClient } from "../../provider/http/tls";
import { CLIENT_CERTIFICATE, TransportError } from "../../provider/http/transport";
import { undiciTransport } from "../../provider/http/undici-transport";
import { type Line, textOf } from "./diagnosis";
import {
  OTHER_TLS,
  type Reach,
  remedyForCertificate,
  remedyForClient,
  remedyForRequest,
  WITHOUT_TLS,
} from "./network-remedies";
import type { Terminal } from "./terminal";

/** The network path to a server. */
export interface NetworkPath extends Reach {
  readonly origin: string;
  readonly proxies: Proxies;
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
  const lines: Line[] = [];
  const steps = stepsOf(path, terminal);
  for (;;) {
    const step = await steps.next();
    if (step.done === true) return { lines, reached: step.value };
    lines.push(step.value);
  }
}

/** @returns whether the server responded */
async function* stepsOf(route: NetworkPath, terminal: Terminal): AsyncGenerator<Line, boolean> {
  const { origin, proxies } = route;
  const proxy = proxyFor(proxies, origin);
  if (proxy !== undefined)
    yield { state: "note", name: "proxy", message: `${proxy} resolves the name and connects to the server` };
  else if (!(yield* connectionSteps(route, terminal))) return false;
  const { line, clock } = await responseLine(route, terminal);
  yield line;
  if (clock !== undefined) yield clock;
  return line.state === "ok";
}

/** Without a proxy. @returns whether requests can connect */
async function* connectionSteps(way: NetworkPath, terminal: Terminal): AsyncGenerator<Line, boolean> {
  const { hostname, port } = new URL(way.origin);
  const host = hostname.replace(/^\[|\]$/g, "");
  const secure = isSecure(way.origin);
  if (isIP(host) === 0) {
    const resolved = await nameLine(host);
    yield resolved;
    if (resolved.state === "problem") return false;
  }
  const target = { host, port: Number(port || (secure ? 443 : 80)) };
  const connected = await tcpLine(target);
  yield connected;
  if (connected.state === "problem") return false;
  const { line, expiry } = secure ? await tlsLine(way, target, terminal) : PLAIN;
  yield line;
  if (expiry !== undefined) yield expiry;
  return line.state !== "problem";
}

interface Secured {
  readonly line: Line;
  /** Set if the certificate expires soon, or has expired. */
  readonly expiry?: Line;
}

const PLAIN: Secured = {
  line: { state: "note", name: "TLS", message: "not used: the endpoint starts with http://" },
};

async function nameLine(host: string): Promise<Line> {
  const name = "name resolution";
  try {
    const addresses = await lookup(host, { all: true });
    return { state: "ok", name, message: `${host} is ${addresses.map(({ address }) => address).join(", ")}` };
  } catch (error) {
    const message = `cannot resolve ${host}: ${textOf(error)}`;
    return {
      state: "problem",
      name,
      message,
      remedy: "Check the host name in the endpoint and the DNS servers of this machine.",
    };
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
    const message = `cannot connect to ${where}: ${textOf(error)}`;
    const remedy =
      "Check that the server is running and listens on this port, and that no firewall blocks the connection.";
    return { state: "problem", name, message, remedy };
  } finally {
    socket.destroy();
  }
}

async function tlsLine(way: NetworkPath, target: Target, { clock }: Terminal): Promise<Secured> {
  const name = "TLS";
  const { tls } = way;
  const named = isIP(target.host) === 0 ? { servername: target.host } : {};
  const socket = connectTls({ ...target, ...named, ...tls, rejectUnauthorized: false });
  try {
    await opened(socket, "secureConnect");
    const certificate = socket.getPeerCertificate(true);
    const shown = describe(certificate);
    if (!socket.authorized && tls.rejectUnauthorized !== false) {
      const code = String(socket.authorizationError);
      const remedy = remedyForCertificate(code, way);
      return {
        line: { state: "problem", name, message: `the certificate is not trusted (${code}): ${shown}`, remedy },
      };
    }
    const trust = socket.authorized ? "trusted" : "not verified, because certificate verification is off";
    const line: Line = { state: "ok", name, message: `${socket.getProtocol() ?? "TLS"}, ${trust}: ${shown}` };
    const left = Date.parse(certificate.valid_to) - clock.now();
    return left < SOON ? { line, expiry: expiryLine(left) } : { line };
  } catch (error) {
    // The server's certificate is not what is checked here.
    const anyServer = { ...tls, rejectUnauthorized: false };
    if (await refusesClient(way.origin, anyServer, async () => connectTcp(target)))
      return { line: refusedLine(name, way) };
    const plain = /wrong version number|packet length/i.test(textOf(error));
    const remedy = plain ? WITHOUT_TLS : OTHER_TLS;
    return { line: { state: "problem", name, message: `TLS handshake failed: ${textOf(error)}`, remedy } };
  } finally {
    socket.destroy();
  }
}

/** The server closed the connection because of the client certificate: during the handshake, or after it with TLS 1.3. */
function refusedLine(name: string, way: NetworkPath): Line {
  return { state: "problem", name, message: `the server ${clientRefusal(way.tls)}`, remedy: remedyForClient(way) };
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

/** Any response is sufficient; the checks of the system evaluate it. */
async function responseLine(
  way: NetworkPath,
  { clock, signal }: Terminal,
): Promise<{ readonly line: Line; readonly clock?: Line }> {
  const name = "HTTP";
  const { origin, tls, proxies } = way;
  const transport = undiciTransport(tls, proxies, { headersTimeout: STEP_TIMEOUT });
  try {
    const { status, headers } = await transport.send({ method: "GET", origin, target: "/", headers: {}, signal });
    const line: Line = { state: "ok", name, message: `response status ${status}` };
    return { line, clock: clockLine(Date.parse(headers["date"] ?? "") - clock.now()) };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof TransportError && error.code === CLIENT_CERTIFICATE) return { line: refusedLine(name, way) };
    const remedy = remedyForRequest(error, way);
    return { line: { state: "problem", name, message: `no response: ${textOf(error)}`, remedy } };
  } finally {
    await transport.close();
  }
}

/** @param offset milliseconds that the server is ahead of this machine; NaN without a Date header */
function clockLine(offset: number): Line {
  const name = "clock";
  if (Number.isNaN(offset)) return { state: "note", name, message: "unknown: the response has no Date header" };
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
