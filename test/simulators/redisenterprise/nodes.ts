import { type Call, param } from "./call";
import type { View } from "./databaseview";
import { Refusal } from "./errors";
import type { NodeState } from "./state";

export function getNodes(call: Call): unknown {
  return call.world.state.nodes.map((node) => nodeView(call, node));
}

export function getNode(call: Call): unknown {
  const uid = param(call, "uid");
  const node = call.world.state.nodes.find((one) => String(one.uid) === uid);
  if (node === undefined) throw new Refusal(404, "node_not_exist", `Node ${uid} does not exist`);
  return nodeView(call, node);
}

/** GET /v1/nodes/status: an object by uid, which names the master (Redis Enterprise facts §1.3). */
export function getNodesStatus({ world }: Call): unknown {
  const { nodes, master } = world.state;
  return Object.fromEntries(
    nodes.map((node) => [
      String(node.uid),
      {
        node_status: node.down ? "down" : "OK",
        role: node.uid === master ? "master" : "slave",
        software_version: node.softwareVersion,
      },
    ]),
  );
}

/** GET /v1/bootstrap describes the called node (Redis Enterprise facts §2.8). */
export function getBootstrap(call: Call): unknown {
  const { node } = call;
  return {
    bootstrap_status: { state: "completed" },
    local_node_info: {
      software_version: node.softwareVersion,
      supported_database_versions: supportedView(call, node),
    },
  };
}

function nodeView(call: Call, node: NodeState): View {
  const shards = call.world.state.databases.flatMap((one) => one.shards).filter((shard) => shard.node === node.uid);
  return {
    uid: node.uid,
    addr: node.ip,
    status: node.down ? "down" : "active",
    software_version: node.softwareVersion,
    supported_database_versions: supportedView(call, node),
    shard_count: shards.length,
    shard_list: shards.map((shard) => shard.id),
    accept_servers: true,
  };
}

/** Recorded entries have more than the documented ones; memcached is always there. */
function supportedView({ world }: Call, { supported }: NodeState): readonly View[] {
  const recorded = world.state.switches.supportedVersions === "recorded";
  const redis = supported.map(({ redisVersion, version, major }) =>
    recorded ? { db_type: "redis", major, redis_version: redisVersion, version } : { db_type: "redis", version },
  );
  return [...redis, { db_type: "memcached", version: "1.4.17" }];
}
