import { ScaledClock } from "../shell/clock";
import { serve } from "../shell/server";
import { TaurusCloud } from "../taurusdb/cloud";
import { type CloudOptions, DEFAULTS } from "../taurusdb/options";
import type { Timings } from "../taurusdb/timings";
import { endOf, type Running } from "./running";

/** Seconds instead of minutes, on a real-time clock: requests and responses contain the time. */
const BRISK: Partial<Timings> = {
  visibleMs: 200,
  startMs: 500,
  upgradeMs: 3_000,
  starRocksMs: 2_000,
  preCheckMs: 300,
  preUpgradeMs: 1_000,
};

/** How {@link startTaurusDB} sets up its cloud. */
export interface TaurusDBOptions extends Omit<CloudOptions, "oneDoor" | "regions" | "timings"> {
  /** Default: an upgrade takes some seconds. "typical": as in the manual; "instant": no time at all. */
  readonly timings?: NonNullable<CloudOptions["timings"]>;
}

/** Connection arguments of `taurusdb.KernelVersion` and `taurusdb.StarRocksVersion`. */
export interface TaurusDBConnection {
  readonly endpoint: string;
  readonly iamEndpoint: string;
  readonly projectId: string;
  readonly accessKey: string;
  readonly secretKey: string;
}

/**
 * Starts a simulated Huawei Cloud with TaurusDB, StarRocks and IAM behind one port.
 *
 * @example
 * ```ts
 * import { startTaurusDB } from "pulumi-dbversion/simulators";
 *
 * const cloud = await startTaurusDB({ instances: 3, kernel: "2.0.69.250900", latestKernel: "2.0.78.260600" });
 * const instanceIds = cloud.system.instances.map(({ id }) => id);
 * // … `pulumi up` of a program that declares a KernelVersion with `cloud.connection`, these ids and ">=2.0.75" …
 * assert.ok(cloud.system.instances.every(({ kernel }) => kernel === "2.0.78.260600"));
 * await cloud.close();
 * ```
 */
export async function startTaurusDB(options: TaurusDBOptions = {}): Promise<Running<TaurusCloud, TaurusDBConnection>> {
  const system = new TaurusCloud({ timings: BRISK, ...options, oneDoor: true, clock: new ScaledClock(1) });
  const served = await serve(system);
  const [endpoint = ""] = served.origins;
  const { projectId, accessKey, secretKey } = DEFAULTS;
  return {
    system,
    connection: { endpoint, iamEndpoint: endpoint, projectId, accessKey, secretKey },
    config: {
      plain: {
        "huaweicloud:endpoint": endpoint,
        "huaweicloud:iamEndpoint": endpoint,
        "huaweicloud:projectId": projectId,
      },
      secret: { "huaweicloud:accessKey": accessKey, "huaweicloud:secretKey": secretKey },
    },
    environment: { HW_PROJECT_ID: projectId, HW_ACCESS_KEY: accessKey, HW_SECRET_KEY: secretKey },
    ...endOf(served),
  };
}
