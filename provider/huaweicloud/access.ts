import type { Clock, Runtime } from "../core/runtime";
import { type ConnectionArguments, credentialsOf } from "./arguments";
import { type Connect, type Connection, lease } from "./connection";
import { Gateway } from "./gateway";
import { type Environment, iamOrigin, type Service, serviceOrigin } from "./service";

/** Access of one resource to a service. */
export interface Access {
  /** Requests of this resource: they are aborted with its signal. */
  readonly gateway: Gateway;
  /** For messages: `cn-north-4`, or the endpoint's host. */
  readonly place: string;
  readonly connection: Connection;
  /** Requests for several resources: they are aborted when the connection closes. */
  readonly shared: Gateway;
  /** Releases this resource's share; shared work ends with the last one. */
  close(): Promise<void>;
}

/** Nothing is sent before the first request. */
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

/**
 * State shared by the resources of one project in a process. It is created once per project, and removed with the
 * connection.
 */
export class PerProject<T> {
  readonly #known = new WeakMap<Connection, Map<string, T>>();
  readonly #make: (gateway: Gateway, clock: Clock) => T;

  /** @param make receives a gateway that is not closed with a single resource */
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
