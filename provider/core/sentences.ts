import { sentences } from "../base/sentences";
import type { Hold } from "./control/hold";
import { formatDuration } from "./duration";
import { type ErrorCode, UpgradeError } from "./errors";
import type { UpgradeRecord } from "./outcome";
import { RAISE, some } from "./sentences-of-many";
import { describeWindow, type Failure, nameOf, type Task, type Window } from "./task";
import type { Finding } from "./unit";

/** Error messages of a run. Kept in one place, because users search for these texts. */

export function failed(title: string, task: Task, failure: Failure): UpgradeError {
  return new UpgradeError("upgrade-failed", `${title}: ${nameOf(task)} failed: ${failure.message}`, {
    remedy: failure.remedy,
  });
}

/** @param cause the failure for which this tool requested the rollback */
export function rolledBack(title: string, task: Task, ending: Failure, cause?: Failure): UpgradeError {
  const remedy =
    cause === undefined ? ending.remedy : "Fix the cause, then run {apply} again to request the upgrade again.";
  const why = cause === undefined ? `: ${ending.message}` : ` by \`onFailure\`, because it failed: ${cause.message}`;
  return new UpgradeError("rolled-back", `${title}: ${nameOf(task)} was rolled back${why}`, { remedy });
}

export function blocked(title: string, findings: readonly Finding[]): UpgradeError {
  const reasons = findings.map(({ property, message, remedy }) => {
    const at = property === undefined ? "" : `${property}: `;
    return sentences(`${at}${message}`, remedy);
  });
  return new UpgradeError("blocked", `${title}: the upgrade was not started. ${sentences(...reasons)}`);
}

/** @param newer the newer versions and their members */
export function tooNew(
  title: string,
  { at, members }: { readonly at: string; readonly members: readonly string[] },
): UpgradeError {
  const ahead = members.every((name) => title.includes(name))
    ? ", which is newer than the target version"
    : `; newer than the target version: ${some(members)}`;
  return new UpgradeError("newer", `${title} runs ${at}${ahead}. Nothing was sent.`, { remedy: RAISE });
}

export function notUpgraded(title: string, task: Task, lowest: string): UpgradeError {
  return new UpgradeError(
    "not-upgraded",
    `${title}: ${nameOf(task)} is reported as successful, but ${lowest} still runs.`,
    {
      remedy: "Check `members` in the outputs, then run {apply} again. It starts from the current versions.",
    },
  );
}

export function unconfirmed(title: string, waited: number, cause: unknown): UpgradeError {
  return new UpgradeError(
    "unconfirmed",
    `${title}: the response to the upgrade request was lost, and no upgrade appeared within ${formatDuration(waited)}. It was not sent again.`,
    {
      remedy: "Run {apply} again. It reads the database first and sends the request only if no upgrade is running.",
      cause,
    },
  );
}

export function vanished(title: string, task: Task): UpgradeError {
  return new UpgradeError(
    "vanished",
    `${title}: the vendor no longer reports ${nameOf(task)}, and the target version has not been reached.`,
    { remedy: "Find out what happened to it, then run {apply} again. It starts from the current versions." },
  );
}

/** For an upgrade that continues where reads do not reach. */
export function forgotten(title: string, task: Task): string {
  return `${title}: the vendor no longer reports ${nameOf(task)}. Its result on the other participating clusters is unknown.`;
}

/** The vendor has not canceled it despite repeated requests. */
export function notCanceled(title: string, task: Task, window: Window): UpgradeError {
  return new UpgradeError(
    "refused",
    `${title}: ${nameOf(task)} could not be canceled. It is no longer needed, but is still scheduled for its maintenance window, ${describeWindow(window)}.`,
    { remedy: "Cancel it at the vendor before the window opens, or run {apply} again." },
  );
}

/** An upgrade that another person or tool scheduled is never canceled. */
export function scheduledByOthers(title: string, task: Task, window: Window): UpgradeError {
  return new UpgradeError(
    "blocked",
    `${title}: the upgrade was not started, because ${nameOf(task)}, which this resource did not schedule, is scheduled for its maintenance window, ${describeWindow(window)}.`,
    { remedy: "Cancel it at the vendor, or set `schedule` to `maintenance-window` to use it." },
  );
}

/** Messages for the three ways in which a run is stopped from outside. */
const STOPPED: Partial<Record<ErrorCode, string>> = {
  interrupted: "Interrupted",
  deadline: "The time limit was reached",
  "engine-gone": "{engine} is gone",
};

/** What a run knows about its upgrade. */
export interface UpgradeRecords {
  readonly upgrade: UpgradeRecord | undefined;
  /** The upgrade in the state when the run began. */
  readonly remembered: UpgradeRecord | undefined;
}

/** Describes what continues after a run was stopped from outside; other errors are returned unchanged. */
export function stoppedWith(
  error: UpgradeError,
  title: string,
  { upgrade, remembered }: UpgradeRecords,
  hold?: Hold,
): UpgradeError {
  const how = STOPPED[error.code];
  if (how === undefined) return error;
  const limit = error.code === "deadline" ? " ({timeLimit})" : "";
  if (upgrade?.state === "running") {
    return new UpgradeError(error.code, `${how}${limit}: ${title} is still running ${recordName(upgrade)}.`, {
      remedy: "Nothing was undone. Run {apply} again to resume waiting.",
      cause: error,
    });
  }
  if (upgrade?.state === "deferred") {
    return new UpgradeError(
      error.code,
      `${how}${limit}: ${title} has ${recordName(upgrade)} scheduled for its maintenance window.`,
      {
        remedy: "Nothing was undone. Run {apply} again.",
        cause: error,
      },
    );
  }
  if (upgrade?.state === "unknown") {
    return new UpgradeError(
      error.code,
      `${how}${limit}: the upgrade request was sent to ${title}, but no response was received.`,
      {
        remedy: "Run {apply} again. It searches for the upgrade first and resumes waiting for it.",
        cause: error,
      },
    );
  }
  if (upgrade?.finishedAt !== undefined && upgrade.finishedAt !== remembered?.finishedAt) {
    return new UpgradeError(
      error.code,
      `${how}${limit}: ${recordName(upgrade)} of ${title} has ended (${upgrade.state}), but the versions could not be read afterwards.`,
      { remedy: "Run {apply} again. It reads the database first and requests only what is outdated.", cause: error },
    );
  }
  if (hold !== undefined) {
    return new UpgradeError(
      error.code,
      `${how}${limit} while an upgrade of ${title} was held: ${hold.message}. Nothing was sent.`,
      { remedy: "Run {apply} again.", cause: error },
    );
  }
  return new UpgradeError(error.code, `${how}${limit} before an upgrade of ${title} was started; nothing was sent.`, {
    remedy: "Run {apply} again.",
    cause: error,
  });
}

function recordName({ task, kind, to }: UpgradeRecord): string {
  return nameOf({ id: task, kind, to });
}
