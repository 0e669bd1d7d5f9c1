import type { Clock } from "../../core/clock";
import { Unreachable } from "../../core/errors";
import { parseVersion, type Version } from "../../core/version";
import type { Gateway } from "../../huaweicloud/gateway";
import { conditionOf, type DatabaseVersion, type Instance } from "../schema";
import { eachInstance, readDatabaseVersion } from "./instances";

/**
 * For how long a request may be decided on what was offered, in milliseconds. It changes with the kernel of the instance, which
 * every read of the list shows, and when Huawei Cloud publishes a kernel; so two reads that agree may share it, and so may resources.
 */
const VALID = 15 * 60_000;

/** What the service says of the next upgrade of an instance. */
export interface Offer {
  /** What it leads to; undefined where that is not told. */
  readonly newest: Version | undefined;
  /** Whether there is any; undefined where that is not told. */
  readonly upgradable: boolean | undefined;
}

interface Known {
  readonly kernel: string;
  readonly offer: Offer;
  /** When it was read, in elapsed milliseconds of the clock. */
  readonly at: number;
}

/** What is offered to the instances of a project: read once for each instance and kernel, for all resources of the process. */
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

  /** The service has refused an upgrade of these: what was offered to them may be wrong. */
  forget(ids: readonly string[]): void {
    for (const id of ids) this.#known.delete(id);
  }

  /** @throws Unreachable when the service lists an instance, and does not know it */
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

  /** The instance with its kernel, which `database-version` has, beside the offer, where the row of an older region lacks it. */
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

  /** An old one serves while the instance is busy: nothing is asked of it. */
  #isDue(instance: Instance): boolean {
    if (isUntold(this.of(instance))) return true;
    const age = this.#clock.elapsed() - (this.#known.get(instance.id)?.at ?? 0);
    return age > VALID && conditionOf(instance.status) !== "busy";
  }
}

/** Whether nothing is known of what is offered. */
export function isUntold(offer: Offer | undefined): boolean {
  return offer?.newest === undefined && offer?.upgradable === undefined;
}
