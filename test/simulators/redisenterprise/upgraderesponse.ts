import type { Call } from "./call";
import { databaseView } from "./databaseview";
import { acceptUpgrade } from "./engine";
import { malformed } from "./errors";
import type { UpgradePlan } from "./machine";
import { moduleView } from "./modules";
import type { AcceptedUpgrade, DatabaseState } from "./state";

/** Starts the plan; null if nothing changes and the server starts nothing. Throws 400 if it refuses that. */
export function startUpgrade(
  { world, now }: Call,
  database: DatabaseState,
  plan: UpgradePlan,
  kind: AcceptedUpgrade["call"],
): string | null {
  const { switches } = world.state;
  if (!plan.restarts && switches.noChange === "refused") throw malformed(switches, "Nothing to upgrade");
  if (!plan.restarts && switches.noChange === "noAction") return null;
  return acceptUpgrade(world, database, plan, kind, now);
}

/** The response to an upgrade request: the database as it was before, with the action (Redis Enterprise facts §6.4). */
export function upgradeResponse(
  call: Call,
  database: DatabaseState,
  plan: UpgradePlan,
  kind: AcceptedUpgrade["call"],
): unknown {
  const { switches } = call.world.state;
  const before = databaseView(call, database);
  const actionUid = startUpgrade(call, database, plan, kind);
  if (actionUid === null) return before;
  if (kind === "modules/upgrade" && switches.modulesUpgradeAnswer !== "database") {
    return moduleResponse(call, database, plan, actionUid);
  }
  return {
    ...before,
    ...(switches.answersActionUid ? { action_uid: actionUid } : {}),
    background_op: [{ name: "SMUpgradeBDB", progress: 0, status: "pending" }],
    status: switches.statusAfterCall === "active" ? before["status"] : "active-change-pending",
  };
}

/** The first module of the call, by the page's prose or by its example (Redis Enterprise facts §2.1). */
function moduleResponse(call: Call, database: DatabaseState, plan: UpgradePlan, actionUid: string): unknown {
  const { modules, switches } = call.world.state;
  const [first] = plan.modules;
  const module = modules.find(({ uid }) => uid === first?.uid);
  if (switches.modulesUpgradeAnswer === "module" && module !== undefined) return moduleView(call, module);
  return {
    ...(switches.answersActionUid ? { action_uid: actionUid } : {}),
    uid: database.uid,
    name: database.name,
    module_id: first?.uid,
    module_name: first?.name,
    semantic_version: first?.version,
  };
}
