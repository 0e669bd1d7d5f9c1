import type { Principal } from "./account";
import type { ProjectCall } from "./call";
import { type ErrorCode, Refusal } from "./errors";
import type { InstanceState, StarRocksState } from "./state";
import { isUnavailable, statusAt, statusRefusal } from "./status";
import { pendingOf } from "./tasks";

/** Finds instances for a caller, and checks whether they may be upgraded now. */

const INSTANCE_ID = /^[0-9a-zA-Z]{32}in\d\d$/;

/** Whether the caller's enterprise projects contain the instance. */
export function maySee({ user }: Principal, { enterpriseProjectId }: InstanceState): boolean {
  return user.enterpriseProjects?.includes(enterpriseProjectId) ?? true;
}

export function findInstance(call: ProjectCall, id: string, missing: ErrorCode): InstanceState {
  if (!INSTANCE_ID.test(id)) throw new Refusal("DBS.280404");
  const found = call.world.instances.get(id);
  if (found === undefined || found.projectId !== call.project.id) throw new Refusal(missing);
  if (!maySee(call.principal, found)) throw new Refusal("DBS.201003");
  return found;
}

/** For a read. */
export function readInstance(call: ProjectCall): InstanceState {
  return findInstance(call, call.params["instance"] ?? "", call.world.state.switches.missingForRead);
}

/** A StarRocks instance by its own id. */
export function findStarRocks(call: ProjectCall, id: string, missing: ErrorCode): StarRocksState {
  if (!INSTANCE_ID.test(id)) throw new Refusal("DBS.280404");
  const found = call.world.starRocks.get(id);
  if (found === undefined || found.projectId !== call.project.id) throw new Refusal(missing);
  const parent = call.world.instances.get(found.parent);
  if (parent !== undefined && !maySee(call.principal, parent)) throw new Refusal("DBS.201003");
  return found;
}

/** Rejects an upgrade of a busy instance (TaurusDB facts §3.4). */
export function requireFree(call: ProjectCall, subject: InstanceState | StarRocksState, delay: boolean): void {
  const { world, now } = call;
  const { secondDelayed, immediateWhilePending } = world.state.switches;
  if (subject.denied) throw new Refusal("DBS.201003");
  const busy: ErrorCode = "parent" in subject ? "DBS.05000084" : "DBS.200019";
  if (subject.job !== null) throw new Refusal(busy);
  const status = statusAt(world, subject, now);
  if (isUnavailable(status)) throw new Refusal(statusRefusal(status, busy));
  if ((delay ? secondDelayed : immediateWhilePending) !== "refuse") return;
  if (pendingOf(world, subject.id).length > 0) throw new Refusal(busy);
}
