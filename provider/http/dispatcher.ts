import type { Socket } from "node:net";
import { buildConnector, type Dispatcher, EnvHttpProxyAgent, Pool } from "undici";
import type { Proxies } from "../core/runtime";
import { isSecure, type Tls } from "./tls";
import { PROXY_REFUSED, PROXY_UNREACHABLE, tlsCode } from "./transport";

/** Limits of the connections, as undici options. */
export interface ConnectionLimits extends Pick<Pool.Options, "bodyTimeout" | "keepAliveTimeout" | "maxHeaderSize"> {
  readonly connectTimeout: number;
  readonly headersTimeout: number;
  readonly maxResponseSize: number;
  /** Maximum concurrent connections to one server; further requests wait. */
  readonly connections: number;
  /** A connection is closed after this many requests. */
  readonly maxRequestsPerClient?: number;
}

/** A proxy error before a request was sent, without the proxy's credentials. */
export class ProxyError extends Error {
  override readonly name = "ProxyError";
  readonly code: string;

  constructor(code: typeof PROXY_REFUSED | typeof PROXY_UNREACHABLE, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

/** Sends requests, directly or through a proxy. */
export interface Routes {
  readonly dispatcher: Dispatcher;
  /** A connection to a server on the route of its requests, without TLS: used to read its certificate. */
  dial(origin: string): Promise<Socket>;
}

type Connector = buildConnector.connector;

/** The configured proxy of an origin, ignoring exceptions. */
function setFor({ http, https = http }: Proxies, origin: string): string | undefined {
  return isSecure(origin) ? https : http;
}

/**
 * The proxy of requests to an origin, without its credentials; undefined if they are direct. undici decides, as it does
 * for requests. Nothing is sent.
 */
export function proxyFor(proxies: Proxies, origin: string): string | undefined {
  const proxy = setFor(proxies, origin);
  if (proxy === undefined) return undefined;
  const own: Connector = (_options, done) => done(new Error("nothing is sent"), null);
  let direct = false;
  const dispatcher = new EnvHttpProxyAgent({
    connect: own,
    ...asUndici(proxies),
    factory: (_url, options) => {
      direct = connectorIn(options) === own;
      throw new Error("nothing is sent");
    },
  });
  dispatcher.dispatch({ origin, path: "/", method: "GET" }, { onResponseError: () => undefined });
  dispatcher.destroy().catch(() => undefined);
  return direct ? undefined : new URL(proxy).origin;
}

/** Always set, because undici would otherwise read the environment itself. */
function asUndici({ http = "", https = "", except }: Proxies) {
  return { httpProxy: http, httpsProxy: https, noProxy: except };
}

/** The proxy of an origin without exceptions, without its credentials. */
export function proxyName(proxies: Proxies, origin: string): string {
  const proxy = setFor(proxies, origin);
  return proxy === undefined ? "the proxy" : `the proxy ${new URL(proxy).origin}`;
}

/**
 * undici selects the proxy of a request and applies NO_PROXY. Every pool that it creates passes through `factory`, with
 * the connector for its server. The limits are set there, because undici does not apply them to plain HTTP through a
 * proxy.
 */
export function openRoutes(tls: Tls, proxies: Proxies, limits: ConnectionLimits): Routes {
  const { connectTimeout, headersTimeout } = limits;
  const own = buildConnector({ timeout: connectTimeout, ...tls, allowH2: false });
  const connectors = new Map<string, Connector>();
  const isProxy = (origin: string) => [proxies.http, proxies.https].some((proxy) => originOf(proxy) === origin);
  const dispatcher = new EnvHttpProxyAgent({
    ...limits,
    allowH2: false,
    connect: own,
    requestTls: { ...tls },
    ...asUndici(proxies),
    factory: (url, options) => {
      const origin = new URL(url).origin;
      const given = connectorIn(options) ?? own;
      const connect = given !== own && isProxy(origin) ? toProxy(origin, given) : given;
      connectors.set(origin, connect);
      return new Pool(url, { ...options, ...limits, allowH2: false, connect });
    },
    clientFactory: (url, options) => {
      const connect = toProxy(url.origin, connectorIn(options) ?? own);
      return new Pool(url, { connect, headersTimeout, allowH2: false }).compose(tunnelsThrough(url.origin));
    },
  });
  return {
    dispatcher,
    dial: (origin) => {
      const { hostname, port: given } = new URL(origin);
      const port = given === "" ? "443" : given;
      const target = {
        hostname: hostname.replace(/^\[|\]$/g, ""),
        host: `${hostname}:${port}`,
        port,
        protocol: "http:",
      };
      return new Promise((resolve, reject) => {
        const connect = connectors.get(origin) ?? own;
        connect(target, (error, socket) => (error === null ? resolve(socket) : reject(error)));
      });
    },
  };
}

function originOf(url: string | undefined): string | undefined {
  return url && new URL(url).origin;
}

/** undici's types do not include the options that it passes to a factory. */
function connectorIn(options: object): Connector | undefined {
  const { connect } = options as Pool.Options;
  return typeof connect === "function" ? connect : undefined;
}

/** A connector that marks its errors as proxy errors. */
function toProxy(proxy: string, connect: Connector): Connector {
  return (options, done) =>
    connect(options, (...[error, socket]) =>
      error === null ? done(null, socket) : done(unreachable(proxy, error), null),
    );
}

function unreachable(proxy: string, error: Error): ProxyError {
  const code = "code" in error ? String(error.code) : "";
  return tlsCode(code)
    ? new ProxyError(PROXY_REFUSED, `the certificate of the proxy ${proxy} is not trusted: ${error.message}`, error)
    : new ProxyError(PROXY_UNREACHABLE, `the proxy ${proxy} cannot be reached: ${error.message || code}`, error);
}

/** Statuses of a proxy that cannot connect temporarily; all others except 200 are permanent. */
const PASSING = new Set([408, 429]);

/** Handles a proxy's response to CONNECT, which undici reports as an aborted request. */
function tunnelsThrough(proxy: string): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) => {
    const fail = (controller: Dispatcher.DispatchController, error: Error) => {
      const problem = error instanceof ProxyError ? error : unreachable(proxy, error);
      handler.onResponseError?.(controller, problem);
    };
    return dispatch(options, {
      onRequestStart: (controller, context) => handler.onRequestStart?.(controller, context),
      onRequestUpgrade: (controller, status, headers, socket) => {
        if (status === 200) return handler.onRequestUpgrade?.(controller, status, headers, socket);
        socket.on("error", () => undefined).destroy();
        fail(controller, refusal(`the proxy ${proxy}`, status));
      },
      onResponseError: fail,
    });
  };
}

/** @param proxy as the subject of a sentence: `the proxy http://10.0.0.9:3128` */
export function refusal(proxy: string, status: number): ProxyError {
  if (status === 407)
    return new ProxyError(PROXY_REFUSED, `${proxy} requires credentials or rejects the ones given (HTTP 407)`);
  const passing = status >= 500 || PASSING.has(status);
  return passing
    ? new ProxyError(PROXY_UNREACHABLE, `${proxy} could not connect to it (HTTP ${status})`)
    : new ProxyError(PROXY_REFUSED, `${proxy} refuses to connect to it (HTTP ${status})`);
}
