import { z } from "zod";
import { type CommonArguments, commonArguments, definedBy } from "../../core/arguments";
import { changeArguments, checkChangeArguments } from "../../core/control/arguments";
import type { BackupRecord } from "../../core/control/backup";
import type { Driver, FleetWords } from "../../core/driver";
import { beforeSending, Refused } from "../../core/errors";
import { driftOf, outputsOf, type ResourceKind } from "../../core/kind";
import type { Permit, Request, Step } from "../../core/request";
import type { Runtime } from "../../core/runtime";
import type { Unit, View } from "../../core/unit";
import { type Constraint, constraintOf, formatVersion, parseVersion } from "../../core/version";
import { completeConnection } from "../../huaweicloud/arguments";
import { type Connect, networkTransport } from "../../huaweicloud/connection";
import { AlreadyLatest } from "../../huaweicloud/gateway";
import { canonicalJobId } from "../../huaweicloud/jobs";
import type { Environment } from "../../huaweicloud/service";
import { connection, kernelArguments, latestHasNoNewer, upgrade } from "../arguments";
import { type Access, openAccess } from "../project";
import { shared, TAURUSDB } from "../service";
import { cancelSchedules } from "../tasks";
import { BATCH_LIMIT, upgradeBatch, upgradeRequest } from "./instances";
import { PreCheck } from "./pre-check";
import { FRESH, type KernelObservation, KernelReader } from "./reader";
import { APPLY_UPGRADE, isInRounds } from "./unit";

const MINUTE = 60_000;

function inputsFor(env: Environment) {
  return z
    .strictObject({ ...connection, ...kernelArguments, ...upgrade, ...commonArguments, ...changeArguments })
    .superRefine(checkChangeArguments)
    .superRefine(completeConnection(TAURUSDB, env))
    .superRefine(latestHasNoNewer);
}

type KernelArguments = z.infer<ReturnType<typeof inputsFor>> & CommonArguments;

/** `taurusdb.KernelVersion`: the kernel version of TaurusDB instances, upgraded in batches. */
export function kernelVersion(
  connect: Connect = networkTransport,
  env: Environment = process.env,
): ResourceKind<KernelArguments, KernelObservation> {
  return {
    ...shared,
    ...definedBy(inputsFor(env)),
    // The manual says to check after 2 to 5 minutes whether an accepted upgrade has started. A read may be shared with
    // another resource, and therefore older than its response.
    times: { ...shared.times, settleTime: 5 * MINUTE, spacing: shared.times.spacing + FRESH },
    timeout: 120 * MINUTE,
    reportsProblems: true,
    identifiedBy: ["instanceIds"],
    identity: (args) => args.instanceIds,
    open: (args, runtime) =>
      new KernelDriver({
        access: openAccess(args, runtime, connect, env),
        ids: args.instanceIds,
        constraint: constraintOf(args.version),
        runtime,
        schedules: args.schedule === "maintenance-window",
        preCheck: args.preCheck ?? true,
      }),
    outputs: ({ members }) => outputsOf(members),
    drifted: (_, { units }) =>
      driftOf(
        units.flatMap(({ members, standing }) => members.map((member) => ({ ...member, standing }))),
        ({ standing }) => standing,
        (lowest) => ({ version: formatVersion(lowest) }),
      ),
  };
}

const WORDS: FleetWords = {
  inspectHint: "Check the instances and their tasks in the console",
  upgrade: "kernel upgrade",
  unit: ["instance", "instances"],
  stillBehind:
    'kernels up to 2.0.51.240311 need several rounds, and the last one has to be applied in the console ("Apply Upgrade"). Check the instance there, then run {apply} again',
  neverStarted: "check the instance and its tasks in the console, then run {apply} again",
};

export interface KernelDriverOptions {
  readonly access: Access;
  readonly ids: readonly string[];
  readonly constraint: Constraint;
  readonly runtime: Runtime;
  readonly schedules: boolean;
  readonly preCheck: boolean;
}

