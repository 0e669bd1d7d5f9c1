import type { Outcome, UpgradeRecord } from "../core/outcome";

/**
 * What the pins of a process count on to start in its window. A pin that was renamed is made under its new name first, finds
 * the scheduled upgrade and waits for it; then the old one is deleted, and must not take it back.
 */
export class Scheduled {
  /** The URN of the pin that counts on it, by task or member. */
  readonly #wanted = new Map<string, string>();

  /** Of a pin's run that has ended. */
  keep({ scheduled = [] }: Outcome, urn = ""): void {
    for (const name of scheduled) this.#wanted.set(name, urn);
  }

  /** The part of a pin's scheduled upgrade that no other pin counts on; undefined when nothing is left of it. */
  rest(upgrade: UpgradeRecord, urn = ""): UpgradeRecord | undefined {
    const free = (name: string) => (this.#wanted.get(name) ?? urn) === urn;
    if (upgrade.tasks === undefined) return free(upgrade.task) ? upgrade : undefined;
    const left = Object.entries(upgrade.tasks).filter(([member]) => free(member));
    return left.length === 0 ? undefined : { ...upgrade, tasks: Object.fromEntries(left) };
  }
}
