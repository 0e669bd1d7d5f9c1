import type { Announcement } from "./announce";
import type { FleetDriver } from "./driver";
import { keep } from "./give-up";
import type { UpgradeRecord } from "./outcome";
import type { Runtime } from "./runtime";
import { ScheduledTasks } from "./scheduled-tasks";
import { some } from "./sentences-of-many";
import type { View } from "./unit";

/** The cancellations that a run would send for members of a fleet, based on the tasks in the state. Reads only. */
export async function announceFleet(
  driver: Pick<FleetDriver, "units" | "view" | "observe" | "schedules" | "words">,
  seen: View,
  { keepScheduled }: Pick<Runtime, "keepScheduled">,
  remembered?: UpgradeRecord,
): Promise<readonly Announcement[]> {
  const schedule = new ScheduledTasks(remembered);
  // Scheduled upgrades of members that are up to date are only read on request.
  const { units: members } = schedule.size === 0 ? seen : driver.view(await driver.observe(true));
  schedule.seen(members);
  const kept: Announcement[] = [];
  const unwanted = members.filter(({ standing, activity }) => standing !== "behind" && activity?.kind === "scheduled");
  const asked = [...unwanted.map(({ name }) => name), ...schedule.others(driver.units)];
  keep(schedule, asked, driver, { keepScheduled, warn: (message) => kept.push({ message }) });
  const waiting = members.flatMap(({ name, standing, activity }) =>
    activity?.kind === "scheduled" && !(driver.schedules && standing === "behind")
      ? [{ name, standing, task: activity.task.id, ours: schedule.owns(name, activity.task.id) }]
      : [],
  );
  const unneeded = waiting.filter(({ ours }) => ours).map(({ name, task }) => `${task} of ${name}`);
  const removed = schedule
    .others(driver.units)
    .flatMap((name) => schedule.idsOf([name]).map((id) => `${id} of ${name}`));
  const foreign = waiting.filter(({ ours, standing }) => !ours && standing === "behind");
  const { upgrade } = driver.words;
  return [
    ...kept,
    ...listed(unneeded, (names) => ({ message: `will cancel the scheduled ${upgrade} ${names}` })),
    ...listed(removed, (names) => ({
      message: `will cancel the scheduled ${upgrade} ${names}, no longer part of this resource, if it still waits`,
    })),
    ...listed(
      foreign.map(({ name, task }) => `${task} of ${name}`),
      (names) => ({
        message: `nothing will be requested where this resource did not schedule the ${upgrade} that is scheduled for its maintenance window: ${names}`,
        warning: true,
      }),
    ),
  ];
}

function listed(names: readonly string[], tell: (names: string) => Announcement): Announcement[] {
  return names.length === 0 ? [] : [tell(some(names))];
}
