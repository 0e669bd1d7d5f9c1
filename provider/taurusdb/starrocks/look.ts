import type { Observation } from "../../core/driver";
import { Missing, Unreachable, type UpgradeError } from "../../core/errors";
import type { Activity } from "../../core/unit";
import { parseVersion } from "../../core/version/version";
import type { Access } from "../project";
import { type Condition, conditionOf } from "../schema";
import { type ActivityOptions, activityOf } from "./activity";
import { dailyWindow, type Ids, readHtap, readStarRocks, readStarRocksKernels } from "./instance";
import { type Known, standingOf } from "./standing";

/** An observation of a StarRocks instance. */
export interface StarRocksObservation extends Observation {
  readonly activity?: Activity;
  readonly known: Known;
  readonly health: { readonly status: string; readonly condition: Condition; readonly frozen: boolean };
  /** Its daily maintenance window, `18:00-22:00`, UTC; `""` where it is not reported. */
  readonly window: string;
}

export interface LookOptions extends ActivityOptions {
  /** A version for which the service itself has reported that nothing newer is offered. */
  readonly latest: string | undefined;
  readonly signal: AbortSignal;
}

/** Observes once. Reads only. @throws UpgradeError `blocked` when the instance does not exist */
export async function look(options: LookOptions): Promise<StarRocksObservation> {
  const { access, ids, constraint } = options;
  const [detail, listed] = await Promise.all([
    readStarRocks(access.gateway, ids),
    readStarRocksKernels(access.gateway),
  ]);
  if (detail === undefined) throw await notThere(access, ids, options.signal);
  const shown = parseVersion(detail.data_store_version);
  const known: Known = {
    shown: shown ?? { parts: [0n] },
    newerOffered: detail.data_store_version === options.latest ? false : detail.new_version_available,
    listed: listed.map(parseVersion).filter((version) => version !== undefined),
  };
  const activity = await activityOf(options, detail, known.listed, standingOf(known, constraint) === "behind");
  return {
    members: shown === undefined ? [] : [{ name: detail.id, version: shown }],
    known,
    health: {
      status: detail.status,
      condition: conditionOf(detail.status),
      frozen: detail.is_frozen === true,
    },
    window: dailyWindow(detail),
    ...(shown === undefined ? { unknown: `its version cannot be read: ${detail.data_store_version}` } : {}),
    ...(activity === undefined ? {} : { activity }),
  };
}

/** An instance counts as deleted only if a successfully read list does not contain it either. */
async function notThere(access: Access, ids: Ids, signal: AbortSignal): Promise<UpgradeError> {
  const { gateway, place } = access;
  const { instanceId, starRocksInstanceId } = ids;
  const beside = await readHtap(gateway, instanceId);
  const project = `project ${await gateway.projectId()} in ${place}`;
  if (beside === undefined) {
    const { instances, moments } = await access.project();
    const listed = await instances.read({ after: moments.latest, within: 0 }, signal);
    return new Missing(`TaurusDB instance ${instanceId} does not exist in ${project}.`, {
      remedy: "Check `instanceId`, `region` and `projectId`.",
      certain: !listed.has(instanceId),
    });
  }
  if (beside.some(({ id }) => id === starRocksInstanceId)) {
    const message = `StarRocks instance ${starRocksInstanceId} is listed, but cannot be read`;
    return new Unreachable(message, { sent: true, heard: true });
  }
  const names = beside.map(({ id, engine_name }) => `${id} (${engine_name})`).join(", ");
  return new Missing(
    `TaurusDB instance ${instanceId} in ${project} has no StarRocks instance ${starRocksInstanceId}; ${names === "" ? "it has none" : `it has ${names}`}.`,
    { remedy: "Check `starRocksInstanceId` and `instanceId`.", certain: true },
  );
}
