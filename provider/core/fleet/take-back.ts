import type { CancelPause, ScheduledUpgrades } from "../cancel-scheduled";
import type { SetDriver } from "../driver";
import { Refused, sending, Unreachable } from "../errors";
import { untold } from "../observer";
import type { UpgradeRecord } from "../outcome";
import { Watch } from "../pace";
import type { Patience } from "../patience";
import { SOON_TRIES } from "../policy";
import type { Runtime } from "../runtime";
import { count, some } from "../sentences-of-many";
import type { View } from "../unit";
import { Schedule } from "./schedule";

type Withdrawing = Pick<SetDriver, "cancel" | "words">;

/** Takes back, in a run, what waits for a window and is not wanted any more. */
export class TakeBack {
  readonly #pin: Withdrawing;
  readonly #runtime: Runtime;
  readonly #schedule: Schedule;
  readonly #watch: Watch;
  readonly #tries = new Map<string, number>();

  constructor(pin: Withdrawing, runtime: Runtime, schedule: Schedule) {
    this.#pin = pin;
    this.#runtime = runtime;
    this.#schedule = schedule;
    this.#watch = new Watch(runtime.clock, runtime.signal, runtime.random);
  }

  /** Tasks that the vendor did not take back, however often it was asked. */
  get kept(): ReadonlySet<string> {
    return new Set([...this.#tries].flatMap(([task, tries]) => (tries > SOON_TRIES ? [task] : [])));
  }

  /** What came of it, the next look tells. @returns whether anything was taken back */
  async ask(tasks: readonly string[]): Promise<boolean> {
    const confirmed = await takeBack(this.#pin, tasks, this.#runtime);
    this.#schedule.drop(confirmed);
    const kept = tasks.filter((task) => !confirmed.includes(task));
    for (const task of kept) this.#tries.set(task, (this.#tries.get(task) ?? 0) + 1);
    if (kept.length > 0) await this.#watch.pauseAfterRefusal();
    return confirmed.length > 0;
  }
}

/** @returns the ids of those that the vendor says were taken back; fewer when it refused or its answer was lost */
async function takeBack(pin: Withdrawing, ids: readonly string[], runtime: Runtime): Promise<readonly string[]> {
  try {
    return await askBack(pin, ids, runtime);
  } catch (error) {
    runtime.signal.throwIfAborted();
    if (!(error instanceof Unreachable) && !(error instanceof Refused)) throw error;
    runtime.warn(`${error.message}; looking at what was to be taken back`);
    return [];
  }
}

/**
 * Takes back what this pin scheduled for members that it does not have any more. They are not looked at, so the vendor's
 * word is taken for it. Asking twice does no harm.
 * @param cancelPause taken before; none where that was done
 * @returns whether anything was taken back
 */
export async function forsake(
  pin: Withdrawing & Pick<SetDriver, "units">,
  schedule: Schedule,
  patience: Patience,
  runtime: Runtime,
  cancelPause?: CancelPause,
): Promise<boolean> {
  const { clock, signal, random, warn } = runtime;
  if (schedule.others(pin.units).length > 0) await cancelPause?.take();
  keep(schedule, schedule.others(pin.units), pin, runtime);
  const members = schedule.others(pin.units);
  const ids = schedule.idsOf(members);
  const unseen = members.filter((member) => schedule.unseen(member));
  if (unseen.length > 0) {
    warn(
      `A ${pin.words.upgrade} may wait for its window at ${some(unseen)}: it was asked for and never seen. Look there.`,
    );
  }
  const watch = new Watch(clock, signal, random);
  let confirmed = 0;
  let left = ids;
  for (let tries = 1; left.length > 0; tries++) {
    try {
      const asked = left;
      const done = await patience.ask(() => askBack(pin, asked, runtime));
      confirmed += done.length;
      // Those of which the vendor says nothing may wait all the same: it is asked for them again until it has nothing to say.
      if (done.length === 0) break;
      left = left.filter((id) => !done.includes(id));
    } catch (error) {
      if (!(error instanceof Refused) || (error.refusal !== "final" && tries >= SOON_TRIES)) throw error;
      if (error.refusal === "final") {
        warn(`Not taken back: ${error.message}`);
        break;
      }
      await watch.pauseAfterRefusal();
    }
  }
  schedule.forget(members);
  return confirmed > 0;
}

/** What a resource of many members has scheduled; undefined when nothing of it may be canceled. */
export function scheduledInFleet(
  pin: SetDriver,
  upgrade: UpgradeRecord,
  patience: Patience,
  runtime: Runtime,
): ScheduledUpgrades | undefined {
  const schedule = new Schedule(upgrade);
  keep(schedule, Object.keys(schedule.tasks), pin, runtime);
  if (schedule.size === 0) return undefined;
  return {
    name: `the ${pin.words.upgrade} of ${count(schedule.size, pin.words)}`,
    waiting: async () => {
      // A failed update may have left tasks of members that the resource does not have any more.
      await forsake(pin, schedule, patience, runtime);
      const { units } = await patience.ask(() => observeAll(pin));
      return units.flatMap(({ name, activity }) =>
        activity?.kind === "scheduled" && schedule.owns(name, activity.task.id) ? [activity.task.id] : [],
      );
    },
    cancel: (ids) => takeBack(pin, ids, runtime),
  };
}

/** Scheduled upgrades that another resource relies on, or may, are none of ours any more: they are left, which is said. */
export function keep(
  schedule: Schedule,
  members: readonly string[],
  { words }: Pick<SetDriver, "words">,
  { keepScheduled, warn }: Pick<Runtime, "keepScheduled" | "warn">,
): void {
  for (const member of members) {
    const reason = schedule.has(member) ? keepScheduled?.(member) : undefined;
    if (reason === undefined) continue;
    const [id] = schedule.idsOf([member]);
    warn(`${words.upgrade} ${id === undefined ? "" : `${id} `}of ${member} stays scheduled: ${reason}`);
    schedule.forget([member]);
  }
}

async function askBack(
  pin: Withdrawing,
  ids: readonly string[],
  { signal, inform, warn }: Runtime,
): Promise<readonly string[]> {
  signal.throwIfAborted();
  if (pin.cancel === undefined) throw new Error("tasks are to be withdrawn from a vendor that cannot");
  const confirmed = await sending(async (): Promise<readonly string[]> => (await pin.cancel?.(ids)) ?? []);
  for (const id of confirmed) inform(`took back ${pin.words.upgrade} ${id}, which waited for its window`);
  const missing = ids.filter((id) => !confirmed.includes(id));
  if (missing.length > 0) warn(`not taken back, perhaps started by now: ${missing.join(", ")}`);
  return confirmed;
}

/** Every member, whatever is known of its version: that would matter to an upgrade alone. */
async function observeAll(pin: SetDriver): Promise<View> {
  const seen = pin.view(await pin.observe(true));
  const missing = untold(pin.units, seen);
  if (missing !== undefined) throw new Unreachable(missing, { sent: true, heard: true });
  return seen;
}
