import { z } from "zod";
import { commonArguments, definedBy } from "../../core/arguments";
import { changeArguments, checkChangeArguments } from "../../core/control/arguments";
import type { BackupRecord } from "../../core/control/backup";
import type { Driver } from "../../core/driver";
import { Refused } from "../../core/errors";
import { driftOf, outputsOf, type ResourceKind } from "../../core/kind";
import { type Permit, type Request, requestOf } from "../../core/request";
import type { Runtime } from "../../core/runtime";
import type { Task, TaskStatus } from "../../core/task";
import type { View } from "../../core/unit";
import { type Constraint, constraintOf, formatParts, parseVersion, standing } from "../../core/version";
import { completeConnection } from "../../huaweicloud/arguments";
import { type Connect, networkTransport } from "../../huaweicloud/connection";
import { AlreadyLatest } from "../../huaweicloud/gateway";
import { JobIds } from "../../huaweicloud/jobs";
import type { Environment } from "../../huaweicloud/service";
import { connection, latestHasNoNewer, starRocksArguments, upgrade } from "../arguments";
import { type Access, openAccess } from "../project";
import { shared, TAURUSDB } from "../service";
import { cancelSchedules } from "../tasks";
import { KIND, targetName } from "./activity";
import { type Ids, standingOf, upgradeStarRocks } from "./instance";
import { JobWatcher } from "./job";
import { observe, type PlanArguments, type StarRocksObservation, viewFor } from "./view";

const HOUR = 3_600_000;

function inputs(env: Environment) {
  return z
    .strictObject({ ...starRocksArguments, ...upgrade, ...connection, ...commonArguments, ...changeArguments })
    .superRefine(checkChangeArguments)
    .superRefine(latestHasNoNewer)
    .superRefine(completeConnection(TAURUSDB, env));
}

type Arguments = z.infer<ReturnType<typeof inputs>>;

/** `taurusdb.StarRocksVersion`: the kernel of a StarRocks instance beside a TaurusDB instance. */
export function starRocksVersion(
  connect: Connect = networkTransport,
  env: Environment = process.env,
): ResourceKind<Arguments, StarRocksObservation> {
  return {
    ...shared,
    ...definedBy(inputs(env)),
    timeout: HOUR,
    identifiedBy: ["starRocksInstanceId"],
    identity: ({ starRocksInstanceId }) => [starRocksInstanceId],
    open: (args, runtime) =>
      new StarRocksDriver({
        access: openAccess(args, runtime, connect, env),
        args,
        constraint: constraintOf(args.version),
        runtime,
      }),
    outputs: ({ members }) => outputsOf(members),
    drifted: (args, { members, known }) => {
      const stand = standingOf(known, constraintOf(args.version));
      return driftOf(
        members,
        () => (stand === "unclear" ? "current" : stand),
        (lowest) => ({
          version: formatParts(lowest),
        }),
      );
    },
  };
}

export interface StarRocksDriverOptions {
  readonly access: Access;
  readonly args: Ids & PlanArguments;
  readonly constraint: Constraint;
  readonly runtime: Runtime;
}

/** The type or the status of the instance does not allow the request. */
const NOT_ALLOWED: readonly (string | undefined)[] = ["DBS.280406", "DBS.200086", "DBS.201014"];

/** A connected driver for one StarRocks instance. */
export class StarRocksDriver implements Driver<StarRocksObservation> {
  readonly title: string;
  readonly units: readonly [string];
  readonly schedules: boolean;
  readonly mostPerRequest = 1;
  readonly ownReads = false;
  readonly compose = requestOf;
  readonly #options: StarRocksDriverOptions;
  readonly #jobIds = new JobIds();
  readonly #watcher: JobWatcher;
  /** The version for which the service has reported that nothing newer is available. */
  #latest: string | undefined;

  constructor(options: StarRocksDriverOptions) {
    const { access, args, runtime } = options;
    this.#options = options;
    this.units = [args.starRocksInstanceId];
    this.schedules = args.schedule === "maintenance-window";
    this.title = `StarRocks instance ${args.starRocksInstanceId} in ${access.place}`;
    this.#watcher = new JobWatcher({
      gateway: access.gateway,
      ids: args,
      jobIds: this.#jobIds,
      clock: runtime.clock,
      delays: this.schedules,
    });
  }

  observe(): Promise<StarRocksObservation> {
    const { access, args, constraint, runtime } = this.#options;
    return observe({
      signal: runtime.signal,
      access,
      ids: args,
      jobIds: this.#jobIds,
      constraint,
      now: access.gateway.now,
      latest: this.#latest,
    });
  }

  view(observation: StarRocksObservation): View {
    return viewFor(observation, this.#options.constraint, this.#options.args);
  }

  /** The service shows the instance's backup period, but no API lists such backups. */
  async backups(): Promise<ReadonlyMap<string, BackupRecord>> {
    const reason = "the service lists backups of TaurusDB instances, not of StarRocks instances";
    return new Map([[this.units[0], { kind: "unknown", reason }]]);
  }

  /**
   * Every upgrade goes to the newest kernel. Only one with a target that is known to be too old does not lead to it.
   */
  reachesTarget({ to }: Task): boolean {
    const parsed = parseVersion(to);
    return parsed === undefined || standing(parsed, this.#options.constraint) !== "behind";
  }

  async start(request: Request, { known }: StarRocksObservation, permit: Permit): Promise<Task> {
    const { access } = this.#options;
    try {
      const raw = await upgradeStarRocks(access.gateway, request, permit);
      const id = this.#jobIds.note(raw);
      this.#watcher.started(id);
      return { id, kind: KIND, to: targetName(known.listed) };
    } catch (error) {
      if (error instanceof AlreadyLatest) this.#latest = formatParts(known.shown);
      throw explained(error);
    }
  }

  inspect(task: Task): Promise<TaskStatus> {
    return this.#watcher.inspect(task);
  }

  inspectHint(): string {
    return "Check the instance and its tasks in the console";
  }

  async cancel(tasks: readonly string[]): Promise<readonly string[]> {
    for (const id of tasks) await this.#cancel(id);
    return tasks;
  }

  /** @throws Refused when the service does not confirm the cancellation */
  async #cancel(id: string): Promise<void> {
    let refusal = new Refused(`${this.title}: the service did not cancel scheduled task ${id}.`, { refusal: "soon" });
    for (const form of this.#jobIds.forms(id)) {
      try {
        if ((await cancelSchedules(this.#options.access.gateway, [form])).length > 0) return;
      } catch (error) {
        if (!(error instanceof Refused) || error.refusal !== "final") throw error;
        refusal = error;
      }
    }
    throw refusal;
  }

  close(): Promise<void> {
    return this.#options.access.close();
  }
}

function explained(error: unknown): unknown {
  if (!(error instanceof Refused) || error.refusal !== "final" || !NOT_ALLOWED.includes(error.vendorCode)) return error;
  return new Refused(error.message, {
    refusal: error.refusal,
    vendorCode: error.vendorCode,
    remedy: "Check the status of the instance and its synchronization tasks in the console, then run {apply} again.",
    cause: error,
  });
}
