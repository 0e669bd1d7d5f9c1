import type { HoldOf } from "../control/control";
import type { Hold } from "../control/hold";
import type { Driver } from "../driver";
import type { Policy } from "../policy";
import type { Cancellation } from "../reconcile/cancel";
import { type Texts, textsOf } from "../texts/texts";
import type { Unit } from "../unit";
import type { Upgrades } from "../upgrades/upgrades";
import { type Verdict, verdictOn } from "./verdict";

/** A verdict of one kind. */
export type Of<K extends Verdict["kind"]> = Extract<Verdict, { kind: K }>;

/** The verdicts of one read, by kind. */
export class Verdicts {
  readonly #all: readonly (readonly [Unit, Verdict])[];

  constructor(all: readonly (readonly [Unit, Verdict])[]) {
    this.#all = all;
  }

  units(kind: Verdict["kind"]): Unit[] {
    return this.each(kind).map(([unit]) => unit);
  }

  each<K extends Verdict["kind"]>(kind: K): (readonly [Unit, Of<K>])[] {
    const is = (verdict: Verdict): verdict is Of<K> => verdict.kind === kind;
    return this.#all.flatMap(([unit, verdict]) => (is(verdict) ? [[unit, verdict] as const] : []));
  }

  of<K extends Verdict["kind"]>(kind: K): Map<string, Of<K>> {
    return new Map(this.each(kind).map(([{ name }, verdict]) => [name, verdict] as const));
  }

  get holds(): Hold[] {
    return this.each("held").map(([, { hold }]) => hold);
  }

  /** Units whose problem the next read has to confirm. */
  get tentative(): Unit[] {
    return this.each("problem").flatMap(([unit, problem]) => (problem.tentative === true ? [unit] : []));
  }
}

/** Inputs of verdicts that change during a run. */
export interface Facts {
  readonly driver: Pick<Driver, "schedules">;
  readonly policy: Pick<Policy, "settleTime">;
  readonly upgrades: Pick<Upgrades, "attempts" | "evidenceOf" | "owns">;
  readonly cancellation: Pick<Cancellation, "refused">;
  readonly texts: Texts;
}

/** The verdicts for each unit. @param at when the read began */
export function judge(
  { driver, policy, upgrades, cancellation, texts }: Facts,
  units: readonly Unit[],
  at: number,
  holdOf: HoldOf,
): Verdicts {
  const verdict = (unit: Unit) =>
    verdictOn(unit, {
      now: at,
      known: upgrades.evidenceOf(unit, at),
      rounds: upgrades.attempts.entry(unit.name)?.rounds ?? 0,
      refusal: upgrades.attempts.refusal(unit.name),
      settleTime: policy.settleTime,
      schedules: driver.schedules,
      owns: (task) => upgrades.owns(unit.name, task),
      isKept: ({ id }) => cancellation.refused.has(id),
      holdOf,
      texts,
    });
  return new Verdicts(units.map((unit) => [unit, verdict(unit)] as const));
}

/** Whether a resource does not want a scheduled upgrade of a unit now: only another resource may need it. */
export function isUnwanted(unit: Unit, schedules: boolean, holdOf: HoldOf): boolean {
  return unit.standing !== "behind" || (!schedules && holdOf(unit) !== undefined);
}

/**
 * What the verdicts of a run would be after its first read, for a preview. A preview knows no earlier requests, and not
 * who scheduled an upgrade: it assumes that this resource did if the upgrade must be canceled first.
 */
export function foreseen(
  driver: Pick<Driver, "title" | "schedules" | "words">,
  units: readonly Unit[],
  holdOf: HoldOf,
): Verdicts {
  const { schedules } = driver;
  const about = { now: 0, known: undefined, rounds: 0, refusal: undefined, settleTime: 0, schedules, holdOf };
  const texts = textsOf(driver);
  const verdict = (unit: Unit) => {
    const owns = () => !schedules && unit.standing === "behind";
    return verdictOn(unit, { ...about, owns, isKept: () => false, texts });
  };
  return new Verdicts(units.map((unit) => [unit, verdict(unit)] as const));
}
