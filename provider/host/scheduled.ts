import type { Outcome, UpgradeRecord } from "../core/outcome";

/**
 * What the pins of a process have found waiting for its window and count on. A pin that is renamed or replaced is made anew
 * first, and finds the upgrade that the old one scheduled; then the old one is deleted, and must not take it back.
 */
export class Scheduled {
  readonly #counted = new Set<string>();

  /** Of a run that has ended. */
  keep({ counted = [] }: Outcome): void {
    for (const name of counted) this.#counted.add(name);
  }

  /** The part of a pin's scheduled upgrade that no other pin counts on; undefined when nothing is left of it. */
  rest(upgrade: UpgradeRecord): UpgradeRecord | undefined {
    if (upgrade.tasks === undefined) return this.#counted.has(upgrade.task) ? undefined : upgrade;
    const left = Object.entries(upgrade.tasks).filter(([member]) => !this.#counted.has(member));
    return left.length === 0 ? undefined : { ...upgrade, tasks: Object.fromEntries(left) };
  }
}
