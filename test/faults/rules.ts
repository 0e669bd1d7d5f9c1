/** The rules that every history must obey. */
export const RULES = {
  "one upgrade": "the vendor accepts an upgrade to the target version only if every earlier one has failed",
  "no duplicate request":
    "no upgrade request is sent while an upgrade to the target version is in progress that the vendor or the state shows",
  "no request after the end": "no request is started after ^C, the deadline or the end of a run",
  "change rules obeyed":
    "during a freeze or blackout, outside the window or without an approval, cancellations are the only writes",
  "no requests while held": "a run whose upgrade is still held for the same reason sends no requests",
  "reads only": "a preview and a refresh send only reads and logins",
  "preview is true": "an `up` without faults sends what a preview just before it shows, and nothing else",
  "prompt interruption": "a run ends within a second after ^C",
  "ends by the deadline": "a run ends, at the latest within a second after its deadline",
  "error with code": "a run succeeds, or ends with an error that has a code other than `unexpected`",
  "justified error": "the code of an error matches the faults and events of the history",
  "observed versions only": "outputs contain only versions that the vendor had, or that its responses contained",
  "current is correct": "the status is `current` only if all members satisfy the target version",
  "valid stored inputs":
    "check and diff accept the stored inputs without changes or a replacement, whichever arguments are ignored",
  "task recorded": "an accepted upgrade whose response arrived is in the state afterwards",
  "no pending timers": "a run that has ended leaves no timer of more than five seconds",
  "bounded requests": "the number of requests is limited by the duration of the run",
  "bounded messages": "the number of lasting messages of a run is limited",
  converges: "runs without faults reach the target version if the remedies of their errors are followed",
  "no changes": "a resource that is up to date causes no requests and no changes",
} as const;

export type Rule = keyof typeof RULES;

export interface Violation {
  readonly rule: Rule;
  readonly text: string;
}

/** Keeps the first violation, and counts the checks. */
export class RuleChecks {
  readonly checked: Partial<Record<Rule, number>> = {};
  #violation: Violation | undefined;

  get violation(): Violation | undefined {
    return this.#violation;
  }

  /** @param text describes the violation; called only if there is one */
  require(holds: boolean, rule: Rule, text: () => string): void {
    this.checked[rule] = (this.checked[rule] ?? 0) + 1;
    if (!holds) this.#violation ??= { rule, text: text() };
  }
}
