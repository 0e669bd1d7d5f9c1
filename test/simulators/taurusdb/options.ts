import { EPOCH } from "../shell/clock";
import { Random } from "../shell/random";
import type { AccountState } from "./account";
import { makeInstance, makeStarRocks } from "./making";
import type { CloudState, DoorState, RegionState } from "./state";
import { SWITCHES, type Switches } from "./switches";
import { INSTANT, type Timings, TYPICAL } from "./timings";

/** How a simulated cloud is set up; every part has a default. */
export interface CloudOptions {
  /** Default: cn-north-4. */
  readonly regions?: readonly string[];
  /** TaurusDB instances in the first region's project. Default 1. */
  readonly instances?: number;
  /** Their kernel version. Default 2.0.69.250900. */
  readonly kernel?: string;
  /** Newest kernel offered. Default 2.0.78.260600. */
  readonly latestKernel?: string;
  /** StarRocks instances beside the first TaurusDB instance. Default 1. */
  readonly starRocks?: number;
  /** Default 3.1.6.0. */
  readonly starRocksKernel?: string;
  /** Default 3.1.15.80. */
  readonly latestStarRocks?: string;
  /** Whether one address serves IAM and every region. Default false: each has its own, as in the real cloud. */
  readonly oneDoor?: boolean;
  readonly switches?: Partial<Switches>;
  /** "typical" (default): as in the manual; "instant": no upgrade takes any time. */
  readonly timings?: "typical" | "instant" | Partial<Timings>;
  /** Seed of ids and of everything else that is random. Default 1. */
  readonly seed?: number;
}

/** The default account, project and instance of a cloud (vector A of TaurusDB facts §1b). */
export const DEFAULTS = {
  account: "example",
  user: "operator",
  password: "Passw0rd!",
  accessKey: "AKEXAMPLE",
  secretKey: "SKEXAMPLE",
  projectId: "054e292c9880d4992f02c0196d3ea468",
  instanceId: "6754902da1f447269c6979b0590102a5in07",
  region: "cn-north-4",
} as const;

const DOMAIN = "myhuaweicloud.com";

/** Name of the service in a region's address (TaurusDB facts §1d). */
const HOST_NAMES: Readonly<Record<string, readonly string[]>> = {
  gaussdbformysql: ["ap-southeast-1", "ap-southeast-2", "cn-north-11", "tr-west-1", "me-east-1"],
  "gaussdb-mysql": ["af-south-1", "cn-east-5", "cn-southwest-3", "la-north-2"],
};

export function initialState(options: CloudOptions, now: number = EPOCH): CloudState {
  const random = new Random(options.seed ?? 1);
  const regions = options.regions ?? [DEFAULTS.region];
  const state: CloudState = {
    format: 1,
    seed: 0,
    order: 0,
    doors: options.oneDoor ? [doorOf("cloud", "127.0.0.1:8080", "all", null)] : doorsOf(regions),
    regions: regions.map((name) => regionNamed(name, options)),
    accounts: [firstAccount(regions, random)],
    tokens: [],
    locks: {},
    instances: [],
    starRocks: [],
    jobs: [],
    schedules: [],
    scripts: [],
    disturbances: [],
    limits: [],
    clockSkewMs: 0,
    switches: { ...SWITCHES, ...options.switches },
    timings: timingsOf(options),
    accepted: [],
  };
  for (let index = 0; index < (options.instances ?? 1); index += 1) {
    const id = index === 0 ? DEFAULTS.instanceId : `${random.hex(32)}in07`;
    const kernel = options.kernel ?? "2.0.69.250900";
    state.instances.push(makeInstance({ id, name: `db${index + 1}`, kernel, projectId: DEFAULTS.projectId }, now));
  }
  const [parent] = state.instances;
  for (let index = 0; parent !== undefined && index < (options.starRocks ?? 1); index += 1) {
    const kernel = options.starRocksKernel ?? "3.1.6.0";
    state.starRocks.push(makeStarRocks({ id: `${random.hex(32)}in17`, name: `sr${index + 1}`, kernel, parent }, now));
  }
  state.seed = random.state;
  return state;
}

export function timingsOf({ timings = "typical" }: Pick<CloudOptions, "timings">): Timings {
  if (timings === "typical") return TYPICAL;
  return timings === "instant" ? INSTANT : { ...TYPICAL, ...timings };
}

function doorOf(name: string, address: string, service: DoorState["service"], region: string | null): DoorState {
  return { name, address, service, region, down: false, bootId: 1 };
}

/** The global IAM, then an IAM and the service for each region. */
function doorsOf(regions: readonly string[]): DoorState[] {
  const own = regions.flatMap((region) => {
    const [service = "gaussdb"] = Object.entries(HOST_NAMES).find(([, names]) => names.includes(region)) ?? [];
    return [
      doorOf(`iam.${region}`, `iam.${region}.${DOMAIN}`, "iam", region),
      doorOf(`${service}.${region}`, `${service}.${region}.${DOMAIN}`, "db", region),
    ];
  });
  return [doorOf("iam", `iam.${DOMAIN}`, "iam", null), ...own];
}

function regionNamed(name: string, options: CloudOptions): RegionState {
  return {
    name,
    features: ["preCheck", "unifyStatus", "scheduleExist"],
    kernels: [
      {
        id: "87620726-6802-46c0-9028-a8785e1f1921",
        version: "8.0.22",
        kernel: options.latestKernel ?? "2.0.78.260600",
      },
    ],
    starRocksKernels: [{ id: "0a6fe5d3-2c0c-4f7f-8ee0-1d0cbf5fb2f1", kernel: options.latestStarRocks ?? "3.1.15.80" }],
  };
}

function firstAccount(regions: readonly string[], random: Random): AccountState {
  return {
    id: random.hex(32),
    name: DEFAULTS.account,
    users: [
      {
        id: random.hex(32),
        name: DEFAULTS.user,
        password: DEFAULTS.password,
        enabled: true,
        passwordLogin: true,
        denied: [],
        enterpriseProjects: null,
        keys: [{ access: DEFAULTS.accessKey, secret: DEFAULTS.secretKey, active: true, temporary: null }],
      },
    ],
    projects: regions.map((region, index) => ({
      id: index === 0 ? DEFAULTS.projectId : random.hex(32),
      name: region,
      region,
    })),
    agencies: [],
  };
}
