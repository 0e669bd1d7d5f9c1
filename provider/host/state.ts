import { z } from "zod";
import type { SomeKind } from "../core/kind";
import type { Outcome, Status, UpgradeRecord } from "../core/outcome";
import { harmless } from "../core/printable";
import { argumentsOf, hiddenOf, type Properties } from "./properties";

const record = z.object({
  task: z.string(),
  kind: z.string(),
  from: z.string(),
  to: z.string(),
  startedAt: z.string(),
  finishedAt: z.string().optional(),
  joined: z.literal(true).optional(),
  tasks: z.record(z.string(), z.string()).optional(),
  window: z.object({ opens: z.string(), closes: z.string() }).optional(),
  state: z.enum(["running", "deferred", "succeeded", "failed", "rolled-back", "withdrawn", "unknown", "gone"]),
});

/** The upgrade that the state remembers. State of another version of this package is never a reason to fail. */
export function rememberedUpgrade(outputs: Properties | undefined): UpgradeRecord | undefined {
  const parsed = record.safeParse(outputs?.["lastUpgrade"]);
  if (!parsed.success) return undefined;
  return withoutUndefined(parsed.data);
}

function withoutUndefined({ finishedAt, joined, tasks, window, ...rest }: z.infer<typeof record>): UpgradeRecord {
  return {
    ...rest,
    ...(finishedAt === undefined ? {} : { finishedAt }),
    ...(joined === undefined ? {} : { joined }),
    ...(tasks === undefined ? {} : { tasks }),
    ...(window === undefined ? {} : { window }),
  };
}

/** States in which a pin is not settled: the next `up` goes on even when its arguments are unchanged. */
const UNSETTLED = new Set<unknown>(["behind", "upgrading", "failed"] satisfies Status[]);

/** @param now milliseconds since 1970; a deferred upgrade is looked at once its window has closed */
export function isUnsettled(outputs: Properties, now: number): boolean {
  if (outputs["status"] === "deferred") return !(Date.parse(rememberedUpgrade(outputs)?.window?.closes ?? "") > now);
  return UNSETTLED.has(outputs["status"]);
}

/**
 * The outputs after a run: the arguments as written, and what was observed. What was not looked at in this run stays as
 * the state had it.
 */
export function outputsOf(
  kind: SomeKind,
  inputs: Properties,
  outcome: Pick<Outcome, "status" | "observation" | "upgrade" | "problems">,
  before?: Properties,
): Record<string, unknown> {
  const { currentVersion, members, lastUpgrade } = before ?? {};
  const observed = outcome.observation === undefined ? {} : harmless(kind.outputs(outcome.observation));
  return {
    ...hiddenOf(inputs),
    ...argumentsOf(inputs),
    currentVersion,
    members,
    lastUpgrade,
    ...observed,
    status: outcome.status,
    problems: harmless(outcome.problems),
    ...(outcome.upgrade === undefined ? {} : { lastUpgrade: harmless(outcome.upgrade) }),
  };
}
