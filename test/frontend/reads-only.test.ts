import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DynamicProvider } from "../../provider/frontend/dynamic/dynamic-provider";
import { declared } from "../docs/interfaces";
import { HeldClock } from "../hostile/held-clock";
import { inputsOf } from "../hostile/trial";
import { RedisEnterpriseCluster, taurusdb } from "../simulators";
import { isRead } from "../support/reads";
import { makeRpm } from "../support/rpm-package";
import { RESOURCE_TYPES, type ResourceType, type Vendor } from "../systems";
import { sceneOf as sceneWith } from "../systems/scene";

type Args = Readonly<Record<string, unknown>>;

const { user, password, account } = taurusdb.DEFAULTS;

let directory: string;
const rpm = () => join(directory, "package.rpm");

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "reads-only-"));
  await writeFile(rpm(), makeRpm());
});

afterAll(() => rm(directory, { recursive: true }));

const OBSHELL = (): readonly Args[] => [
  { packages: [rpm()], release: undefined },
  { packages: [rpm()] },
  { upgradeDir: "/data/upgrade", onFailure: "retry" },
  { onFailure: "rollback" },
];
const TAURUS = (): readonly Args[] => [
  { preCheck: true },
  { preCheck: false, schedule: "maintenance-window" },
  { accessKey: undefined, secretKey: undefined, userName: user, password, domainName: account },
];
const REDIS = (): readonly Args[] => [
  { authentication: "token" },
  { authentication: "basic", preserveRoles: true, mayDiscardData: true },
];

/** Of every type: what holds a request, and what does not. */
const CHANGES = (): readonly Args[] => [
  { freeze: "incident 4711", onHeld: "wait" },
  {
    windows: [{ from: "00:00", to: "24:00", timeZone: "UTC" }],
    blackouts: [{ from: "2020-01-01", to: "2020-01-02", reason: "over" }],
    expect: "1h",
    backup: { maxAge: "1h", waive: "none is needed" },
  },
  { approval: { formatVersion: 1, approvals: {} }, backup: { maxAge: "1h" }, onHeld: "fail" },
];

/** What a program can write beside what every resource of the type has to have, by type. */
const VARIANTS: Readonly<Record<string, () => readonly Args[]>> = {
  "oceanbase:ClusterVersion": () => [...OBSHELL(), { mode: "rolling", freezeServer: true }],
  "oceanbase:AgentVersion": OBSHELL,
  "taurusdb:KernelVersion": TAURUS,
  "taurusdb:StarRocksVersion": () => [...TAURUS().map(({ preCheck: _, ...rest }) => rest), { skipValidation: true }],
  "redisenterprise:ModuleVersions": () => [...REDIS(), { args: { search: "WORKERS 8" } }],
  "redisenterprise:DatabaseVersion": () => [
    ...REDIS(),
    { dryRun: true },
    { dryRun: true, modules: "keep", parallelShards: 1, keepCrdtProtocolVersion: true },
    { redisVersion: "latest", dryRun: true },
  ],
};

/** Arguments of every type, and those of the connection: they do not change what is sent. */
const ELSEWHERE = new Set(
  `wait onNewer onUnreachable unreachableTimeout endpoints allowPlainHttp allowUntrustedCertificate caCertificate clientCertificate
  clientKey serverName agentPassword databaseName projectId endpoint iamEndpoint securityToken`.split(/\s+/),
);

interface Scene {
  readonly vendor: Vendor;
  readonly clock: HeldClock;
  /** Everything that was sent since the last look, reads and logins left out. */
  readonly writes: string[];
  /** A provider process that has just been started. */
  process(): DynamicProvider;
}

function sceneOf(of: ResourceType): Scene {
  const clock = new HeldClock();
  const writes: string[] = [];
  const { vendor, process } = sceneWith(of, clock, (request, genuine) => {
    if (!isRead(request)) writes.push(`${request.method} ${request.target}`);
    return genuine(request);
  });
  const { system } = vendor;
  if (system instanceof RedisEnterpriseCluster) system.control.setSwitches({ dryRun: "ignored" });
  return { vendor, clock, writes, process };
}

/** check of a new pin and of a changed one, diff of one that an earlier run left unsettled, and a refresh. */
async function lookEveryWay({ process }: Scene, inputs: Args, outputs: Args): Promise<void> {
  const { failures = [] } = await process().check({}, inputs);
  await process().check({ ...inputs, wait: false }, inputs);
  if (failures.length > 0) return;
  const state = { ...inputs, ...outputs };
  await process().diff("pin", { ...state, status: "upgrading" }, inputs);
  await process().diff("pin", { ...state, status: "behind", onNewer: "accept" }, inputs);
  await process()
    .read("pin", state)
    .catch(() => undefined);
}

describe.each(RESOURCE_TYPES)("$type", (of) => {
  const variants = VARIANTS[of.type];
  if (variants === undefined) throw new Error(`${of.type} has no variants`);

  it("has a variant with every argument that can matter", () => {
    const [vendor = "", name = ""] = of.type.split(":");
    const known = [{ ...of.make(new HeldClock()).args }, ...variants(), ...CHANGES()].flatMap((args) =>
      Object.keys(args),
    );
    const args = declared(vendor, name).args.map((property) => property.name);
    expect(args.filter((one) => !known.includes(one) && !ELSEWHERE.has(one))).toEqual([]);
  });

  it("a preview and a refresh send nothing but reads and logins, whatever the arguments are", async () => {
    for (const more of [{}, ...variants(), ...CHANGES()]) {
      const scene = sceneOf(of);
      const inputs = { ...inputsOf(scene.vendor), ...more };
      await lookEveryWay(scene, inputs, {});
      expect(scene.writes, JSON.stringify(more)).toEqual([]);
      expect(scene.vendor.accepted()).toBe(0);
    }
  });

  it("nor while the upgrade runs, and after it", async () => {
    for (const more of [{}, ...variants()]) {
      const scene = sceneOf(of);
      const inputs = { ...inputsOf(scene.vendor), ...more };
      const outs = await outputsOf(scene.process(), { ...inputs, wait: false });
      const accepted = scene.vendor.accepted();
      for (const pause of [0, 1_000, 600_000]) {
        await scene.clock.sleep(pause);
        scene.writes.splice(0);
        await lookEveryWay(scene, inputs, outs);
        expect(scene.writes, JSON.stringify(more)).toEqual([]);
      }
      expect(scene.vendor.accepted()).toBe(accepted);
    }
  });
});

/** The outputs of a creation, or of what is left of it. */
async function outputsOf(lifecycle: DynamicProvider, inputs: Args): Promise<Args> {
  try {
    return (await lifecycle.create(inputs)).outs;
  } catch (error) {
    return { ...(error as { properties?: Args }).properties };
  }
}
