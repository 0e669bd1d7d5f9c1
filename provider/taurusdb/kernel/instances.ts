import { z } from "zod";
import { counted } from "../../base/sentences";
import { Unreachable, UpgradeError } from "../../core/errors";
import type { Json, Permit, Request, Requested, Step } from "../../core/request";
import type { Clock } from "../../core/runtime";
import { compareVersions, parseVersion, type Version } from "../../core/version";
import type { Gateway } from "../../huaweicloud/gateway";
import {
  batchAnswer,
  conditionOf,
  type DatabaseVersion,
  databaseVersion,
  type Instance,
  type InstanceDetail,
  instanceDetail,
  jobIds,
  type PreCheckResult,
  preCheckResult,
} from "../schema";
import { UPGRADE_ACTION } from "../service";

/** TaurusDB instances: their kernels, the offered kernels, and the requests that upgrade them. */

const BATCH = ["instances", "database-version", "upgrade"];

/** Maximum number of instances in one upgrade or pre-check, all of one source version. */
export const BATCH_LIMIT = 100;

/** @returns undefined when the project has no such instance */
export async function readInstance(gateway: Gateway, id: string): Promise<InstanceDetail | undefined> {
  const schema = z.object({ instance: instanceDetail });
  return (await gateway.find({ path: ["instances", id], schema }))?.instance;
}

/** Maximum number of instances per read of details. */
export const DETAILS = 20;

/** Nodes and maintenance windows of at most 20 instances. Empty where the region does not have the API. */
export async function readInstanceDetails(
  gateway: Gateway,
  ids: readonly string[],
): Promise<readonly InstanceDetail[]> {
  const schema = z.object({ instances: z.array(instanceDetail) });
  const query = { instance_ids: ids.join(",") };
  const reading = await gateway.read({ path: ["instances", "details"], query, schema });
  return reading.kind === "data" ? reading.data.instances : [];
}

/** The only API that returns the target of an upgrade. @returns undefined when there is no such instance */
async function readDatabaseVersion(gateway: Gateway, id: string): Promise<DatabaseVersion | undefined> {
  return gateway.find({ path: ["instances", id, "database-version"], schema: databaseVersion });
}

/** Maximum number of concurrent reads of single instances. */
const AT_ONCE = 8;

/** Runs work for each of many instances, with limited concurrency. The results are in the order of the items. */
export async function eachInstance<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const rest = items.entries();
  const worker = async () => {
    for (const [at, item] of rest) results[at] = await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, worker));
  return results;
}

/**
 * The step that upgrades an instance to the newest kernel. An upgrade and its pre-check accept instances of one source
 * version only.
 */
export function upgradeStep(what: Requested, delay: boolean): Step {
  return { ...what, method: "POST", path: BATCH.join("/"), item: upgradeBody([what], delay), group: what.from };
}

/** The request that upgrades up to 100 instances of one source version. */
export function upgradeRequest(steps: readonly Step[], delay: boolean): Request {
  const units = steps.map(({ unit, from, to }) => ({ unit, from, to }));
  return { method: "POST", path: BATCH.join("/"), body: upgradeBody(units, delay), units };
}

function upgradeBody(units: readonly Requested[], delay: boolean): Json {
  return { ...bodyOf(units), delay };
}

/**
 * Sends an upgrade request. The response has no job ids and nothing per instance; an accepted upgrade may silently not
 * start.
 * @throws as `Gateway.write` does
 */
export async function upgradeBatch(gateway: Gateway, { method, path, body }: Request, permit: Permit): Promise<void> {
  const call = { method, path: path.split("/"), body, permit };
  const { resp } = await gateway.write({ ...call, schema: batchAnswer, action: UPGRADE_ACTION });
  if (resp.toLowerCase() === "success") return;
  throw new Unreachable(`the response to the upgrade request was "${resp}" instead of "success"`, {
    sent: true,
    responded: true,
  });
}

/**
 * Starts the pre-check of up to 100 instances of one source version.
 * @returns the ids of its tasks; undefined where the region lacks the API
 * @throws Refused when one of them is busy; UpgradeError `blocked` when one does not exist, or has another version
 */
export async function startPreCheck(
  gateway: Gateway,
  instances: readonly Requested[],
): Promise<readonly string[] | undefined> {
  const path = [...BATCH, "pre-check"];
  const reading = await gateway.read({
    method: "POST",
    path,
    body: bodyOf(instances),
    schema: jobIds,
    action: UPGRADE_ACTION,
  });
  if (reading.kind === "data") return reading.data.job_ids;
  if (reading.kind === "unserved") return undefined;
  throw new UpgradeError(
    "blocked",
    `The pre-check of ${counted(instances.length, "instance")} was refused: ${reading.text}.`,
  );
}

/**
 * The result of the last pre-check of these instances. Until it has finished, some regions return "false" without rows,
 * so missing rows mean that the result is not available yet.
 * @returns undefined when there is no result yet, or the region lacks the API
 */