/** A connected driver for the kernels of TaurusDB instances. One upgrade request covers up to 100 of them. */
export class KernelDriver implements Driver<KernelObservation> {
  readonly title: string;
  readonly units: readonly string[];
  readonly schedules: boolean;
  readonly mostPerRequest = BATCH_LIMIT;
  readonly ownReads = false;
  readonly words = WORDS;
  readonly #options: KernelDriverOptions;
  readonly #reader: KernelReader;
  readonly #preCheck: PreCheck;

  constructor(options: KernelDriverOptions) {
    const { access, ids, constraint, runtime, schedules } = options;
    this.#options = options;
    this.units = ids;
    this.schedules = schedules;
    this.title =
      ids.length === 1 ? `TaurusDB instance ${ids[0]}` : `${ids.length} TaurusDB instances at ${access.place}`;
    this.#preCheck = new PreCheck(access.gateway, runtime);
    this.#reader = new KernelReader({
      access,
      ids,
      constraint,
      schedules,
      clock: runtime.clock,
      signal: runtime.signal,
      objectionTo: ({ id, datastore }) => this.#preCheck.objectionTo(id, datastore.kernel_version),
    });
  }

  observe(scheduled: boolean): Promise<KernelObservation> {
    return this.#reader.read(scheduled);
  }

  view(observation: KernelObservation): View {
    return observation;
  }

  async backups(units: readonly Unit[]): Promise<ReadonlyMap<string, BackupRecord>> {
    const { access, runtime } = this.#options;
    const { backups } = await access.project();
    const ids = units.map(({ name }) => name);
    return backups.of(ids, runtime.signal);
  }

  /** The lists do not contain the target of a task. */
  reachesTarget(): boolean {
    return false;
  }

  async prepare(requests: readonly Request[]): Promise<boolean> {
    if (!this.#options.preCheck) return false;
    return beforeSending(() => this.#preCheck.check(requests.map(({ units }) => units)));
  }

  compose(steps: readonly Step[]): Request {
    return upgradeRequest(steps, this.schedules);
  }

  async start(request: Request, _observation: unknown, permit: Permit): Promise<undefined> {
    const ids = request.units.map(({ unit }) => unit);
    try {
      await upgradeBatch(this.#options.access.gateway, request, permit);
      this.#reader.accepted(ids);
      return undefined;
    } catch (error) {
      const isLatest = error instanceof AlreadyLatest;
      this.#reader.refused(request.units, isLatest);
      if (!isLatest) throw explained(error, request);
      // One of them has become up to date in the meantime: the others must be requested without it.
      throw new Refused(error.message, { refusal: "final", cause: error });
    } finally {
      this.#reader.changed();
    }
  }

  async cancel(tasks: readonly string[]): Promise<readonly string[]> {
    const { access } = this.#options;
    const written = await beforeSending(() => this.#reader.pending(tasks));
    if (written.length === 0) return [];
    try {
      const cancelled = new Set((await cancelSchedules(access.gateway, written)).map(canonicalJobId));
      if (cancelled.size > 0) return tasks.filter((task) => cancelled.has(task));
      const message = `${this.title}: the service did not cancel scheduled task ${written.join(", ")}.`;
      throw new Refused(message, { refusal: "soon" });
    } finally {
      this.#reader.changed();
    }
  }

  close(): Promise<void> {
    return this.#options.access.close();
  }
}

/** The operation is not allowed in the current status of the instance. */
const WRONG_STATUS = "DBS.200086";

/** An upgrade that must be applied in the console may be the reason why another one is refused. */
function explained(error: unknown, { units }: Request): unknown {
  if (!(error instanceof Refused) || error.vendorCode !== WRONG_STATUS) return error;
  const kernels = units.map(({ from }) => parseVersion(from));
  if (!kernels.some((kernel) => kernel !== undefined && isInRounds(kernel))) return error;
  const { message, refusal, vendorCode } = error;
  return new Refused(message, { refusal, vendorCode, remedy: APPLY_UPGRADE, cause: error });
}
