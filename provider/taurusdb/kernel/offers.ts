import type { Clock } from "../../core/clock";
import { Unreachable } from "../../core/errors";
import { parseVersion, type Version } from "../../core/version/version";
import type { Gateway } from "../../huaweicloud/gateway";
import { conditionOf, type DatabaseVersion, type Instance } from "../schema";
import { eachInstance, readDatabaseVersion } from "./instances";

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

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Undefined when it was not read. */
  of({ id, datastore }: Instance): Offer | undefined {
    const known = this.#known.get(id);
    return known?.kernel === datastore.kernel_version ? known.offer : undefined;
  }

  /** The service has refused to upgrade these instances: their offers may be wrong. */
  forget(ids: readonly string[]): void {
    for (const id of ids) this.#known.delete(id);
  }

  /** @throws Unreachable when the service lists an instance but cannot find it */
  async read(gateway: Gateway, instances: readonly Instance[]): Promise<void> {
    await eachInstance(
      instances.filter((instance) => this.#isDue(instance)),
      async ({ id, datastore }) => {
        const version = await readDatabaseVersion(gateway, id);
        if (version !== undefined) return this.#note(id, datastore.kernel_version, version);
        const message = `instance ${id} is listed, but what is offered to it cannot be read`;
        throw new Unreachable(message, { sent: true, heard: true });
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
    const offer = { newest: parseVersion(datastore.latest_kernel_version), upgradable };
    this.#known.set(id, { kernel, offer, at: this.#clock.elapsed() });
  }

  /** An old offer is enough while the instance is busy, because nothing is requested then. */
  #isDue(instance: Instance): boolean {
    if (isUntold(this.of(instance))) return true;
    const age = this.#clock.elapsed() - (this.#known.get(instance.id)?.at ?? 0);
    return age > VALID && conditionOf(instance.status) !== "busy";
  }
}

/** Whether the offer is unknown. */
export function isUntold(offer: Offer | undefined): boolean {
  return offer?.newest === undefined && offer?.upgradable === undefined;
}
