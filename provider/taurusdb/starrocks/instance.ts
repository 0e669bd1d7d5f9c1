import { UpgradeError } from "../../core/errors";
import type { Permit, Request, Step } from "../../core/request";
import {
  atLeast,
  type Constraint,
  compareParts,
  compareVersions,
  highestVersion,
  parseVersion,
  type Standing,
  standing,
  type Version,
} from "../../core/version";
import type { Gateway } from "../../huaweicloud/gateway";
import {
  type Action,
  conditionOf,
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
  const response = await gateway.write({
    method,
    path: path.split("/"),
    body,
    schema: jobId,
    action: UPGRADE_ACTION,
    permit,
  });
  return response.job_id;
}

/** The instance and its nodes. */
export function partsOf(detail: StarRocks): readonly Pick<StarRocks, "id" | "name" | "status" | "actions">[] {
  return [detail, ...nodesOf(detail)];
}

function nodesOf({ groups }: StarRocks) {
  return groups.flatMap(({ nodes }) => nodes);
}

/** All operations in progress on the instance or one of its nodes. */
export function actionsOf(detail: StarRocks): readonly Action[] {
  return partsOf(detail).flatMap(({ actions }) => actions);
}

/** Why an instance does not work without action by a person, as a clause; undefined if it works. */
export function healthProblemOf(detail: StarRocks): string | undefined {
  if (detail.is_frozen === true) return `${detail.name || detail.id} is frozen`;
  const unhealthy = partsOf(detail).find(({ status }) => conditionOf(status) === "unhealthy");
  if (unhealthy !== undefined) return `${unhealthy.name || unhealthy.id} is ${unhealthy.status}`;
  const late = lateNode(detail);
  if (late === undefined) return undefined;
  return `${late.name || late.id} still runs ${late.datastore?.version}, not ${detail.data_store_version}`;
}

/**
 * A node that an upgrade of its instance has left out. Only if another node reports the version of the instance: it is
 * undocumented whether the versions of nodes are written like that of the instance.
 */
function lateNode(detail: StarRocks) {
  const shown = parseVersion(detail.data_store_version);
  if (shown === undefined) return undefined;
  const order = ({ datastore }: (typeof nodes)[number]) => {
    const version = parseVersion(datastore?.version ?? "");
    return version && compareParts(version.parts, shown.parts);
  };
  const nodes = nodesOf(detail);
  return nodes.some((node) => order(node) === 0) ? nodes.find((node) => order(node) === -1) : undefined;
}

/** Its daily maintenance window, `18:00-22:00`, UTC; `""` where it is not reported. */
export function dailyWindow({ ops_window: window }: Pick<StarRocks, "ops_window">): string {
  return window == null ? "" : `${window.start_time}-${window.end_time}`;
}

/** The reported version of a StarRocks instance, and the versions it could be upgraded to. */
export interface Known {
  /** `data_store_version`: four parts, or only two (the documentation is unclear). */
  readonly shown: Version;
  /** `new_version_available`; undefined where it is not reported. */
  readonly newerOffered: boolean | undefined;
  /** Kernels that the region lists, four parts each. */
  readonly listed: readonly Version[];
}

/**
 * The standing of an instance relative to a constraint; `unclear` when the service reports too little.
 *
 * If the constraint has more parts than the reported version and equals it in those, the other data decides:
 * - nothing newer is offered: the current version is the newest listed kernel of its line (`3.1`)
 * - something newer is offered: it is neither the newest of all, nor anything above the newest of its line
 */
export function standingOf(known: Known, constraint: Constraint): Standing | "unclear" {
  if (constraint.kind === "latest") return againstLatest(known);
  const { shown, newerOffered, listed } = known;
  const wanted = constraint.version;
  const enough = shown.parts.length >= wanted.parts.length || compareParts(shown.parts, wanted.parts) !== 0;
  if (enough) return standing(shown, constraint);
  const ofItsLine = highestVersion(listed.filter(({ parts }) => compareParts(shown.parts, parts) === 0));
  if (ofItsLine === undefined) return "unclear";
  if (newerOffered === false) return standing(ofItsLine, constraint);
  const ofAll = highestVersion(listed);
  const below = newerOffered === true && ofAll !== undefined && atLeast(wanted, ofAll);
  return below || standing(ofItsLine, constraint) === "behind" ? "behind" : "unclear";
}

function againstLatest({ shown, newerOffered, listed }: Known): Standing | "unclear" {
  if (newerOffered !== undefined) return newerOffered ? "behind" : "current";
  const ofAll = highestVersion(listed);
  if (ofAll === undefined) return "unclear";
  const order = compareParts(shown.parts, ofAll.parts);
  if (order !== 0) return order < 0 ? "behind" : "current";
  return shown.parts.length < ofAll.parts.length ? "unclear" : "current";
}

/**
 * Possible targets of an upgrade: the newest kernel of all, or the newest of its line, since the documentation is
 * unclear. Newest first; empty when nothing newer is listed.
 */
export function targetsOf({ shown, newerOffered, listed }: Known): readonly Version[] {
  if (newerOffered === false) return [];
  const line = shown.parts.slice(0, 2);
  const found = [highestVersion(listed), highestVersion(listed.filter(({ parts }) => compareParts(line, parts) === 0))];
  const above = found.filter((version) => version !== undefined).filter((version) => mayBeAbove(version, shown));
  return above.filter((version, index) => index === 0 || compareVersions(version, above[0] ?? version) !== 0);
}

function mayBeAbove(version: Version, shown: Version): boolean {
  const order = compareParts(version.parts, shown.parts);
  return order > 0 || (order === 0 && version.parts.length > shown.parts.length);
}
