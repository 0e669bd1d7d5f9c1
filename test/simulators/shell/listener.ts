import * as http from "node:http";
import * as https from "node:https";
import { createServer, type Server, type Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { ClientCertificate } from "./http";

export interface TlsOptions {
  /** PEM. */
  readonly key: string;
  readonly cert: string;
  /** Clients must present a certificate that this one signed. */
  readonly ca?: string;
  /** Clients may present no certificate, or an untrusted one, which is ignored. Default false. */
  readonly optionalClient?: boolean;
  /** The response to plain HTTP on this port, before the connection is closed. Default: that of Go's server. */
  readonly plainAnswer?: string;
}

/** First byte of a TLS handshake. */
const HANDSHAKE = 0x16;

/** The response of Go's server to plain HTTP on a TLS port. */
const NOT_TLS = "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";

/**
 * Idle timeout of connections, in milliseconds. obshell sets no limit except the 60 minutes of its server's
 * ReadTimeout, and nginx defaults to 75 s; the proxy of Huawei Cloud is not documented. Node's default of 5 s would
 * cost a connection for each request of a client that polls four times a minute.
 */
const IDLE = 60_000;

/** A server that is not listening yet; with TLS it checks the first byte of every connection. */
export function listenerFor({ tls }: { readonly tls?: TlsOptions }, listener: http.RequestListener): Server {
  if (tls === undefined) return http.createServer({ keepAliveTimeout: IDLE }, listener);
  const mutual = tls.ca === undefined ? {} : { requestCert: true, rejectUnauthorized: !tls.optionalClient };
  const secure = https.createServer({ ...tls, ...mutual, keepAliveTimeout: IDLE }, listener);
  secure.on("tlsClientError", (_, socket) => socket.destroy());
  return createServer((socket) => greet(socket, secure, tls.plainAnswer ?? NOT_TLS));
}

function greet(socket: Socket, secure: https.Server, plainAnswer: string): void {
  socket.on("error", () => socket.destroy());
  socket.once("data", (first: Buffer) => {
    socket.pause();
    if (first[0] !== HANDSHAKE) {
      socket.end(plainAnswer);
      return;
    }
    socket.unshift(first);
    secure.emit("connection", socket);
    process.nextTick(() => socket.resume());
  });
}

/** The certificate that the client of a connection presented, if its CA is trusted. */
export function clientOf(socket: Socket): ClientCertificate | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  const { subject, subjectaltname = "" } = socket.getPeerCertificate();
  if (subject === undefined) return undefined;
  const names = subjectaltname.split(", ").filter((one) => one.startsWith("DNS:"));
  return {
    subject: Object.entries(subject)
      .map(([part, value]) => `${part}=${value}`)
      .join(","),
    commonName: [subject.CN].flat()[0] ?? "",
    names: names.map((one) => one.slice("DNS:".length)),
  };
}
