import { z } from "zod";
import { argument, choice, duration } from "../arguments";
import type { ChangeArguments } from "../policy";
import { APPROVAL_FORMAT } from "./approval";
import {
  type Blackout,
  type ChangeWindow,
  fitsNowhere,
  isMoment,
  isTime,
  isTimeZone,
  lastStartOf,
  lengthOf,
  overlapping,
  spanOf,
  WEEKDAYS,
} from "./calendar";

/** Arguments of every resource type that control when an upgrade may begin. Error messages show a valid value. */

const WINDOW = '{ "days": ["sat", "sun"], "from": "02:00", "to": "06:00", "timeZone": "Asia/Shanghai" }';
const BLACKOUT =
  '{ "from": "2026-12-20", "to": "2027-01-05", "timeZone": "Asia/Shanghai", "reason": "year-end freeze" }';

/** Longest overnight window, in minutes; a longer one is more likely a mistake. */
const LONGEST_OVERNIGHT = 12 * 60;

const time = (example: string) =>
  z
    .string({ error: `must be a local time, such as "${example}"` })
    .refine(isTime, `must be a local time with two digits each, such as "${example}"`);

const timeZone = z
  .string({ error: 'must be an IANA time zone, such as "Asia/Shanghai"' })
  .refine(isTimeZone, 'is not an IANA time zone. Examples: "Asia/Shanghai", "Europe/Berlin", "UTC"');

const changeWindow = z
  .strictObject(
    {
      days: z
        .array(z.enum(WEEKDAYS, { error: 'must be three letters of a day, such as "sat"' }))
        .min(1, 'must name at least one day, such as ["sat"]; leave it out for every day')
        .optional(),
      from: time("02:00").refine((text) => text !== "24:00", 'must be before "24:00"; the next day begins at "00:00"'),
      to: time("06:00"),
      lastStart: time("05:00").optional(),
      timeZone,
      overnight: z.boolean({ error: "must be true or false" }).optional(),
    },
    { error: (issue) => objectProblem(issue, WINDOW) },
  )
  .superRefine((window, context) => {
    const problem = windowProblem(window);
    if (problem !== undefined) context.addIssue({ code: "custom", ...problem });
  });

function windowProblem({ overnight = false, ...window }: ChangeWindow & { overnight?: boolean | undefined }) {
  const { from, to, lastStart } = window;
  if (from === to) {
    return {
      path: ["to"],
      message: `is the same as \`from\`, so the window is empty. A whole day is "00:00" to "24:00"`,
    };
  }
  const nextDay = to <= from;
  const length = lengthOf(window);
  if (nextDay && !overnight && length > LONGEST_OVERNIGHT) {
    const hours = Math.round(length / 60);
    const message = `is before \`from\` (${from}), so the window would end on the next day, after ${hours} hours. Set \`overnight\` to true if that is intended. Example: "22:00" to "02:00"`;
    return { path: ["to"], message };
  }
  if (!nextDay && overnight) {
    return { path: ["overnight"], message: `is true, but the window ends on the same day (${from} to ${to})` };
  }
  if (lastStart !== undefined && (lastStart === from || lastStartOf(window) > length)) {
    return { path: ["lastStart"], message: `must be after \`from\` (${from}) and not after \`to\` (${to})` };
  }
  return undefined;
}

const moment = (example: string) =>
  z
    .string({ error: `must be a date, such as "${example}"` })
    .refine(isMoment, `must be a date or a date with a time. Examples: "${example}", "${example}T18:00"`);

const blackout = z
  .strictObject(
    {
      from: moment("2026-12-20"),
      to: moment("2027-01-05"),
      timeZone: timeZone.optional(),
      reason: z.string({ error: 'must be a sentence, such as "year-end freeze"' }).min(1, "must not be empty"),
    },
    { error: (issue) => objectProblem(issue, BLACKOUT) },
  )
  .superRefine((dates, context) => {
    if (!isDated(dates)) return;
    const { from, to } = spanOf(dates);
    if (from < to) return;
    context.addIssue({ code: "custom", path: ["to"], message: `must be after \`from\` (${dates.from})` });
  });

/** Whether both dates are valid; each has its own check. */
function isDated({ from, to, timeZone: zone = "UTC" }: Omit<Blackout, "reason">): boolean {
  return isMoment(from) && isMoment(to) && isTimeZone(zone);
}

function objectProblem(issue: z.core.$ZodRawIssue, example: string): string | undefined {
  if (issue.code !== "unrecognized_keys") return `must be an object, such as ${example}`;
  const names = (issue["keys"] as string[]).map((key) => `\`${key}\``).join(", ");
  return `has unknown names: ${names}. Example: ${example}`;
}

export const windows = z
  .array(changeWindow, { error: `must be a list of windows, such as [${WINDOW}]` })
  .min(1, `must not be empty, or no window would ever open. Leave it out, or name one: [${WINDOW}]`);

