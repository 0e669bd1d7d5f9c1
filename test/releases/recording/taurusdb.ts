import { type ScaledClock, serve, TaurusCloud, taurusdb } from "../../simulators";
import { fixtureAddress, type ManagedDatabase, type OpenOptions, withAddresses } from "./database";

const TIMINGS = { startMs: 500, visibleMs: 200, upgradeMs: 2_500, starRocksMs: 2_500, preCheckMs: 300 };
const SLOW_START = { startMs: 120_000, visibleMs: 120_000 };
const ENDED = new Set(["Completed", "Failed", "Canceled"]);
/** Hours until a postponed window opens. */
const LATER = 3;

const KERNEL = {
  versions: { old: { version: ">=2.0.69" }, target: { version: "2.0.78" }, newer: { version: "2.0.81" } },
  kernels: { old: "2.0.69.250900", target: "2.0.78.260600", newer: "2.0.81.260900" },
};

const STARROCKS = {
  versions: { old: { version: "3.1.6" }, target: { version: "3.1.15.80" }, newer: { version: "3.2.1" } },
  kernels: { old: "3.1.6.0", target: "3.1.15.80", newer: "3.2.1.0" },
};

export async function openTaurus(type: string, clock: ScaledClock, options: OpenOptions): Promise<ManagedDatabase> {
  const { number, members = 1, slowStart = false } = options;
  const isKernel = type === "taurusdb.KernelVersion";
  const cloud = new TaurusCloud({
    clock,
    instances: members,
    starRocks: isKernel ? 0 : 1,
    oneDoor: true,
    timings: { ...TIMINGS, ...(slowStart ? SLOW_START : {}) },
    seed: number,
  });
  const { control } = cloud;
  const { versions, kernels } = isKernel ? KERNEL : STARROCKS;
  const ids = (isKernel ? cloud.instances : cloud.starRocks).map(({ id }) => id);
  const { projectId, instanceId, accessKey, secretKey, user, password, account } = taurusdb.DEFAULTS;
  const served = await serve(cloud);
  const [endpoint = ""] = served.origins;
  const hung = () => cloud.jobs.filter(({ hungAt }) => hungAt !== null).map(({ id }) => id);
  const addresses = () => [[new URL(endpoint).host, `${fixtureAddress(number, 0)}:8080`] as const];
  return {
    system: cloud,
    connection: {
      endpoint,
      iamEndpoint: endpoint,
      projectId,
      accessKey,
      secretKey,
      ...(isKernel ? { instanceIds: ids } : { instanceId, starRocksInstanceId: ids[0] }),
    },
    furtherArguments: {
      accessKey: undefined,
      secretKey: undefined,
      userName: user,
      password,
      domainName: account,
      schedule: "now",
      unreachableTimeout: "10m",
      ...(isKernel ? { preCheck: false } : {}),
    },
    versions,
    hang: () => {
      for (const instance of ids) control.hang({ instance });
    },
    hangs: () => hung().length === ids.length,
    isIdle: () => cloud.jobs.every(({ status }) => ENDED.has(status)),
    release: () => {
      for (const job of hung()) control.unhang(job);
    },
    fail: () => {
      // Of several instances one fails and the others succeed.
      const [first, ...others] = hung();
      if (first !== undefined) control.failJob("The upgrade failed and was rolled back.", first);
      for (const job of others) control.unhang(job);
    },
    put: (position) => {
      for (const id of ids) control.setKernel(kernels[position], id);
    },
    denyOne: () => control.deny(ids[0]),
    postponeWindow: () => {
      const hour = (new Date(clock.now()).getUTCHours() + LATER) % 24;
      for (const id of ids) control.setWindow(`${String(hour).padStart(2, "0")}:00`, id);
    },
    export: () => ({ ...withAddresses(cloud.export(), addresses()) }),
    addresses,
    close: served.close,
  };
}
