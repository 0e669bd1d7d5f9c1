import { formatDuration } from "../../core/duration";
import { UpgradeError } from "../../core/errors";
import type { Requested } from "../../core/request";
import type { Runtime } from "../../core/runtime";
import type { Finding } from "../../core/unit";
import type { Gateway } from "../../huaweicloud/gateway";
import type { PreCheckResult } from "../schema";
import { readPreCheck, type Source, startPreCheck } from "./instances";

/** How long a check may take, and how long until its result is asked for again, in milliseconds. */
const PATIENCE = 5 * 60_000;
const PAUSE = 5_000;

type Row = PreCheckResult["upgrade_precheck_detail"][number];

/**
 * The vendor's own check before an upgrade: once for each instance and kernel. Where the region lacks it, there is none.
 */
export class PreCheck {
  readonly #gateway: Gateway;
  readonly #runtime: Runtime;
  /** What it has against an instance at a kernel; undefined when nothing. */
  readonly #checked = new Map<string, Finding | undefined>();
  /** What it has refused to check once. */
  readonly #refused = new Set<string>();
  #served = true;

  constructor(gateway: Gateway, runtime: Runtime) {
    this.#gateway = gateway;
    this.#runtime = runtime;
  }

  objectionTo(id: string, kernel: string): Finding | undefined {
    return this.#checked.get(keyOf(id, kernel));
  }

  /**
   * Checks those that were not checked yet, each group by one call, all groups at the same time.
   * @param groups of one kernel each, no more members than a call may name
   * @returns whether anything was checked
   * @throws Refused when one of the groups is busy, and no other was checked
   */
  async check(groups: readonly (readonly Requested[])[]): Promise<boolean> {
    const open = groups
      .map((group) => group.filter(({ unit, from }) => !this.#checked.has(keyOf(unit, from))))
      .filter((group) => group.length > 0);
    if (open.length === 0 || !this.#served) return false;
    const checks = await Promise.allSettled(open.map((group) => this.#tryGroup(group)));
    // What was checked has to be looked at, whatever became of the others: those are checked again then.
    if (checks.some((check) => check.status === "fulfilled" && check.value)) return true;
    const failed = checks.find((check) => check.status === "rejected");
    if (failed !== undefined) throw failed.reason;
    return false;
  }

  /** The service refuses to check a kernel that an instance no longer has: the first refusal is worth another look. */
  async #tryGroup(group: readonly Requested[]): Promise<boolean> {
    try {
      return await this.#checkGroup(group);
    } catch (error) {
      const keys = group.map(({ unit, from }) => keyOf(unit, from));
      const refused = error instanceof UpgradeError && error.code === "blocked";
      if (!refused || keys.every((key) => this.#refused.has(key))) throw error;
      for (const key of keys) this.#refused.add(key);
      return true;
    }
  }

  async #checkGroup(group: readonly Requested[]): Promise<boolean> {
    const sources = group.map(({ unit, from }) => ({ instanceId: unit, currentVersion: from }));
    const before = await this.#resultBefore(sources);
    if ((await startPreCheck(this.#gateway, sources)) === undefined) {
      this.#served = false;
      return false;
    }
    const result = await this.#result(sources, before);
    for (const { instanceId, currentVersion } of sources) {
      this.#checked.set(keyOf(instanceId, currentVersion), objection(result, instanceId, sources.length === 1));
    }
    return true;
  }

  /** When the result of an earlier check was made: it may stand until the new one comes. Undefined where there is none. */
  async #resultBefore(sources: readonly Source[]): Promise<number | undefined> {
    try {
      const result = await readPreCheck(this.#gateway, sources);
      return result !== undefined && isComplete(result) ? result.updated_at : undefined;
    } catch (error) {
      // Asked too early, or of a kernel that is no longer there: the check itself will tell.
      if (error instanceof UpgradeError && (error.code === "blocked" || error.code === "refused")) return undefined;
      throw error;
    }
  }

  /** Undefined when it does not come. @param before when that of an earlier check was made */
  async #result(sources: readonly Source[], before: number | undefined): Promise<PreCheckResult | undefined> {
    const { clock, signal, report } = this.#runtime;
    const until = clock.elapsed() + PATIENCE;
    while (clock.elapsed() < until) {
      const result = await readPreCheck(this.#gateway, sources);
      const fresh = before === undefined || result?.updated_at !== before;
      if (result !== undefined && isComplete(result) && fresh) return result;
      report({ message: `pre-checking ${sources.length} at ${sources[0]?.currentVersion ?? ""}` });
      await clock.sleep(PAUSE, signal);
    }
    return undefined;
  }
}

/** Before a check is over some regions say "false" without rows. */
function isComplete({ upgrade_precheck_detail: rows }: PreCheckResult): boolean {
  return rows.length > 0;
}

/**
 * The findings for one instance. The rows name their instances in `check_object`; failed rows that name none are held
 * against every instance of the check.
 */
function objection(result: PreCheckResult | undefined, id: string, alone: boolean): Finding | undefined {
  if (result === undefined) {
    return {
      code: "pre-check-silent",
      message: `The pre-check returned no result within ${formatDuration(PATIENCE)}.`,
      remedy: "Run {apply} again, or set `preCheck` to `false`.",
    };
  }
  const failed = result.upgrade_precheck_detail.filter(({ check_status }) => check_status.toLowerCase() !== "passed");
  const named = result.upgrade_precheck_detail.some(({ check_object }) => check_object.includes(id));
  const own = alone || !named ? failed : failed.filter(({ check_object }) => check_object.includes(id));
  const passed = own.length === 0 && (result.upgrade_precheck_result || named || failed.length > 0);
  if (passed) return undefined;
  return {
    code: "pre-check-failed",
    message: `The pre-check failed: ${own.length === 0 ? "no reason was given" : own.map(sentence).join("; ")}.`,
    remedy: "Fix the cause first, or set `preCheck` to `false`.",
  };
}

function sentence({ check_item, check_description }: Row): string {
  return check_description === "" ? check_item : `${check_item} (${check_description.replace(/\.$/, "")})`;
}

function keyOf(id: string, kernel: string): string {
  return `${id} ${kernel}`;
}
