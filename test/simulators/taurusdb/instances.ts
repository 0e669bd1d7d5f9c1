import type { SimResponse } from "../shell/http";
import { findInstance, maySee, readInstance } from "./access";
import { bodyOf, integerQuery, jsonResponse, type ProjectCall, stringField } from "./call";
import { parameterError, Refusal } from "./errors";
import { detailOf, ENGINE, type InstanceRow, rowOf } from "./instanceview";
import { compareKernel, latestKernel, nextRound } from "./kernel";
import type { InstanceState } from "./state";
import { reschedule } from "./tasks";
import { windowOf } from "./window";

/** Reads of TaurusDB instances, and the maintenance window (TaurusDB facts §2.1, §2.7). */

type Words = "v3" | "unified";

const DETAILS_LIMIT = 20;

export const listInstances = (call: ProjectCall): SimResponse => list(call, "v3");
export const listUnified = (call: ProjectCall): SimResponse => list(call, "unified");
export const showInstance = (call: ProjectCall): SimResponse => show(call, "v3");
export const showUnified = (call: ProjectCall): SimResponse => show(call, "unified");
export const batchDetails = (call: ProjectCall): SimResponse => details(call, "v3");
export const unifiedDetails = (call: ProjectCall): SimResponse => details(call, "unified");

/** `offset` counts records. */
function list(call: ProjectCall, words: Words): SimResponse {
  const limit = integerQuery(call, "limit", 100, 1, 100);
  const offset = integerQuery(call, "offset", 0, 0, Number.MAX_SAFE_INTEGER);
  const found = call.world.state.instances.filter((one) => isListed(call, one));
  const page = found.slice(offset, offset + limit);
  return jsonResponse({ instances: page.map((one) => rowOf(call, one, words)), total_count: found.length });
}

function isListed(call: ProjectCall, instance: InstanceState): boolean {
  if (instance.projectId !== call.project.id || !maySee(call.principal, instance)) return false;
  if (!FILTERS_KNOWN.some((name) => call.query.get(name))) return true;
  const row = rowOf(call, instance, "v3");
  return Object.entries(FILTERS).every(([name, matches]) => {
    const wanted = call.query.get(name);
    return wanted === undefined || wanted === "" || matches(row, wanted, instance);
  });
}

const FILTERS: Readonly<Record<string, (row: InstanceRow, wanted: string, instance: InstanceState) => boolean>> = {
  id: (row, wanted) => row.id === wanted,
  name: (row, wanted) => (wanted.startsWith("*") ? row.name.includes(wanted.slice(1)) : row.name === wanted),
  type: (row, wanted) => row.type === wanted,
  datastore_type: (_, wanted) => wanted === ENGINE,
  vpc_id: (row, wanted) => row.vpc_id === wanted,
  subnet_id: (row, wanted) => row.subnet_id === wanted,
  private_ip: (row, wanted) => row.private_ips.includes(wanted),
  readonly_private_ip: () => false,
  proxy_ip: () => false,
  tags: (_, wanted, { tags }) =>
    wanted.split(",").every((pair) => tags.some((tag) => `${tag.key}=${tag.value}` === pair)),
};
export const FILTERS_KNOWN = Object.keys(FILTERS);

function show(call: ProjectCall, words: Words): SimResponse {
  return jsonResponse({ instance: detailOf(call, readInstance(call), words) });
}

function details(call: ProjectCall, words: Words): SimResponse {
  const ids = (call.query.get("instance_ids") ?? "").split(",").filter((id) => id !== "");
  if (ids.length === 0 || ids.length > DETAILS_LIMIT) throw parameterError("instance_ids must hold 1 to 20 ids.");
  const found = ids.map((id) => findInstance(call, id, call.world.state.switches.missingForRead));
  return jsonResponse({ instances: found.map((one) => detailOf(call, one, words)) });
}

/** The only call that returns the target of an upgrade. */
export function databaseVersion(call: ProjectCall): SimResponse {
  const { world, region } = call;
  const instance = readInstance(call);
  const latest = latestKernel(region, instance);
  const upgradable = compareKernel(instance.kernel, latest) < 0;
  const { switches } = world.state;
  const round = switches.latestShown === "nextRound" ? nextRound(instance, latest, switches).version : null;
  return jsonResponse({
    upgrade_flag: upgradable && instance.preparation !== "toBeConfirmed",
    datastore: {
      current_version: instance.mysqlVersion,
      current_kernel_version: instance.kernel,
      latest_version: instance.mysqlVersion,
      latest_kernel_version: upgradable ? (round ?? latest) : instance.kernel,
    },
  });
}

/** Versions offered for new instances. */
export function datastores({ params, region }: ProjectCall): SimResponse {
  if (params["engine"] !== ENGINE) throw parameterError("The engine is not supported.");
  const offered = region.kernels.map(({ id, version, kernel }) => ({
    id,
    name: version.split(".").slice(0, 2).join("."),
    version,
    kernel_version: kernel,
  }));
  return jsonResponse({ datastores: offered });
}

/** Moves the maintenance window, and the tasks scheduled for it. */
export function setWindow(call: ProjectCall): SimResponse {
  const body = bodyOf(call, ["start_time", "end_time"]);
  const window = windowOf(stringField(body, "start_time"), stringField(body, "end_time"));
  if (window === undefined) throw parameterError("The window must last 4 hours, on the hour.");
  const instance = findInstance(call, call.params["instance"] ?? "", call.world.state.switches.missingForRead);
  if (instance.denied) throw new Refusal("DBS.201003");
  instance.window = window;
  reschedule(call.world, instance, call.now);
  return jsonResponse({});
}
