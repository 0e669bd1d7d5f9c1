import type { Constraint } from "../../core/constraint";
import { beforeSending, Refused } from "../../core/errors";
import type { FleetMember, FleetObservation, FleetPin, FleetWords } from "../../core/fleet/fleet";
import { planFleet } from "../../core/fleet/plan-fleet";
import type { Plan } from "../../core/pin";
import type { Policy } from "../../core/policy";
import type { Request } from "../../core/request";
import type { Runtime } from "../../core/runtime";
import { formatVersion } from "../../core/version";
import { AlreadyLatest } from "../../huaweicloud/gateway";
import { canonicalJobId } from "../../huaweicloud/jobs";
import type { Access } from "../project";
import { cancelSchedules } from "../tasks";
import { BATCH_LIMIT, upgradeBatch, upgradeRequest } from "./instances";
import { KernelLook } from "./look";
import { PreCheck } from "./pre-check";

const WORDS: FleetWords = {
  lookAt: "Look at the instances and their tasks in the console",
  upgrade: "kernel upgrade",
  member: ["instance", "instances"],
  stillBehind:
    'kernels up to 2.0.51.240311 get there in several rounds, the last of which has to be applied in the console ("Apply Upgrade"); look at the instance there, then run `pulumi up` again',
  neverStarted: "look at the instance and its tasks in the console, then run `pulumi up` again",
};

export interface KernelPinOptions {
  readonly access: Access;
  readonly ids: readonly string[];
  readonly constraint: Constraint;
  readonly runtime: Runtime;
  readonly defers: boolean;
  readonly preCheck: boolean;
  readonly onNewer: Policy["onNewer"];
}

/** A connected driver for the kernels of TaurusDB instances, upgraded by calls that name up to 100 of them. */
export class KernelPin implements FleetPin {
  readonly title: string;
  readonly names: readonly string[];
  readonly batchSize = BATCH_LIMIT;
  readonly defers: boolean;
  readonly words = WORDS;
  readonly #options: KernelPinOptions;
  readonly #look: KernelLook;
  readonly #preCheck: PreCheck;

  constructor(options: KernelPinOptions) {
    const { access, ids, constraint, runtime, defers } = options;
    this.#options = options;
    this.names = ids;
    this.defers = defers;
    this.title =
      ids.length === 1 ? `TaurusDB instance ${ids[0]}` : `${ids.length} TaurusDB instances at ${access.place}`;
    this.#preCheck = new PreCheck(access.gateway, runtime);
    this.#look = new KernelLook({
      access,
      ids,
      constraint,
      clock: runtime.clock,
      signal: runtime.signal,
      objectionTo: ({ id, datastore }) => this.#preCheck.objectionTo(id, datastore.kernel_version),
    });
  }

  observe(scheduled = false): Promise<FleetObservation> {
    return this.#look.look(scheduled);
  }

  plan(observation: FleetObservation): Plan {
    return planFleet(this, observation, this.#options.onNewer);
  }

  /** The upgrade and its pre-check take instances of one source version only. */
  groupOf({ version }: FleetMember): string {
    return formatVersion(version);
  }

  async prepare(batches: readonly (readonly FleetMember[])[]): Promise<boolean> {
    if (!this.#options.preCheck) return false;
    return beforeSending(() => this.#preCheck.check(batches));
  }

  compose(members: readonly FleetMember[]): Request {
    const units = members.map(({ name, version, target }) => ({
      unit: name,
      from: formatVersion(version),
      to: target ?? "newest",
    }));
    return upgradeRequest(units, this.defers);
  }

  async start(request: Request): Promise<void> {
    try {
      await upgradeBatch(this.#options.access.gateway, request);
    } catch (error) {
      this.#look.refused(request.units.map(({ unit }) => unit));
      if (!(error instanceof AlreadyLatest)) throw error;
      // One of them has got there meanwhile: the others have to be asked for without it.
      throw new Refused(error.message, { refusal: "final", cause: error });
    } finally {
      this.#look.changed();
    }
  }

  async withdraw(tasks: readonly string[]): Promise<readonly string[]> {
    const { access } = this.#options;
    const written = await beforeSending(() => this.#look.pending(tasks));
    if (written.length === 0) return [];
    try {
      const cancelled = new Set((await cancelSchedules(access.gateway, written)).map(canonicalJobId));
      if (cancelled.size > 0) return tasks.filter((task) => cancelled.has(task));
      const message = `${this.title}: the service did not cancel scheduled task ${written.join(", ")}.`;
      throw new Refused(message, { refusal: "soon" });
    } finally {
      this.#look.changed();
    }
  }

  close(): Promise<void> {
    return this.#options.access.close();
  }
}
