import type { Proxies, Runtime } from "../core/runtime";
import { HttpClient } from "../http/client";
import { type Tls, type TlsArguments, tlsFrom } from "../http/tls";
import type { Transport } from "../http/transport";
import { Login, type LoginOptions } from "./rest/login";
import { Nodes } from "./rest/nodes";

/** Creates the transport of the requests; tests use a simulator. */
export type Connect = (tls: Tls, proxies?: Proxies) => Transport;

export interface ConnectionArguments extends TlsArguments {
  readonly endpoints: readonly string[];
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly authentication?: LoginOptions["authentication"];
}

export interface OpenNodes {
  readonly nodes: Nodes;
  readonly close: () => Promise<void>;
}

/** The nodes of one cluster. Nothing is sent before the first request. */
export function openNodes(
  args: ConnectionArguments,
  { clock, signal, conceal, proxies }: Pick<Runtime, "clock" | "signal" | "conceal" | "proxies">,
  connect: Connect,
): OpenNodes {
  const { endpoints, username, password, authentication } = args;
  const transport = connect(tlsFrom(args), proxies);
  const http = new HttpClient({ transport, clock, signal });
  const login = new Login({ username, password, authentication, clock, conceal });
  return { nodes: new Nodes({ endpoints, login, http }), close: () => transport.close() };
}

/** Basic authentication sends base64, which redaction derives from every secret. */
export function derivedSecrets({ username, password }: ConnectionArguments): readonly string[] {
  return username === undefined ? [] : [`${username}:${password ?? ""}`];
}
