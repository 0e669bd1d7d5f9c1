import { ObshellCluster } from "../obshell/cluster";
import { type ClusterOptions, DEFAULT_ROOT_PASSWORD } from "../obshell/options";
import { ScaledClock } from "../shell/clock";
import { serve } from "../shell/server";
import { endOf, type Running } from "./running";

/** How {@link startOceanBase} sets up its cluster. */
export interface OceanBaseOptions extends ClusterOptions {
  /** Simulated seconds in a real one. Default 30: an upgrade of 90 seconds takes three. */
  readonly speed?: number;
  /** OceanBase packages that are already uploaded: version and release. An upgrade requires them. */
  readonly packages?: readonly (readonly [version: string, release: string])[];
  /** The same for packages of the agents. */
  readonly agentPackages?: readonly (readonly [version: string, release: string])[];
}

/** Connection arguments of `oceanbase.ClusterVersion` and `oceanbase.AgentVersion`. */
export interface OceanBaseConnection {
  readonly endpoints: string[];
  readonly password: string;
}

/**
 * Starts a simulated OceanBase cluster with its obshell agents, one on each port.
 *
 * @example
 * ```ts
 * import { startOceanBase } from "pulumi-dbversion/simulators";
 *
 * const orders = await startOceanBase({
 *   buildVersion: "4.2.1.8-108000022024072217",
 *   packages: [["4.3.5.2", "102000042025031214.el7"]],
 * });
 * // … `pulumi up` of a program that declares a ClusterVersion with `orders.connection` and version "4.3.5.2" …
 * assert.equal(orders.system.acceptedUpgrades.length, 1);
 * assert.equal(orders.system.agents[0]?.observer.build, "4.3.5.2-102000042025031214");
 * await orders.close();
 * ```
 */
export async function startOceanBase(
  options: OceanBaseOptions = {},
): Promise<Running<ObshellCluster, OceanBaseConnection>> {
  const { speed = 30, packages = [], agentPackages = [], ...cluster } = options;
  const system = new ObshellCluster({ ...cluster, clock: new ScaledClock(speed) });
  for (const [version, release] of packages) system.control.addObPackages(version, release);
  for (const [version, release] of agentPackages) system.control.addAgentPackage(version, release);
  const served = await serve(system, { speed });
  const password = cluster.rootPassword ?? DEFAULT_ROOT_PASSWORD;
  return {
    system,
    connection: { endpoints: [...served.origins], password },
    config: { plain: {}, secret: { "oceanbase:password": password } },
    environment: { OCEANBASE_PASSWORD: password },
    ...endOf(served),
  };
}
