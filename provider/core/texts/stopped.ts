import { formatDuration } from "../../base/sentences";
import type { Hold } from "../control/hold";
import { type ErrorCode, UpgradeError } from "../errors";
import type { UpgradeRecord } from "../outcome";
import { nameOf } from "../task";
import { some } from "./sentences";

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

/** Why a run had not requested an upgrade. */
interface Standstill {
  readonly hold: Hold | undefined;
  /** What it was waiting for. */
  readonly waiting: readonly string[];
  /** For how long the vendor has not responded, in milliseconds. */
  readonly unreachableFor: number;
}

/** Milliseconds without a response after which the last observation is called that: longer than between two polls. */
const OUTDATED = 30_000;

/** Describes what continues after a run was stopped from outside; other errors are returned unchanged. */
export function stoppedWith(
  error: UpgradeError,
  title: string,
  { upgrade, remembered }: UpgradeRecords,
  { hold, waiting, unreachableFor }: Standstill,
): UpgradeError {
  const how = STOPPED[error.code];
  if (how === undefined) return error;
  const limit = error.code === "deadline" ? " ({timeLimit})" : "";
  if (upgrade?.state === "running") {
    if (unreachableFor >= OUTDATED) {
      return new UpgradeError(
        error.code,
        `${how}${limit}: ${title}: ${recordName(upgrade)} was running when the vendor last responded, ${formatDuration(unreachableFor)} ago.`,
        { remedy: "Nothing was undone. Run {apply} again to resume waiting.", cause: error },
      );
    }
    return new UpgradeError(error.code, `${how}${limit}: ${title}: ${recordName(upgrade)} is still running.`, {
      remedy: "Nothing was undone. Run {apply} again to resume waiting.",
      cause: error,
    });
  }
  if (upgrade?.state === "deferred") {
    return new UpgradeError(
      error.code,
      `${how}${limit}: ${title}: ${recordName(upgrade)} is scheduled for its maintenance window.`,
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
  const ended = upgrade?.finishedAt !== undefined && upgrade.finishedAt !== remembered?.finishedAt;
  if (ended && upgrade.state === "withdrawn") {
    return new UpgradeError(
      error.code,
      `${how}${limit}: ${title}: ${recordName(upgrade)} was canceled before its maintenance window; nothing else was requested.`,
      { remedy: "Run {apply} again.", cause: error },
    );
  }
  if (ended) {
    return new UpgradeError(
      error.code,
      `${how}${limit}: ${title}: ${recordName(upgrade)} has ended (${upgrade.state}), but the versions could not be read afterwards.`,
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
  const reasons = waiting.length === 0 ? "" : ` (${some(waiting)})`;
  return new UpgradeError(
    error.code,
    `${how}${limit} before an upgrade of ${title} was started${reasons}; nothing was sent.`,
    { remedy: "Run {apply} again.", cause: error },
  );
}

function recordName({ task, kind, to }: UpgradeRecord): string {
  return nameOf({ id: task, kind, to });
}
