import { Unreachable } from "../../core/errors";
import { parseVersion, type Version } from "../../core/version";
import type { Gateway } from "../../huaweicloud/gateway";
import { AT_ONCE, eachOf } from "../each";
import type { Instance } from "../schema";
import { readDatabaseVersion } from "./instances";

/** What the service says of the next upgrade of an instance. */
export interface Offer {
  /** What it leads to; undefined where that is not told. */
  readonly newest: Version | undefined;
  /** Whether there is any; undefined where that is not told. */
  readonly upgradable: boolean | undefined;
}

/** What is offered, by instance and kernel: read once for each. */
export class Offers {
  readonly #known = new Map<string, Offer>();

  /** Undefined when it was not asked for. */
  of(instance: Instance): Offer | undefined {
    return this.#known.get(keyOf(instance));
  }

  forget(): void {
    this.#known.clear();
  }

  /** @throws Unreachable when the service lists an instance, and does not know it */
  async read(gateway: Gateway, instances: readonly Instance[]): Promise<void> {
    const asked = instances.filter((instance) => isUntold(this.of(instance)));
    await eachOf(asked, AT_ONCE, async (instance) => {
      const told = await readDatabaseVersion(gateway, instance.id);
      if (told === undefined) {
        const message = `instance ${instance.id} is listed, but what is offered to it cannot be read`;
        throw new Unreachable(message, { sent: true, heard: true });
      }
      const { datastore, upgrade_flag: upgradable } = told;
      this.#known.set(keyOf(instance), { newest: parseVersion(datastore.latest_kernel_version), upgradable });
    });
  }
}

/** Whether nothing is known of what is offered. */
export function isUntold(offer: Offer | undefined): boolean {
  return offer?.newest === undefined && offer?.upgradable === undefined;
}

function keyOf({ id, datastore }: Instance): string {
  return `${id} ${datastore.kernel_version}`;
}
