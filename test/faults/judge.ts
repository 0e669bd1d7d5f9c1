/** What has to hold in every history, whatever happens. */
export const RULES = {
  "one upgrade": "the vendor accepts an upgrade towards the target only when every earlier one has ended in failure",
  "no blind call":
    "the upgrade call is never sent while an upgrade towards the target runs and the vendor or the state knows of it",
  "no write after the end": "after ^C, the deadline or the end of a run no request is started",
  "only when it may":
    "nothing is written under freeze, in a blackout, outside the window or without an approval, but cancellations",
  "held costs nothing": "a run whose upgrade is held as it was before makes no request",
  "reads only": "a preview and a refresh send nothing but reads and logins",
  "ends at once": "a run ends within a second of ^C and of its deadline",
  "ends in time": "a run ends, and its deadline is the last moment for that",
  "typed ending": "a run ends well or with an error for people that has a code, and never with `unexpected`",
  "explained ending": "the code of an error fits what has happened",
  "observed only": "outputs name only versions that the vendor had, or that its answers named",
  "current is true": "`current` is said only when everything that is pinned satisfies the pin",
  "stored is valid input":
    "what is stored is accepted by check and diff, unchanged and without a replacement, whichever arguments are ignored",
  "task kept": "an accepted upgrade whose answer arrived is in the state afterwards",
  "nothing left behind": "a run that has ended leaves no request, and no timer of more than five seconds",
  "bounded requests": "the number of requests follows the time that was waited",
  "bounded news": "a run says a bounded number of lasting lines",
  converges: "runs without faults come to the pin, when the remedies of their errors are followed",
  rests: "a pin that is settled causes no request and no change",
} as const;

export type Rule = keyof typeof RULES;

export interface Violation {
  readonly rule: Rule;
  readonly text: string;
}

/** Keeps what was broken first, and counts what was looked at. */
export class Judge {
  readonly checked: Partial<Record<Rule, number>> = {};
  #violation: Violation | undefined;

  get violation(): Violation | undefined {
    return this.#violation;
  }

  /** @param text what was seen instead; made only when it is needed */
  that(holds: boolean, rule: Rule, text: () => string): void {
    this.checked[rule] = (this.checked[rule] ?? 0) + 1;
    if (!holds) this.#violation ??= { rule, text: text() };
  }
}
