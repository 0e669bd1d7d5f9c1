import type { SimResponse } from "../shell/http";
import { findInstance } from "./access";
import { bodyOf, jsonResponse, type ProjectCall } from "./call";
import { CHECK_ITEMS } from "./effects";
import { parameterError, Refusal } from "./errors";
import type { CheckState, InstanceState } from "./state";
import { isUnavailable, statusAt } from "./status";
import { targetsOf } from "./targets";
import { addJob } from "./tasks";
import { uuid } from "./world";

/** The pre-check pair (TaurusDB facts §2.3): at most 100 instances, all of one source version. */

const RULES = { limit: 100, mixed: false } as const;

/** One check for each instance; it works on a busy instance, and does not make it busy. */
export function startChecks(call: ProjectCall): SimResponse {
  const { world, now } = call;
  const instances = instancesOf(call);
  for (const instance of instances) refuseBusy(call, instance);
  const ids = instances.map((instance) => {
    const job = addJob(world, now, "preCheck", instance, { startMs: 0 });
    const jobId = job?.id ?? uuid(world.random);
    const { check } = instance;
    const previous = check === null || check.finishedAt !== null ? check : check.previous;
    instance.check = { jobId, finishedAt: null, failed: [], previous };
    return jobId;
  });
  return jsonResponse({ job_ids: ids });
}

/** `upgrade_precheck_result` is a string; the rows name their instance in `check_object`. */
export function checkResult(call: ProjectCall): SimResponse {
  const instances = instancesOf(call);
  const results = instances.map((one) => ({ one, check: shownCheck(call, one) }));
  const finished = results.filter(({ check }) => check !== null && check.finishedAt !== null);
  const updatedAt = Math.max(0, ...finished.map(({ check }) => check?.finishedAt ?? 0));
  if (finished.length < instances.length) return unfinished(call, updatedAt);
  const passed = finished.every(({ check }) => check?.failed.length === 0);
  return jsonResponse({
    upgrade_precheck_result: passed ? "true" : "false",
    updated_at: updatedAt,
    upgrade_precheck_detail: finished.flatMap(({ one, check }) => rowsOf(one, check)),
  });
}

type Shown = Pick<CheckState, "finishedAt" | "failed"> | null;

/** The last check; with the switch, the previous one until the last one has ended. */
function shownCheck({ world }: ProjectCall, { check }: InstanceState): Shown {
  if (check === null || check.finishedAt !== null) return check;
  return world.state.switches.preCheckUnfinished === "previous" ? check.previous : check;
}

function unfinished({ world }: ProjectCall, updatedAt: number): SimResponse {
  if (world.state.switches.preCheckUnfinished === "error") throw new Refusal("DBS.200543");
  return jsonResponse({ upgrade_precheck_result: "false", updated_at: updatedAt, upgrade_precheck_detail: [] });
}

function rowsOf({ id }: InstanceState, check: Shown): readonly object[] {
  return CHECK_ITEMS.map(({ item, description }) => ({
    check_item: item,
    check_description: description,
    check_object: id,
    check_status: check?.failed.includes(item) ? "failed" : "passed",
  }));
}

function instancesOf(call: ProjectCall): readonly InstanceState[] {
  const { switches } = call.world.state;
  const targets = targetsOf(call, bodyOf(call, ["databases_instance_infos"]), RULES);
  return targets.map(({ id, version }) => {
    const instance = findInstance(call, id, switches.missingForUpgrade);
    if (version !== instance.kernel && switches.wrongCurrentVersion === "refuse") {
      throw parameterError(`current_version of ${id} is not ${version}.`);
    }
    return instance;
  });
}

function refuseBusy({ world, now }: ProjectCall, instance: InstanceState): void {
  if (world.state.switches.preCheckWhileBusy === "accept") return;
  if (instance.job !== null || isUnavailable(statusAt(world, instance, now))) throw new Refusal("DBS.200019");
}
