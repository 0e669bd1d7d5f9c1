import fc from "fast-check";
import type { Fate, Spec } from "./vendor";
import { type Fault, HOUR, MINUTE, type Moment, SECOND, type Up } from "./world";

const NEW = "2.0.78.260600";
const VERSIONS = ["2.0.28.7", "2.0.48.231200", "2.0.51.240305", "2.0.75.28", NEW, "2.0.80.1"];
const CANCEL_FAULTS = ["fine", "lost-before", "lost-after", "refused", "ignored"] as const;
const FAULTS: Fault[] = ["lost-before", "lost-after", "unsent", "busy", "soon", "final"];
const MOMENTS: Moment[] = [
  "read:begin",
  "read:end",
  "start:begin",
  "start:effect",
  "start:end",
  "cancel:begin",
  "cancel:end",
];

/** Everything that a vendor does becomes visible within the times that the policy allows: less than five minutes. */
const soon = fc.integer({ min: 0, max: 4 * MINUTE });
const later = fc.integer({ min: 0, max: 3 * HOUR });

const fate: fc.Arbitrary<Fate> = fc
  .record(
    {
      startsAfter: soon,
      takes: fc.integer({ min: SECOND, max: 40 * MINUTE }),
      ends: fc.constantFrom("completes", "completes", "fails", "stays", "never"),
      to: fc.constantFrom("2.0.51.240311", "2.0.75.28", NEW, NEW),
      lag: soon,
      endsUnseen: soon,
    },
    { requiredKeys: [] },
  )
  // A short task may run between two reads: before and after it, it is not visible for less than five minutes in all.
  .map(({ endsUnseen = 0, startsAfter = 0, ...rest }) =>
    endsUnseen === 0 ? { ...rest, startsAfter } : { ...rest, startsAfter: startsAfter / 2, endsUnseen: endsUnseen / 2 },
  );

/** The last request completes. */
const fates = fc
  .tuple(fc.array(fate, { maxLength: 3 }), soon)
  .map(([before, startsAfter]): Fate[] => [...before, { startsAfter }]);

const spec = fc.record(
  {
    version: fc.constantFrom(...VERSIONS),
    fates,
    window: later.map((opens): [number, number] => [opens, opens + 4 * HOUR]),
    refuses: fc.record({
      kind: fc.constantFrom("busy" as const, "soon" as const, "final" as const),
      until: fc.integer({ min: 0, max: HOUR }),
    }),
    busy: fc.tuple(later, later).map(([from, length]): [number, number] => [from, from + length / 4]),
    deletedAt: fc.option(later, { nil: Number.POSITIVE_INFINITY, freq: 1 }),
    broken: fc.constant("It is frozen."),
  },
  { requiredKeys: ["version", "fates", "window"] },
);

/** Most instances have no faults. */
const instance = fc.tuple(spec, fc.nat({ max: 19 })).map(([{ refuses, busy, deletedAt, broken, ...well }, luck]) => ({
  ...well,
  offered: NEW,
  ...(luck < 3 && refuses !== undefined ? { refuses } : {}),
  ...(luck < 6 && busy !== undefined ? { busy } : {}),
  ...(luck === 7 && deletedAt !== undefined ? { deletedAt } : {}),
  ...(luck === 8 && broken !== undefined ? { broken } : {}),
}));

export const specs: fc.Arbitrary<Spec[]> = fc
  .array(instance, { minLength: 1, maxLength: 7 })
  .map((all) => all.map((one, i) => ({ name: `i${i}`, ...one })));

export interface RandomUp {
  readonly up: Up;
  /** Instances left out, by index. */
  readonly without: readonly number[];
  /** Milliseconds until the next one. */
  readonly pause: number;
  readonly stopAt?: readonly [moment: Moment, nth: number] | undefined;
  readonly elsewhere?: readonly [read: number, member: number] | undefined;
  /** The vendor is unreachable until this time after the window of an instance has opened. */
  readonly unreachableUntil?: readonly [member: number, after: number] | undefined;
}

export const randomUp: fc.Arbitrary<RandomUp> = fc
  .record({
    version: fc.constantFrom(">=2.0.78", ">=2.0.78", ">=2.0.75", "2.0.78"),
    schedules: fc.boolean(),
    mostPerRequest: fc.integer({ min: 1, max: 4 }),
    wait: fc.boolean(),
    grace: fc.boolean(),
    onNewer: fc.constantFrom("report" as const, "accept" as const, "fail" as const),
    faults: fc.array(fc.oneof({ arbitrary: fc.constant<Fault>("fine"), weight: 3 }, fc.constantFrom(...FAULTS)), {
      maxLength: 6,
    }),
    cancelFaults: fc.array(fc.constantFrom(...CANCEL_FAULTS), { maxLength: 3 }),
    unreachable: fc.array(
      fc.tuple(later, fc.integer({ min: 0, max: 30 * MINUTE })).map(([from, length]) => [from, from + length] as const),
      { maxLength: 2 },
    ),
    abortAfter: fc.option(fc.oneof(fc.integer({ min: 0, max: 10 * SECOND }), later)),
    stopAt: fc.option(fc.tuple(fc.constantFrom(...MOMENTS), fc.integer({ min: 1, max: 6 }))),
    elsewhere: fc.option(fc.tuple(fc.integer({ min: 1, max: 5 }), fc.nat({ max: 6 })), { freq: 1 }),
    unreachableUntil: fc.option(fc.tuple(fc.nat({ max: 6 }), soon), { freq: 2 }),
    without: fc.array(fc.nat({ max: 6 }), { maxLength: 2 }),
    pause: fc.oneof(fc.integer({ min: 0, max: 10 * SECOND }), fc.integer({ min: 0, max: 10 * MINUTE }), later),
  })
  .map(({ without, pause, stopAt, elsewhere, unreachableUntil, wait, onNewer, abortAfter, ...up }) => ({
    up: { ...up, policy: { wait, onNewer }, ...(abortAfter === null ? {} : { abortAfter }) },
    without,
    pause,
    stopAt: stopAt ?? undefined,
    elsewhere: elsewhere ?? undefined,
    unreachableUntil: unreachableUntil ?? undefined,
  }));
