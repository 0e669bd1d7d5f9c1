import * as pulumi from "@pulumi/pulumi";
import { redisenterprise } from "pulumi-dbversion";

// User and password are the stack's config (redisenterprise:username, redisenterprise:password), or the environment
// (REDIS_ENTERPRISE_USER, REDIS_ENTERPRISE_PASSWORD).
const config = new pulumi.Config();
const cluster = {
  endpoints: config.requireObject<string[]>("endpoints"),
  // New clusters have a self-signed certificate for the cluster's name.
  caCertificate: config.get("caCertificate"),
  serverName: config.get("serverName"),
};

// Outdated modules are upgraded in one request; modules that are not named are not changed.
const modules = new redisenterprise.ModuleVersions("cache-modules", {
  ...cluster,
  databaseName: "cache",
  modules: { search: "2.10.17", ReJSON: ">=2.8.10" },
});

const sessions = new redisenterprise.DatabaseVersion(
  "sessions",
  { ...cluster, databaseName: "sessions", redisVersion: "8.0" },
  { customTimeouts: { create: "3h", update: "3h" } },
);

export const cacheModules = modules.members;
export const sessionsVersion = sessions.currentVersion;
