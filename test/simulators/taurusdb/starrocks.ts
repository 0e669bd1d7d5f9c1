import type { SimResponse } from "../shell/http";
import { findStarRocks, readInstance, requireFree } from "./access";
import { bodyOf, booleanField, jsonResponse, type ProjectCall } from "./call";
import { parameterError, Refusal } from "./errors";
import { compareKernel, latestStarRocks } from "./kernel";
import { detailOf, htapRow, nodesOf, STAR_ROCKS } from "./starrocksview";
import type { StarRocksState } from "./state";
import { accept, alreadyLatest, note } from "./upgrade";

/** StarRocks instances: kernel upgrade and reads (TaurusDB facts §2.5, §2.6). */

export function upgradeStarRocks(call: ProjectCall): SimResponse {
  requireHeaders(call);
  const body = bodyOf(call, ["delay", "is_skip_validate"]);
  const delay = booleanField(body, "delay", { empty: true }) ?? false;
  const skipValidation = booleanField(body, "is_skip_validate", { empty: true }) ?? false;
  const starRocks = addressed(call);
  requireFree(call, starRocks, delay);
  if (compareKernel(starRocks.kernel, latestStarRocks(call.region, starRocks)) >= 0) throw alreadyLatest(call);
  const { starRocksValidation, starRocksValidationCode } = call.world.state.switches;
  const refusing = starRocksValidation === "refuse";
  if (refusing && starRocks.syncTasks > 0 && !skipValidation) throw new Refusal(starRocksValidationCode);
  const id = accept(call, "starRocks", starRocks, { delay, skipValidation });
  note(call, "starRocksUpgrade", [starRocks], delay);
  return jsonResponse({ job_id: id });
}

/** Mandatory on paper. */
function requireHeaders({ world, request }: ProjectCall): void {
  if (world.state.switches.starRocksHeaders === "ignored") return;
  const { "x-language": language, "content-type": type = "" } = request.headers;
  if (language !== "en-us" && language !== "zh-cn") throw parameterError("X-Language is required.");
  if (!type.startsWith("application/json")) throw parameterError("Content-Type is required.");
}

/** By the StarRocks id; with the switch, also by the TaurusDB id, as Terraform does (surprise 5). */
function addressed(call: ProjectCall): StarRocksState {
  const { state } = call.world;
  const id = call.params["instance"] ?? "";
  const byParent = state.starRocks.find((one) => one.parent === id);
  const wanted = state.switches.starRocksPathId === "either" && byParent !== undefined ? byParent.id : id;
  return findStarRocks(call, wanted, state.switches.missingForUpgrade);
}

/** An array of one; under the id of the TaurusDB instance. */
export function showStarRocks(call: ProjectCall): SimResponse {
  const parent = readInstance(call);
  const { missingStarRocks } = call.world.state.switches;
  const found = findStarRocks(call, call.params["starrocks"] ?? "", missingStarRocks);
  if (found.parent !== parent.id) throw new Refusal(missingStarRocks);
  return jsonResponse({ instances: [detailOf(call, found)] });
}

export function listNodes(call: ProjectCall): SimResponse {
  const { missingStarRocks } = call.world.state.switches;
  const found = findStarRocks(call, call.params["instance"] ?? "", missingStarRocks);
  return jsonResponse({
    node_list: nodesOf(found).map(({ id, name, role }) => ({ node_id: id, node_name: name, role })),
  });
}

export function listHtap(call: ProjectCall): SimResponse {
  const parent = readInstance(call);
  const found = call.world.state.starRocks.filter((one) => one.parent === parent.id);
  return jsonResponse({
    total: found.length,
    max_htap_instance_num_of_taurus: 5,
    instances: found.map((one) => htapRow(call, one, parent.enterpriseProjectId)),
  });
}

/** The only call that returns the newest StarRocks kernel. */
export function htapDatastores({ params, region }: ProjectCall): SimResponse {
  const { engine } = params;
  if (engine === "click-house") return jsonResponse({ datastores: [] });
  if (engine !== STAR_ROCKS) throw parameterError("engine_name must be star-rocks or click-house.");
  const offered = region.starRocksKernels.map(({ id, kernel }) => ({
    id,
    name: kernel.split(".").slice(0, 2).join("."),
    kernel_version: kernel,
  }));
  return jsonResponse({ datastores: offered });
}
