import type { SimResponse } from "../shell/http";
import { findInstance, requireFree } from "./access";
import { bodyOf, booleanField, jsonResponse, type ProjectCall } from "./call";
import { parameterError, Refusal } from "./errors";
import { compareKernel, latestKernel } from "./kernel";
import type { RouteName } from "./routes";
import type { InstanceState, StarRocksState } from "./state";
import { type Target, targetsOf } from "./targets";
import { addJob, addSchedule, asJob, cancelSchedule, pendingOf } from "./tasks";
import { uuid } from "./world";

/** The kernel upgrades of TaurusDB instances: in a batch (TaurusDB facts §2.2), and of one (§2.4). */

/** Responds with "success" only: no job, no result per instance. */
export function batchUpgrade(call: ProjectCall): SimResponse {
  const { switches } = call.world.state;
  const body = bodyOf(call, ["databases_instance_infos", "delay"]);
  const rules = { limit: switches.batchLimit, mixed: switches.mixedVersions === "accept" };
  const targets = targetsOf(call, body, rules);
  const delay = booleanField(body, "delay", { empty: false });
  if (delay === undefined) throw parameterError("delay is required.");
  const { granted, refusal } = judge(call, targets, delay);
  if (refusal !== undefined && (switches.batch === "allOrNothing" || granted.length === 0)) throw refusal;
  for (const instance of granted) accept(call, "upgrade", instance, { delay });
  note(call, "batchUpgrade", granted, delay);
  return jsonResponse({ resp: "success" });
}

/** The instances that may be upgraded, and the first error of the others. */
function judge(
  call: ProjectCall,
  targets: readonly Target[],
  delay: boolean,
): { readonly granted: readonly InstanceState[]; readonly refusal: Refusal | undefined } {
  const granted: InstanceState[] = [];
  let refusal: Refusal | undefined;
  for (const target of targets) {
    try {
      granted.push(upgradable(call, target.id, delay, target.version));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      refusal ??= error;
    }
  }
  return { granted, refusal };
}

/** Can be polled by its job id. */
export function upgradeOne(call: ProjectCall): SimResponse {
  const body = bodyOf(call, ["delay"]);
  const delay = booleanField(body, "delay", { empty: false }) ?? false;
  const instance = upgradable(call, call.params["instance"] ?? "", delay);
  const id = accept(call, "upgrade", instance, { delay });
  note(call, "upgrade", [instance], delay);
  return jsonResponse({ job_id: id });
}

function upgradable(call: ProjectCall, id: string, delay: boolean, version?: string): InstanceState {
  const { switches } = call.world.state;
  const instance = findInstance(call, id, switches.missingForUpgrade);
  requireFree(call, instance, delay);
  if (instance.preparation === "toBeConfirmed") throw new Refusal("DBS.200086");
  if (version !== undefined && version !== instance.kernel && switches.wrongCurrentVersion === "refuse") {
    throw parameterError(`current_version of ${id} is not ${version}.`);
  }
  if (compareKernel(instance.kernel, latestKernel(call.region, instance)) >= 0) throw alreadyLatest(call);
  return instance;
}

export function alreadyLatest({ world }: ProjectCall): Refusal {
  return new Refusal("DBS.05000008", { status: world.state.switches.alreadyLatestStatus });
}

export interface Acceptance {
  readonly delay: boolean;
  readonly skipValidation?: boolean;
}

/** Starts or schedules an upgrade; the id of its job or scheduled task. */
export function accept(
  { world, now }: ProjectCall,
  kind: "upgrade" | "starRocks",
  subject: InstanceState | StarRocksState,
  { delay, skipValidation = false }: Acceptance,
): string {
  const { switches, timings } = world.state;
  if (!delay) {
    const job = addJob(world, now, kind, subject, { startMs: timings.startMs, skipValidation });
    return job?.id ?? uuid(world.random);
  }
  if (switches.secondDelayed === "replace") for (const old of pendingOf(world, subject.id)) cancelSchedule(old);
  return asJob(world, addSchedule(world, now, kind, subject, skipValidation).id);
}

/** Records an accepted upgrade, to count them. */
export function note(
  { world, now, project }: ProjectCall,
  route: RouteName,
  subjects: readonly { readonly id: string }[],
  delay: boolean,
): void {
  const instances = subjects.map((one) => one.id);
  world.state.accepted.push({ at: now, route, projectId: project.id, instances, delay });
}
