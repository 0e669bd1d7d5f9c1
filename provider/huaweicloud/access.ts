import type { Runtime } from "../core/runtime";
import type { ConnectionArguments } from "../taurusdb/arguments";
import { Project } from "../taurusdb/project";
import { type Connect, lease } from "./connection";
import { credentialsOf } from "./credentials";
import { Gateway } from "./gateway";
import { type Environment, iamOrigin, serviceOrigin } from "./regions";

/** TaurusDB as one pin reaches it. */
export interface Access {
  /** Calls of this pin: they end with its signal. */
  readonly gateway: Gateway;
  /** For messages: `cn-north-4`, or the endpoint's host. */
  readonly place: string;
  /** What the pins of the project in this process read for each other. */
  project(): Promise<Project>;
  /** Gives up this pin's share; what is shared ends with the last one. */
  close(): Promise<void>;
}

/** Nothing is sent before the first call. */
export function openAccess(
  args: ConnectionArguments,
  { clock, signal, conceal, proxies }: Pick<Runtime, "clock" | "signal" | "conceal" | "proxies">,
  connect: Connect,
  env: Environment,
): Access {
  const origin = serviceOrigin(args, env);
  const credentials = credentialsOf(args);
  if (origin === undefined || credentials === undefined) throw new Error("the connection was not validated");
  const { connection, release } = lease(connect, credentials, iamOrigin(args, env), clock, proxies);
  const stopTelling = connection.account.tokens.tell(conceal);
  const scope = { projectId: args.projectId, region: args.region };
  const gateway = new Gateway({ connection, signal, origin, scope });
  return {
    gateway,
    place: args.region ?? new URL(origin).host,
    async project() {
      const key = `${origin} ${await gateway.projectId()}`;
      const known = connection.projects.get(key);
      if (known !== undefined) return known;
      const shared = new Gateway({ connection, signal: connection.signal, origin, scope });
      const project = new Project(shared, clock);
      connection.projects.set(key, project);
      return project;
    },
    close() {
      stopTelling();
      return release(!signal.aborted);
    },
  };
}
