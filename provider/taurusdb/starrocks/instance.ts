import { UpgradeError } from "../../core/errors";
import type { Permit, Request, Step } from "../../core/request";
import type { Gateway } from "../../huaweicloud/gateway";
import {
  type Action,
  type HtapInstance,
  htapList,
  htapVersions,
  jobId,
  type StarRocks,
  starRocksList,
} from "../schema";
import { UPGRADE_ACTION } from "../service";
import { isOfStarRocks } from "../tasks";

/** StarRocks instances beside a TaurusDB instance. */

/** The ids of a StarRocks instance and of the TaurusDB instance it belongs to. */
export interface Ids {
  readonly instanceId: string;
  readonly starRocksInstanceId: string;
}

/** @returns undefined when there is no such instance, or it belongs to another TaurusDB instance */
export async function readStarRocks(
  gateway: Gateway,
  { instanceId, starRocksInstanceId }: Ids,
): Promise<StarRocks | undefined> {
  const path = ["instances", instanceId, "starrocks", starRocksInstanceId];
  const found = await gateway.find({ path, schema: starRocksList });
  return found?.instances.find(({ id }) => id === starRocksInstanceId);
}

/** @returns undefined when there is no such TaurusDB instance */
export async function readHtap(gateway: Gateway, instanceId: string): Promise<readonly HtapInstance[] | undefined> {
  const found = await gateway.find({ path: ["instances", instanceId, "htap"], schema: htapList });
  return found?.instances;
}

/** StarRocks instances of a TaurusDB instance. Empty where the service or its region has no StarRocks. */
export async function readStarRocksBeside(gateway: Gateway, instanceId: string): Promise<readonly HtapInstance[]> {
  try {
    const beside = (await readHtap(gateway, instanceId)) ?? [];
    return beside.filter(({ engine_name }) => isOfStarRocks({ datastore_type: engine_name }));
  } catch (error) {
    if (error instanceof UpgradeError && error.code === "blocked") return [];
    throw error;
  }
}

/** Four-part kernels that the region offers; empty where it does not list them. */
export async function readStarRocksKernels(gateway: Gateway): Promise<readonly string[]> {
  const reading = await gateway.read({
    path: ["htap", "datastores", "star-rocks"],
    schema: htapVersions,
  });
  if (reading.kind !== "data") return [];
  return reading.data.datastores.map(({ kernel_version }) => kernel_version).filter((version) => version !== "");
}

export interface StarRocksUpgrade {
  readonly starRocksInstanceId: string;
  readonly schedule?: "now" | "maintenance-window" | undefined;
  readonly skipValidation?: boolean | undefined;
}

/** The step that upgrades a StarRocks instance to the newest kernel. */
export function upgradeStep(
  { starRocksInstanceId: unit, schedule, skipValidation = false }: StarRocksUpgrade,
  { from, to }: { readonly from: string; readonly to: string },
): Step {
  return {
    unit,
    from,
    to,
    method: "POST",
    path: `instances/${unit}/starrocks/db-upgrade`,
    item: { delay: schedule === "maintenance-window", is_skip_validate: skipValidation },
  };
}

/**
 * Sends an upgrade request.
 * @returns the id of its job, or of the scheduled task, as the service writes it
 * @throws as `Gateway.write` does
 */
export async function upgradeStarRocks(
  gateway: Gateway,
  { method, path, body }: Request,
  permit: Permit,
): Promise<string> {
  const answer = await gateway.write({
    method,
    path: path.split("/"),
    body,
    schema: jobId,
    action: UPGRADE_ACTION,
    permit,
  });
  return answer.job_id;
}

/** All operations in progress on the instance or one of its nodes. */
export function actionsOf({ actions, groups }: StarRocks): readonly Action[] {
  return [...actions, ...groups.flatMap(({ nodes }) => nodes.flatMap((node) => node.actions))];
}

/** Its daily maintenance window, `18:00-22:00`, UTC; `""` where it is not reported. */
export function dailyWindow({ ops_window: window }: Pick<StarRocks, "ops_window">): string {
  return window == null ? "" : `${window.start_time}-${window.end_time}`;
}
