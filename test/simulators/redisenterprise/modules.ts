import { type Call, type Ground, param, server } from "./call";
import { CAPABILITIES } from "./catalogue";
import type { View } from "./databaseview";
import { Refusal } from "./errors";
import type { ModuleState } from "./state";
import { moduleNumber } from "./version";

/** GET /v1/modules: a bare array of everything a database could run. */
export function getModules(call: Call): unknown {
  return call.world.state.modules.map((module) => moduleView(call, module));
}

/** GET /v1/modules/{uid}; the uid is 32 hexadecimal digits, unlike on the page (Redis Enterprise facts §2.5). */
export function getModule(call: Call): unknown {
  const { modules, switches } = call.world.state;
  const uid = param(call, "uid");
  const found = modules.find((module) => module.uid === uid);
  if (found === undefined) throw new Refusal(404, switches.codes.unknownModule, `Module ${uid} does not exist`);
  return moduleView(call, found);
}

/** A module with the recorded keys; servers up to 7.22 have some more. */
export function moduleView(ground: Ground, module: ModuleState): View {
  return {
    author: "RedisLabs",
    bigstore_version_2_support: module.bigstoreVersion2,
    capabilities: module.capabilities,
    capability_name: module.capabilityName,
    command_line_args: module.commandLineArgs,
    ...(server(ground, "compatibleRedisVersion") ? { compatible_redis_version: module.compatibleRedisVersion } : {}),
    config_command: module.name === "search" ? "_FT.CONFIG SET" : "",
    crdb: {},
    dependencies: {},
    description: `${module.displayName} for Redis`,
    display_name: module.displayName,
    email: "",
    homepage: "",
    is_bundled: module.bundled,
    license: "Redis Source Available License 2.0 (RSALv2) or the Server Side Public License v1 (SSPLv1)",
    min_redis_version: module.minRedisVersion,
    ...(server(ground, "leanModuleObject") ? {} : older(module)),
    module_name: module.name,
    semantic_version: module.version,
    uid: module.uid,
    version: moduleNumber(module.version),
  };
}

function older({ minRedisPackVersion, name, version, uid }: ModuleState): View {
  return {
    min_redis_pack_version: minRedisPackVersion,
    platforms: { "rhel9/x86_64": { dependencies: {}, sha256: uid + uid } },
    sha256: uid + uid,
    module_file: `${name}.${version}.zip`,
    architecture: "x86_64",
  };
}

export function getCapabilities(): unknown {
  return { all_capabilities: CAPABILITIES.map((name) => ({ name, desc: name.replaceAll("_", " ") })) };
}