export const blackouts = z
  .array(blackout, { error: `must be a list of blackouts, such as [${BLACKOUT}]` })
  .superRefine((all: readonly Blackout[], context) => {
    const pair = all.every(isDated) ? overlapping(all) : undefined;
    if (pair === undefined) return;
    const [one, other] = pair.map((at) => `${all[at]?.from} to ${all[at]?.to}`);
    context.addIssue({ code: "custom", message: `must not overlap: ${one} and ${other}. Merge them into one` });
  });

const approvedUpgrade = z.object({
  from: z.string(),
  to: z.string(),
  how: z.string(),
  digest: z.string(),
  approvedAt: z.iso.datetime('must be a time in UTC, such as "2026-12-01T10:00:00Z"'),
  approvedBy: z.string(),
  expiresAt: z.iso.datetime('must be a time in UTC, such as "2026-12-04T10:00:00Z"').optional(),
});

/** The content of `approved.json`. */
export const approvals = z.object(
  {
    formatVersion: z.literal(APPROVAL_FORMAT, {
      error: `must be ${APPROVAL_FORMAT}: the file was written by another version of \`pulumi-dbversion approve\`. Write it again with this version`,
    }),
    approvals: z.record(z.string(), z.record(z.string(), approvedUpgrade)),
  },
  { error: "must be the content of a file that `pulumi-dbversion approve` has written" },
);

const BACKUP = '{ "maxAge": "24h" }';

const backupFields = {
  maxAge: duration("24h"),
  waive: z
    .string({ error: 'must be a sentence, such as "restored from a snapshot by hand"' })
    .min(1, "must be the reason why the rule does not apply; leave it out if the rule applies")
    .optional(),
};

/**
 * @param more arguments of a type in addition to `maxAge` and `waive`
 * @param type its name in `sdk/`
 * @param about description, as sentences
 */
export function backupArgument<M extends z.ZodRawShape>(more: M, type: string, ...about: readonly string[]) {
  const schema = z.strictObject({ ...backupFields, ...more }, { error: (issue) => objectProblem(issue, BACKUP) });
  return argument(schema.optional(), {
    description: [
      "The maximum age of the last complete backup when an upgrade begins, as `maxAge`. Backups are read from the vendor; none is ever started.",
      "If the last backup is too old or cannot be read, the upgrade is held, unless `waive` gives a reason why it may begin anyway. A running backup always holds the upgrade.",
      ...about,
    ],
    example: { maxAge: "24h" },
    type,
  });
}

export const changeArguments = {
  windows: argument(windows.optional(), {
    description: [
      "When an upgrade may begin, in local time. An upgrade that has begun continues after the window ends.",
      "Without this argument, an upgrade may begin at any time. Refused with `schedule` `maintenance-window`, where the service chooses the time.",
    ],
    otherwise: "the config value `dbversion:windows`",
    example: [{ days: ["sat", "sun"], from: "02:00", to: "06:00", lastStart: "05:00", timeZone: "Asia/Shanghai" }],
    type: "ChangeWindow[]",
  }),
  blackouts: argument(blackouts.optional(), {
    description: [
      "Periods in which no upgrade may begin, not even inside a window.",
      "If the end is a date, that day is included.",
    ],
    otherwise: "the config value `dbversion:blackouts`",
    example: [{ from: "2026-12-20", to: "2027-01-05", timeZone: "Asia/Shanghai", reason: "year-end freeze" }],
    type: "Blackout[]",
  }),
  freeze: argument(z.string({ error: 'must be a sentence, such as "incident 4711"' }).optional(), {
    description: [
      "The reason why no upgrade may begin now. While it is set, no upgrade request is sent.",
      "The config value `dbversion:freeze` does the same for all resources in the stack.",
    ],
    example: "incident 4711",
  }),
  expect: argument(duration("50m").optional(), {
    description: "How long the upgrade usually takes. It does not begin if the window would end before it is finished.",
    example: "50m",
  }),
  approval: argument(approvals.optional(), {
    description: [
      "The content of `approved.json`, which `pulumi-dbversion approve` writes. With this argument, only approved upgrades begin.",
      "An approval covers exactly one plan; other versions, packages or arguments need a new approval. It is used up when the version is reached.",
    ],
    type: "ApprovedUpgrades",
  }),
  backup: backupArgument({}, "BackupRule"),
  onHeld: choice(
    {
      report: "end successfully, with a warning",
      wait: "wait within the time limit",
      fail: "end with an error",
    },
    {
      description: "What to do when an upgrade is needed, but must not begin now.",
      default: "report",
    },
  ),
};

/** Checks combinations of arguments. For `superRefine`. */
export function checkChangeArguments(
  { windows: given, blackouts: dark, expect, schedule }: ChangeArguments & { readonly schedule?: string | undefined },
  context: z.RefinementCtx,
): void {
  const refuse = (path: string, message: string) => context.addIssue({ code: "custom", path: [path], message });
  if (schedule === "maintenance-window") {
    const message =
      'cannot be combined with `schedule` "maintenance-window", where the service chooses the time; leave it out';
    if (given !== undefined) refuse("windows", message);
    if (dark !== undefined) refuse("blackouts", message);
  }
  if (given !== undefined && expect !== undefined && fitsNowhere(given, expect)) {
    refuse("expect", `is longer than every window, so no upgrade could begin. Make a window at least ${expect} long`);
  }
}
