import { type Call, server } from "./call";
import { isoSeconds } from "./response";

/** GET /v1/cluster: it does not contain the version of the cluster (Redis Enterprise facts §2.8). */
export function getCluster(call: Call): unknown {
  const { state } = call.world;
  const { settings } = state;
  return {
    name: state.name,
    created_time: isoSeconds(state.createdAt),
    http_support: true,
    cnm_http_port: 8080,
    cnm_https_port: 9443,
    handle_redirects: settings.handleRedirects,
    upgrade_mode: false,
    upgrade_in_progress: false,
    block_cluster_changes: false,
    module_upload_max_size_mb: 40,
    mask_bdb_credentials: settings.maskCredentials,
    mtls_certificate_authentication: settings.certificateAuthentication,
    mtls_client_cert_subject_validation_type: settings.certificateValidation,
    crdt_supported_featureset_version: 8,
    ...(server(call, "basicAuthenticationSwitch")
      ? { allow_modules_upload: false, control_plane_basic_authentication: settings.basicAuthentication }
      : {}),
  };
}

export function getPolicy({ world }: Call): unknown {
  const { policy } = world.state;
  return {
    default_provisioned_redis_version: policy.defaultRedisVersion,
    redis_upgrade_policy: policy.redisUpgradePolicy,
    parallel_shards_upgrade: policy.parallelShardsUpgrade,
    resp3_default: true,
  };
}
