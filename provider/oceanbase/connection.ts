import type { Proxies, Runtime } from "../core/runtime";
import { HttpClient } from "../http/client";
import { type Tls, type TlsArguments, tlsFrom } from "../http/tls";
import type { Transport } from "../http/transport";
import { Agents } from "./agent/agents";

/** Creates the transport of the requests; tests use a simulator. */
export type Connect = (tls: Tls, proxies?: Proxies) => Transport;

export interface ConnectionArguments extends TlsArguments {
  readonly endpoints: readonly string[];
  readonly password?: string | undefined;
  readonly agentPassword?: string | undefined;
}

export interface OpenAgents {
  readonly agents: Agents;
  readonly close: () => Promise<void>;
}

/** The distinct addresses that requests go to. */
export function originsOf({ endpoints }: Pick<ConnectionArguments, "endpoints">): readonly string[] {
  return [...new Set(endpoints.map((endpoint) => new URL(endpoint).origin))];
}

/** The agents of one cluster. Nothing is sent before the first request. */
export function openAgents(
  args: ConnectionArguments,
  { clock, signal, proxies }: Pick<Runtime, "clock" | "signal" | "proxies">,
  connect: Connect,
): OpenAgents {
  const transport = connect(tlsFrom(args), proxies);
  const http = new HttpClient({ transport, clock, signal });
  const endpoints = originsOf(args);
  const { password = "", agentPassword } = args;
  return { agents: new Agents({ endpoints, password, agentPassword, http, clock }), close: () => transport.close() };
}
