import type { ObshellCluster, RedisEnterpriseCluster, SimSystem, TaurusCloud } from "../simulators";
import type { VirtualClock } from "../support/virtual-clock";
import { rig } from "./rig";
import { agentsOf, ENVIRONMENT, nodesOf, obshell, REGION, redis, taurus } from "./worlds";

type Environment = Readonly<Record<string, string>>;

/** `discover` of one simulated system. @param args what names it on the command line */
function discovering<S extends SimSystem>(
  name: string,
  make: (clock: VirtualClock) => S,
  args: (system: S) => readonly string[],
  change: (system: S) => void = () => undefined,
  env: Environment = ENVIRONMENT,
) {
  let named: readonly string[] = [];
  const made = rig(
    (clock) => {
      const system = make(clock);
      change(system);
      named = args(system);
      return [system];
    },
    { env },
  );
  return { ...made, discover: (...more: readonly string[]) => made.run("discover", name, ...named, ...more) };
}

export function oceanbase(change?: (cluster: ObshellCluster) => void, env?: Environment) {
  return discovering("oceanbase", obshell, agentsOf, change, env);
}

export function redisEnterprise(change?: (cluster: RedisEnterpriseCluster) => void, env?: Environment) {
  return discovering("redis-enterprise", redis, nodesOf, change, env);
}

export function cloud(instances = 3, change?: (cloud: TaurusCloud) => void, env?: Environment) {
  return discovering(
    "taurusdb",
    (clock) => taurus(clock, instances),
    () => REGION,
    change,
    env,
  );
}
