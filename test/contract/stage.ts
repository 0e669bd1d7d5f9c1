import { onTestFinished } from "vitest";
import { ObshellCluster, ScaledClock, serve } from "../simulators";
import type { Logged } from "./engine";
import type { Properties } from "./failure";
import { type Host, PROVIDER_TEXT, urnOf } from "./host";

export const PASSWORD = 'r00t-p@ss"word';
export const OLD_BUILD = "4.2.1.8-108000022024072217";
export const TARGET = { version: "4.3.5.2", release: "102000042025031214.el7" };
export const TARGET_BUILD = "4.3.5.2-102000042025031214";
/** No package of it is uploaded. */
export const ABSENT = { version: "4.3.5.9", release: "109000042026031214.el7" };
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** Simulated seconds that pass in a real one. */
const SPEED = 30;

type ClusterOptions = Partial<ConstructorParameters<typeof ObshellCluster>[0]>;

export interface StageOptions extends ClusterOptions {
  /** Whether upgrades start and never end. */
  readonly endless?: boolean;
  /** How many of the cluster's agents can be reached; default all. */
  readonly reachable?: number;
}

/** A simulated cluster on loopback, and a resource for it in a provider process. */
export interface Stage extends Pick<Host, "engine" | "provider"> {
  readonly cluster: ObshellCluster;
  readonly urn: string;
  /** The id of a resource with these inputs. */
  readonly id: string;
  /** The inputs that the program would register: endpoints, target version, password, hidden inputs. */
  inputs(more?: Properties): Properties;
  /** The messages of this resource. */
  logs(): Logged[];
  /** A message of this resource that matches, now or later. */
  logged(pattern: RegExp): Promise<Logged>;
  /** Upgrade requests that reached the cluster. */
  writes(): number;
}

let stages = 0;

/** Creates a cluster that is closed with the test, and a resource with a unique name. */
export async function openStage({ engine, provider }: Host, options: StageOptions = {}): Promise<Stage> {
  const { endless = false, reachable, ...rest } = options;
  const clock = new ScaledClock(SPEED);
  const usual = { clock, rootPassword: PASSWORD, buildVersion: OLD_BUILD, timings: "instant" } as const;
  const cluster = new ObshellCluster({ ...usual, ...rest });
  cluster.control.addObPackages(TARGET.version, TARGET.release);
  if (endless) cluster.control.hang({ stage: "Execute upgrade post script" });
  const served = await serve(limited(cluster, reachable), { speed: SPEED });
  onTestFinished(() => served.close());
  stages += 1;
  const urn = urnOf(`orders${stages}`);
  const logs = () => engine.logs.filter((logged) => logged.urn === urn);
  return {
    engine,
    provider,
    cluster,
    urn,
    id: new URL(served.origins[0] ?? "").host,
    inputs: (more = {}) => ({
      endpoints: [...served.origins],
      password: PASSWORD,
      ...TARGET,
      __provider: PROVIDER_TEXT,
      __urn: urn,
      ...more,
    }),
    logs,
    logged: (pattern) => engine.when(() => logs().find(({ message }) => pattern.test(message))),
    writes: () => cluster.journal.count("POST", "/api/v1/ob/upgrade"),
  };
}

/** The URN of a resource as in its outputs. */
export function shortUrn(urn: string): string {
  return urn.replace("urn:pulumi:", "").replace("pulumi-nodejs:dynamic/", "");
}

export function without(properties: Properties, ...keys: readonly string[]): Properties {
  return Object.fromEntries(Object.entries(properties).filter(([key]) => !keys.includes(key)));
}

function limited(cluster: ObshellCluster, reachable: number | undefined): Parameters<typeof serve>[0] {
  if (reachable === undefined) return cluster;
  const { journal, faults } = cluster;
  const hosts = cluster.hosts.slice(0, reachable);
  return { hosts, journal, faults, now: () => cluster.now(), tick: () => cluster.tick() };
}
