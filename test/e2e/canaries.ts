import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { vi } from "vitest";
import { type Engine, makeWorkspace, openEngine, type RunOptions } from "../engine";
import { type Canary, canary, canaryKey } from "../secrets/canary";
import { textOf } from "../secrets/echo";
import type { System } from "../systems";
import { openObshell } from "../systems/oceanbase/served";
import { openRedis } from "../systems/redisenterprise/served";
import { openTaurus } from "../systems/taurusdb/served";

/** The source of the credentials of a vendor. */
export type Placement = "arguments" | "config" | "environment" | "provider";
export type Vendor = "oceanbase" | "taurusdb" | "redisenterprise";
export type Round = Readonly<Record<Vendor, Placement>>;

const [ROOT, AGENT, REDIS] = [canary("Root"), canary("Agent"), canary("Redis")];
const [ACCESS, SECRET, TOKEN] = [canary("Access", true), canary("Secret"), canary("Token", true)];
/** By vendor and argument. */
const SECRETS: Readonly<Record<Vendor, Readonly<Record<string, Canary>>>> = {
  oceanbase: { password: ROOT, agentPassword: AGENT },
  taurusdb: { accessKey: ACCESS, secretKey: SECRET, securityToken: TOKEN },
  redisenterprise: { password: REDIS },
};

/** Only given as arguments: endpoints without TLS do not use them. */
const KEY = canaryKey("Key");
const ARGUMENTS_ONLY = {
  oceanbase: {
    clientKey: KEY.value,
    clientCertificate: KEY.certificate,
  },
  taurusdb: {},
  redisenterprise: {},
} satisfies Record<Vendor, Record<string, string>>;

export const CANARIES: readonly Canary[] = [...Object.values(SECRETS).flatMap((each) => Object.values(each)), KEY];

const CONFIG = { oceanbase: "oceanbase", taurusdb: "huaweicloud", redisenterprise: "redisenterprise" } as const;
const ENVIRONMENT: Readonly<Record<Vendor, Readonly<Record<string, string>>>> = {
  oceanbase: { password: "OCEANBASE_PASSWORD", agentPassword: "OCEANBASE_AGENT_PASSWORD" },
  taurusdb: { accessKey: "HW_ACCESS_KEY", secretKey: "HW_SECRET_KEY", securityToken: "HW_SECURITY_TOKEN" },
  redisenterprise: { password: "REDIS_ENTERPRISE_PASSWORD" },
};

/** A rejection in the vendor's format that repeats the secrets. */
const REJECTIONS: Readonly<Record<Vendor, (message: string) => unknown>> = {
  oceanbase: (message) => ({ successful: false, status: 400, error: { code: 1000, errCode: "OB.Some.Code", message } }),
  taurusdb: (message) => ({ error_code: "DBS.200001", error_msg: message }),
  redisenterprise: (description) => ({ error_code: "some_code", description }),
};

const PROGRAM = `
const dbversion = require("pulumi-dbversion");
const pulumi = require("@pulumi/pulumi");

const { settings, resources } = JSON.parse(process.env.DECLARED);
const explicit = new dbversion.Provider("explicit", settings);

for (const { name, type, args, isExplicit } of resources) {
  const [vendor, kind] = type.split(".");
  const resource = new dbversion[vendor][kind](name, args, isExplicit ? { provider: explicit } : {});
  exports[name] = resource.status;
}
`;

/** A resource of each type whose vendors accept only the canaries, and a stack that writes into one directory only. */
export interface CanaryStage {
  /** Contains the workspace, the engine's state and logs, and the home and temporary directories of its processes. */
  readonly dir: string;
  readonly engine: Engine;
  readonly systems: readonly System[];
  readonly options: RunOptions;
  /** Makes every vendor reject the next upgrade request with a message that repeats its secrets in every form. */
  reject(): void;
  accept(): void;
  close(): Promise<void>;
}

export async function openCanaries(round: Round): Promise<CanaryStage> {
  const opened = [
    await openObshell("agents", ROOT.value),
    await openObshell("database", ROOT.value),
    await openTaurus({}, ({ control }) => {
      control.iam.addTemporaryKey(ACCESS.value, SECRET.value, { securityToken: TOKEN.value, seconds: 86_400 });
      return {};
    }),
    await openRedis({}, REDIS.value),
  ];
  const systems = opened.flatMap((one) => one.systems);
  const dir = await mkdtemp(join(tmpdir(), "canaries-"));
  const home = join(dir, "home");
  await mkdir(home);
  // For the workspace, the engine's state and the processes.
  vi.stubEnv("TMPDIR", dir);
  const workspace = await makeWorkspace({ program: PROGRAM, project: "shop" });
  const engine = await openEngine({
    dir: workspace.dir,
    prefer: "local",
    keepEvents: true,
    secrets: flat(round, "config", (vendor, name) => `${CONFIG[vendor]}:${name}`),
    env: {
      ...flat(round, "environment", (vendor, name) => ENVIRONMENT[vendor][name] ?? name),
      HOME: home,
      PULUMI_HOME: join(home, ".pulumi"),
      NODE_DEBUG: "undici",
    },
  });
  const resources = systems.map(({ name, type, args }) => {
    const vendor = vendorOf(type);
    const { password: _, ...rest } = args;
    const own = round[vendor] === "arguments" ? valuesOf(vendor) : {};
    return {
      name,
      type,
      args: { ...rest, ...own, ...ARGUMENTS_ONLY[vendor] },
      isExplicit: round[vendor] === "provider",
    };
  });
  const explicit = at(round, "provider").map((vendor) => [CONFIG[vendor], valuesOf(vendor)] as const);
  return {
    dir,
    engine,
    systems,
    options: { env: { DECLARED: JSON.stringify({ settings: Object.fromEntries(explicit), resources }) } },
    reject: () => {
      for (const { faults, upgradePath: path, type } of systems) {
        const vendor = vendorOf(type);
        const secrets = [...Object.values(valuesOf(vendor)), ...Object.values<string>(ARGUMENTS_ONLY[vendor])];
        const body = JSON.stringify(REJECTIONS[vendor](textOf({ secrets })));
        const headers = { "content-type": "application/json" };
        faults.add({ match: { method: "POST", path }, fault: { kind: "replace", status: 400, headers, body } });
      }
    },
    accept: () => {
      for (const { faults } of systems) faults.clear();
    },
    close: async () => {
      await engine.close();
      for (const one of opened) await one.close();
      vi.unstubAllEnvs();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

function vendorOf(type: string): Vendor {
  const [vendor = ""] = type.split(".");
  if (!isVendor(vendor)) throw new Error(`no vendor for ${type}`);
  return vendor;
}

function isVendor(name: string): name is Vendor {
  return name in SECRETS;
}

function valuesOf(vendor: Vendor): Record<string, string> {
  return Object.fromEntries(Object.entries(SECRETS[vendor]).map(([argument, { value }]) => [argument, value]));
}

function at(round: Round, placement: Placement): Vendor[] {
  return Object.keys(SECRETS)
    .filter(isVendor)
    .filter((vendor) => round[vendor] === placement);
}

/** The secrets of the vendors that use one source, by their names there. */
function flat(round: Round, placement: Placement, name: (vendor: Vendor, argument: string) => string) {
  const named = at(round, placement).flatMap((vendor) =>
    Object.entries(valuesOf(vendor)).map(([argument, value]) => [name(vendor, argument), value] as const),
  );
  return Object.fromEntries(named);
}
