import type { Clock } from "../core/clock";
import type { Runtime } from "../core/runtime";
import type { ConnectionArguments } from "./arguments";
import { type Connect, type Connection, lease } from "./connection";
import { credentialsOf } from "./credentials";
import { Gateway } from "./gateway";
import { type Environment, iamOrigin, type Service, serviceOrigin } from "./service";

/** A service as one resource reaches it. */
export interface Access {
  /** Calls of this resource: they end with its signal. */
  readonly gateway: Gateway;
  /** For messages: `cn-north-4`, or the endpoint's host. */
  readonly place: string;
  readonly connection: Connection;
  /** Calls on behalf of several resources: they end with the connection. */
  readonly shared: Gateway;
  /** Gives up this resource's share; what is shared ends with the last one. */
  close(): Promise<void>;
}

/** Nothing is sent before the first call. */
export function openAccess(
  service: Service,
  args: ConnectionArguments,
  { clock, signal, conceal, proxies }: Pick<Runtime, "clock" | "signal" | "conceal" | "proxies">,
  connect: Connect,
  env: Environment,
): Access {
  const origin = serviceOrigin(service, args, env);
  const credentials = credentialsOf(args);
  if (origin === undefined || credentials === undefined) throw new Error("the connection was not validated");
  const { connection, release } = lease(connect, credentials, iamOrigin(service, args, env), clock, proxies);
  const endReports = connection.session.tokens.report(conceal);
  const scope = { projectId: args.projectId, region: args.region };
  return {
    gateway: new Gateway({ service, connection, signal, origin, scope }),
    place: args.region ?? new URL(origin).host,
    connection,
    shared: new Gateway({ service, connection, signal: connection.signal, origin, scope }),
    close() {
      endReports();
      return release(!signal.aborted);
    },
  };
}

/** What the resources of one project in a process share. It is made once for each, and ends with the connection. */
export class PerProject<T> {
  readonly #known = new WeakMap<Connection, Map<string, T>>();
  readonly #make: (gateway: Gateway, clock: Clock) => T;

  /** @param make with calls that end with no single resource */
  constructor(make: (gateway: Gateway, clock: Clock) => T) {
    this.#make = make;
  }

  async of({ gateway, shared, connection }: Access): Promise<T> {
    const key = `${gateway.origin} ${await gateway.projectId()}`;
    const known = this.#known.get(connection) ?? new Map<string, T>();
    this.#known.set(connection, known);
    const found = known.get(key) ?? this.#make(shared, connection.clock);
    known.set(key, found);
    return found;
  }
}
