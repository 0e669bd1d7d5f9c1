import { isRecord, type Json, type ProjectCall, refuseUnknown, stringField } from "./call";
import { parameterError } from "./errors";

/** One entry of `databases_instance_infos` (TaurusDB facts §2.2, §2.3). */
export interface Target {
  readonly id: string;
  /** Source version as given by the caller. */
  readonly version: string;
}

export interface TargetRules {
  /** Most entries; null for no limit. */
  readonly limit: number | null;
  readonly mixed: boolean;
}

export function targetsOf({ world }: ProjectCall, body: Json, { limit, mixed }: TargetRules): readonly Target[] {
  const list = body["databases_instance_infos"];
  if (!Array.isArray(list) || list.length === 0) {
    throw parameterError("databases_instance_infos must be a list of instances.");
  }
  if (limit !== null && list.length > limit) throw parameterError(`At most ${limit} instances are allowed.`);
  const targets = list.map((entry: unknown) => {
    if (!isRecord(entry)) throw parameterError("databases_instance_infos must be a list of instances.");
    refuseUnknown(world, entry, ["instance_id", "current_version"]);
    return { id: stringField(entry, "instance_id"), version: stringField(entry, "current_version") };
  });
  if (new Set(targets.map((one) => one.id)).size < targets.length) throw parameterError("Duplicate instance_id.");
  if (!mixed && new Set(targets.map((one) => one.version)).size > 1) {
    throw parameterError("The instances must have the same current_version.");
  }
  return targets;
}
