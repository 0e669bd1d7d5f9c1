import type { DynamicProvider } from "../../provider/frontend/dynamic/dynamic-provider";
import { OLD_BUILD, rig as oceanbase, TARGET_BUILD } from "../oceanbase/rig";
import { CACHE, rig as redis } from "../redisenterprise/rig";
import { kernelRig } from "../taurusdb/kernel-rig";
import { rig as starRocks } from "../taurusdb/rig";

type Values = Record<string, unknown>;

/** An up-to-date resource, and a vendor at which its version changes outside this tool. */
export interface Opened {
  readonly lifecycle: DynamicProvider;
  readonly inputs: Values;
  /** Changes the version outside this tool. */
  changeVersion(): void;
  /** Upgrade requests that reached the vendor. */
  writes(): number;
}

export interface Situation {
  readonly title: string;
  open(): Opened;
  /** The arguments that a refresh changes, as it stores them; undefined for one that it leaves out. None: all stay as written. */
  readonly stored: Values;
}

function cluster(version: string, args: Values, ...changes: [build: string, member?: number][]) {
  return (): Opened => {
    const world = oceanbase({ buildVersion: version });
    const { lifecycle, writes, cluster: vendor } = world;
    return {
      lifecycle,
      writes,
      inputs: world.inputs(args),
      changeVersion: () => {
        for (const [build, member] of changes) vendor.control.setBuildVersion(build, member);
      },
    };
  };
}

function agents(version: string, args: Values, ...changes: [build: string, member?: number][]) {
  return (): Opened => {
    const world = oceanbase({ agentVersion: version });
    world.cluster.control.addAgentPackage("4.3.4.0", "102025103117.el7");
    const __urn = "urn:pulumi:dev::shop::pulumi-nodejs:dynamic/oceanbase:AgentVersion::agents";
    return {
      lifecycle: world.lifecycle,
      writes: () => world.cluster.journal.count("POST", "/api/v1/agent/upgrade"),
      inputs: { ...world.inputs(args), __urn },
      changeVersion: () => {
        for (const [build, member] of changes) world.cluster.control.setAgentVersion(build, member);
      },
    };
  };
}

function kernels(kernel: string, args: Values, ...changes: [kernel: string, at: number][]) {
  return (): Opened => {
    const world = kernelRig({ instances: 2, kernel });
    return {
      lifecycle: world.lifecycle,
      writes: world.writes,
      inputs: world.inputs(args),
      changeVersion: () => {
        for (const [version, at] of changes) world.cloud.control.setKernel(version, world.ids[at]);
      },
    };
  };
}

function reports(version: string, args: Values, changedTo: string) {
  return (): Opened => {
    const world = starRocks({ starRocks: 1, starRocksKernel: version });
    return {
      lifecycle: world.lifecycle,
      writes: world.writes,
      inputs: world.inputs(args),
      changeVersion: () => world.cloud.control.setKernel(changedTo, world.starRocks),
    };
  };
}

interface Loaded {
  readonly name: string;
  readonly version: string;
  readonly args?: string;
}

function modules(loaded: readonly Loaded[], targets: Values, ...changes: Loaded[]) {
  return (): Opened => {
    const world = redis({ databases: [{ ...CACHE, modules: [...loaded] }] });
    return {
      lifecycle: world.lifecycle,
      writes: world.writes,
      inputs: world.modules({ modules: targets }),
      changeVersion: () => {
        for (const module of changes) world.cluster.control.setModule(1, module);
      },
    };
  };
}

function database(version: string, redisVersion: string, changedTo: string) {
  return (): Opened => {
    const world = redis({ databases: [{ ...CACHE, redisVersion: version, modules: [] }] });
    return {
      lifecycle: world.lifecycle,
      writes: world.writes,
      inputs: world.redis({ redisVersion }),
      changeVersion: () => world.cluster.control.setRedis(1, changedTo),
    };
  };
}

const NEWER_BUILD = "4.3.5.4-104000042025090916";
const OTHER_BUILD = "4.3.5.2-102000052025071113";
const AGENT = "4.3.3.0-102025103117";
const PASSWORD = "OSS_GLOBAL_PASSWORD first-pass WORKERS 6";
const search = (version: string, args: string) => ({ name: "search", version, args });

