import { counted, formatDuration } from "../../base/sentences";
import { UpgradeError } from "../../core/errors";
import type { Requested } from "../../core/request";
import type { Runtime } from "../../core/runtime";
import type { Finding } from "../../core/unit";
import type { Gateway } from "../../huaweicloud/gateway";
import type { PreCheckResult } from "../schema";
import { readPreCheck, startPreCheck } from "./instances";

/** Time limit of a pre-check, and the interval between polls of its result, in milliseconds. */
const TIME_LIMIT = 5 * 60_000;
const PAUSE = 5_000;

type Row = PreCheckResult["upgrade_precheck_detail"][number];

/** The vendor's own check before an upgrade, run once per instance and kernel. Skipped where the region lacks it. */
export class PreCheck {
  readonly #gateway: Gateway;
  readonly #runtime: Runtime;
  /** Findings by instance and kernel; undefined when there is none. */
  readonly #checked = new Map<string, Finding | undefined>();
  /** Instances, by kernel, whose pre-check was refused once. */
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
   * Checks the instances that were not checked yet. Each group is one request, and all groups run concurrently.
   * @param groups of one kernel each, with no more members than a request may contain
   * @returns whether anything was checked
   * @throws Refused when one of the groups is busy, and no other was checked
   */
  async check(groups: readonly (readonly Requested[])[]): Promise<boolean> {
    const open = groups
      .map((group) => group.filter(({ unit, from }) => !this.#checked.has(keyOf(unit, from))))
      .filter((group) => group.length > 0);
    if (open.length === 0 || !this.#served) return false;
    const checks = await Promise.allSettled(open.map((group) => this.#tryGroup(group)));
    // Checked groups must be evaluated whatever happened to the others, which are checked again then.
    if (checks.some((check) => check.status === "fulfilled" && check.value)) return true;
    const failed = checks.find((check) => check.status === "rejected");
    if (failed !== undefined) throw failed.reason;
    return false;
  }

  /** The service refuses to check a kernel that an instance no longer has: after the first refusal, read again. */
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
    const before = await this.#resultBefore(group);
    if ((await startPreCheck(this.#gateway, group)) === undefined) {
      this.#served = false;
      return false;
    }
    const result = await this.#result(group, before);
    for (const { unit, from } of group) {
      this.#checked.set(keyOf(unit, from), objection(result, unit, group.length === 1));
    }
    return true;
  }

  /**
   * The time of an earlier result, which may be returned until the new one is available. Undefined where there is none.
   */
  async #resultBefore(group: readonly Requested[]): Promise<number | undefined> {
    try {
      const result = await readPreCheck(this.#gateway, group);
      return result !== undefined && isComplete(result) ? result.updated_at : undefined;
    } catch (error) {
      // Too early, or for a kernel that the instance no longer has: the pre-check itself will report it.
      if (error instanceof UpgradeError && (error.code === "blocked" || error.code === "refused")) return undefined;
      throw error;
    }
  }

  /** Undefined after the time limit. @param before time of an earlier result */
  async #result(group: readonly Requested[], before: number | undefined): Promise<PreCheckResult | undefined> {
    const { clock, signal, report } = this.#runtime;
    const until = clock.elapsed() + TIME_LIMIT;
    while (clock.elapsed() < until) {
      const result = await readPreCheck(this.#gateway, group);
      const fresh = before === undefined || result?.updated_at !== before;
      if (result !== undefined && isComplete(result) && fresh) return result;
      report({ message: `pre-checking ${counted(group.length, "instance")} at ${group[0]?.from ?? ""}` });
      await clock.sleep(PAUSE, signal);
    }
    return undefined;
  }
}

/** Until a pre-check has finished, some regions return "false" without rows. */
function isComplete({ upgrade_precheck_detail: rows }: PreCheckResult): boolean {
  return rows.length > 0;
}

/**
 * The findings for one instance. Rows identify their instances in `check_object`; failed rows without one apply to
 * every instance of the check.
 */
function objection(result: PreCheckResult | undefined, id: string, alone: boolean): Finding | undefined {
  if (result === undefined) {
    return {
      code: "pre-check-silent",
      message: `The pre-check returned no result within ${formatDuration(TIME_LIMIT)}.`,
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