export async function readPreCheck(
  gateway: Gateway,
  instances: readonly Requested[],
): Promise<PreCheckResult | undefined> {
  const path = [...BATCH, "pre-check-result"];
  const body = bodyOf(instances);
  const reading = await gateway.read({ method: "POST", path, body, schema: preCheckResult, action: UPGRADE_ACTION });
  return reading.kind === "data" ? reading.data : undefined;
}

function bodyOf(instances: readonly Requested[]) {
  return {
    databases_instance_infos: instances.map(({ unit, from }) => ({ instance_id: unit, current_version: from })),
  };
}

/**
 * How long an offer stays valid for decisions, in milliseconds. It changes with the instance's kernel, which every read
 * of the list shows, and when Huawei Cloud publishes a kernel. Two reads that must agree may therefore share it, as may
 * resources.
 */
const VALID = 15 * 60_000;

/** The service's response about the next upgrade of an instance. */
export interface Offer {
  /** The target of the upgrade; undefined where it is not reported. */
  readonly newest: Version | undefined;
  /** Whether an upgrade is offered; undefined where it is not reported. */
  readonly upgradable: boolean | undefined;
}

interface Known {
  readonly kernel: string;
  readonly offer: Offer;
  /** When it was read, in elapsed milliseconds of the clock. */
  readonly at: number;
}

/** The offers of a project's instances: read once per instance and kernel, for all resources of the process. */
export class Offers {
  readonly #clock: Clock;
  readonly #known = new Map<string, Known>();
  /** Kernels for which the service has responded to an upgrade request that nothing newer is available, by instance. */
  readonly #latest = new Map<string, string>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Undefined when it was not read. */
  of({ id, datastore }: Instance): Offer | undefined {
    const known = this.#known.get(id);
    return known?.kernel === datastore.kernel_version ? known.offer : undefined;
  }

  /**
   * The service has refused to upgrade an instance from this kernel, because it is the latest. This overrides the
   * reported newest kernel only while the service also reports that the instance cannot be upgraded.
   */
  isLatest(id: string, kernel: string): void {
    this.#latest.set(id, kernel);
  }

  /** The service has refused to upgrade these instances: their offers may be wrong. */
  forget(ids: readonly string[]): void {
    for (const id of ids) this.#known.delete(id);
  }

  /**
   * @param isBehind whether an instance needs an upgrade: a report that it cannot be upgraded may be temporary, so two
   *   reads do not share it
   * @throws Unreachable when the service lists an instance but cannot find it
   */
  async read(
    gateway: Gateway,
    instances: readonly Instance[],
    isBehind: (instance: Instance) => boolean = () => false,
  ): Promise<void> {
    await eachInstance(
      instances.filter((instance) => this.#isDue(instance, isBehind)),
      async ({ id, datastore }) => {
        const version = await readDatabaseVersion(gateway, id);
        if (version !== undefined) return this.#note(id, datastore.kernel_version, version);
        const message = `instance ${id} is listed, but what is offered to it cannot be read`;
        throw new Unreachable(message, { sent: true, responded: true });
      },
    );
  }

  /**
   * The instance with its kernel. `database-version` returns it with the offer, for older regions whose list lacks it.
   */
  async withKernel(gateway: Gateway, instance: Instance): Promise<Instance> {
    const { datastore, id } = instance;
    if (datastore.kernel_version !== "") return instance;
    const version = await readDatabaseVersion(gateway, id);
    const kernel = version?.datastore.current_kernel_version ?? "";
    if (version !== undefined) this.#note(id, kernel, version);
    return { ...instance, datastore: { ...datastore, kernel_version: kernel } };
  }

  #note(id: string, kernel: string, { datastore, upgrade_flag: upgradable }: DatabaseVersion): void {
    const latest = upgradable === false && this.#latest.get(id) === kernel ? kernel : datastore.latest_kernel_version;
    const offer = { newest: parseVersion(latest), upgradable };
    this.#known.set(id, { kernel, offer, at: this.#clock.elapsed() });
  }

  /** An old offer is enough while the instance is busy, because nothing is requested then. */
  #isDue(instance: Instance, isBehind: (instance: Instance) => boolean): boolean {
    const offer = this.of(instance);
    if (offer === undefined || isUnreported(offer)) return true;
    if (conditionOf(instance.status) === "busy") return false;
    const age = this.#clock.elapsed() - (this.#known.get(instance.id)?.at ?? 0);
    return age > VALID || (isBehind(instance) && offer.upgradable === false);
  }
}

/** Whether the service reports that no upgrade is possible, although the instance is not at the newest kernel. */
export function isWithheld({ newest, upgradable }: Offer, kernel: Version): boolean {
  return upgradable === false && (newest === undefined || compareVersions(kernel, newest) < 0);
}

/** Whether the offer is unknown. */
export function isUnreported(offer: Offer | undefined): boolean {
  return offer?.newest === undefined && offer?.upgradable === undefined;
}