/** Every kind of drift whose refresh stores other inputs than were written, or cannot express them. */
export const SITUATIONS: readonly Situation[] = [
  {
    title: "an outdated cluster",
    open: cluster(TARGET_BUILD, {}, [OLD_BUILD]),
    stored: { version: "4.2.1.8", release: undefined },
  },
  {
    title: "a cluster ahead of its target",
    open: cluster(TARGET_BUILD, {}, [NEWER_BUILD]),
    stored: { version: "4.3.5.4", release: undefined },
  },
  {
    title: "a cluster with another build of its version",
    open: cluster(TARGET_BUILD, {}, [OTHER_BUILD]),
    stored: { release: undefined },
  },
  {
    title: "a cluster with one outdated observer",
    open: cluster(TARGET_BUILD, { release: undefined }, [OLD_BUILD, 1]),
    stored: { version: "4.2.1.8" },
  },
  { title: "a cluster with one observer ahead", open: cluster(TARGET_BUILD, {}, [NEWER_BUILD, 1]), stored: {} },
  {
    title: "a cluster whose version has an extra part",
    open: cluster(TARGET_BUILD, { release: undefined }, ["4.3.4.2.1-104000042025090916"]),
    stored: {},
  },
  {
    title: "outdated agents",
    open: agents("4.3.4.0-102025103117", { version: "4.3.4.0", release: "102025103117.el7" }, [AGENT]),
    stored: { version: "4.3.3.0", release: undefined },
  },
  {
    title: "agents of which one is ahead",
    open: agents(AGENT, { version: "4.3.3.0", release: undefined }, ["4.3.4.0-102025103117", 1]),
    stored: {},
  },
  {
    title: "outdated instances",
    open: kernels("2.0.78.260600", { version: "2.0.78" }, ["2.0.72.250900", 0], ["2.0.72.250900", 1]),
    stored: { version: "2.0.72.250900" },
  },
  {
    title: "instances of which one is outdated, with target latest",
    open: kernels("2.0.78.260600", { version: "latest" }, ["2.0.72.250900", 1]),
    stored: { version: "2.0.72.250900" },
  },
  {
    title: "instances of which one is ahead",
    open: kernels("2.0.78.260600", { version: "2.0.78" }, ["2.0.80.260900", 0]),
    stored: {},
  },
  {
    title: "an instance with a kernel of five parts",
    open: kernels("2.0.78.260600", { version: "2.0.78" }, ["2.0.72.250900.1", 0]),
    stored: {},
  },
  { title: "outdated StarRocks", open: reports("3.1.15.80", {}, "3.1.6.0"), stored: { version: "3.1.6.0" } },
  {
    title: "outdated StarRocks, with target latest",
    open: reports("3.1.15.80", { version: "latest" }, "3.1.6.0"),
    stored: { version: "3.1.6.0" },
  },
  {
    title: "a module ahead",
    open: modules([search("2.10.17", "")], { search: "2.10.17" }, search("2.10.20", "")),
    stored: { modules: { search: "2.10.20" } },
  },
  {
    title: "a module with other arguments",
    open: modules(
      [search("2.10.17", "WORKERS 6")],
      { search: { version: "2.10", args: "WORKERS 6" } },
      search("2.10.17", "WORKERS 8"),
    ),
    stored: { modules: { search: { version: "2.10", args: "WORKERS 8" } } },
  },
  {
    title: "a module whose arguments hold a password",
    open: modules(
      [search("2.10.17", PASSWORD)],
      { search: { version: "2.10.17", args: PASSWORD } },
      search("2.10.17", "OSS_GLOBAL_PASSWORD other-pass WORKERS 6"),
    ),
    stored: {},
  },
  {
    title: "a module ahead, whose arguments hold another password",
    open: modules(
      [search("2.10.17", PASSWORD)],
      { search: { version: "2.10.17", args: PASSWORD } },
      search("2.10.20", "OSS_GLOBAL_PASSWORD other-pass WORKERS 6"),
    ),
    stored: {},
  },
  {
    title: "a module ahead, whose arguments hold the same password",
    open: modules(
      [search("2.10.17", PASSWORD)],
      { search: { version: "2.10.17", args: PASSWORD } },
      search("2.10.20", PASSWORD),
    ),
    stored: { modules: { search: { version: "2.10.20", args: PASSWORD } } },
  },
  {
    title: "a module whose arguments the server masks",
    open: modules(
      [search("2.10.17", "USER a")],
      { search: { version: "2.10.17", args: "USER a" } },
      search("2.10.17", "USER ****"),
    ),
    stored: {},
  },
  {
    title: "a module whose version has an extra part, next to one that is ahead",
    open: modules(
      [search("2.10.17", ""), { name: "ReJSON", version: "2.8.10" }],
      { search: "2.10.17", ReJSON: "2.8.10" },
      search("2.10.20.1", ""),
      { name: "ReJSON", version: "2.8.20" },
    ),
    stored: {},
  },
  { title: "an outdated database", open: database("7.4", "7.4", "7.2"), stored: { redisVersion: "7.2" } },
  {
    title: "an outdated database, with target latest",
    open: database("8.0", "latest", "7.4"),
    stored: { redisVersion: "7.4" },
  },
];
