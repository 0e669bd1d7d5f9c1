import * as http from "node:http";
import * as https from "node:https";
import { createServer, type Server, type Socket } from "node:net";

export interface TlsOptions {
  /** PEM. */
  readonly key: string;
  readonly cert: string;
  /** Clients must show a certificate that this one signed. */
  readonly ca?: string;
}

/** First byte of a TLS handshake. */
const HANDSHAKE = 0x16;

/** What Go's server says to plain HTTP on a TLS port. */
const NOT_TLS = "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";

/** A server that is not listening yet; with TLS it looks at the first byte of every connection. */
export function listenerFor({ tls }: { readonly tls?: TlsOptions }, listener: http.RequestListener): Server {
  if (tls === undefined) return http.createServer(listener);
  const mutual = tls.ca === undefined ? {} : { requestCert: true, rejectUnauthorized: true };
  const secure = https.createServer({ ...tls, ...mutual }, listener);
  secure.on("tlsClientError", (_, socket) => socket.destroy());
  return createServer((socket) => greet(socket, secure));
}

function greet(socket: Socket, secure: https.Server): void {
  socket.on("error", () => socket.destroy());
  socket.once("data", (first: Buffer) => {
    socket.pause();
    if (first[0] !== HANDSHAKE) {
      socket.end(NOT_TLS);
      return;
    }
    socket.unshift(first);
    secure.emit("connection", socket);
    process.nextTick(() => socket.resume());
  });
}
