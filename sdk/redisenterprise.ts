import type * as pulumi from "@pulumi/pulumi";
import { type CommonArgs, VersionResource } from "./resource";

// generated: secrets of provider/redisenterprise/arguments.ts
const SECRETS = ["password", "clientKey"];
// end

/** How to reach the REST API of a Redis Enterprise Software cluster. */
export interface ConnectionArgs {
  // generated: connection of provider/redisenterprise/arguments.ts
  /**
   * API addresses of the cluster's nodes. Any of them may be down. A node that is not the master redirects to it; such
   * a redirect is followed only to hosts named here or listed by the cluster, so list all nodes.
   * @default the config value `redisenterprise:endpoints`, or the environment variable `REDIS_ENTERPRISE_URL`, with
   * commas between them; required in one of these places
   * @example ["https://10.0.0.1:9443", "https://10.0.0.2:9443", "https://10.0.0.3:9443"]
   */
  readonly endpoints?: pulumi.Input<pulumi.Input<string>[]>;
  /**
   * E-mail of a user with the role db_member, cluster_member or admin.
   * @default the config value `redisenterprise:username`, or the environment variable `REDIS_ENTERPRISE_USER`
   */
  readonly username?: pulumi.Input<string>;
  /**
   * Password of the user. Kept encrypted in the state.
   * @default the config value `redisenterprise:password`, or the environment variable `REDIS_ENTERPRISE_PASSWORD`
   */
  readonly password?: pulumi.Input<string>;
  /**
   * How the user logs in.
   * - `basic`: the password is sent with every request; a token is requested only if Basic authentication is disabled
   *   on the cluster (8.2.0 and later)
   * - `token`: a token is requested at once
   * @default "basic"
   */
  readonly authentication?: pulumi.Input<"basic" | "token">;
  /** The cluster's certificate, or the CA that signed it, in PEM format. A new cluster has a self-signed one. */
  readonly caCertificate?: pulumi.Input<string>;
  /** Client certificate, in PEM format: in addition to a user, or instead of one. */
  readonly clientCertificate?: pulumi.Input<string>;
  /** Private key of the client certificate, in PEM format. Kept encrypted in the state. */
  readonly clientKey?: pulumi.Input<string>;
  /** The name in the certificate: that of the cluster, because a default certificate contains no addresses. */
  readonly serverName?: pulumi.Input<string>;
  /**
   * Accept any certificate.
   * @default the config value `redisenterprise:allowUntrustedCertificate`, or the environment variable
   * `REDIS_ENTERPRISE_INSECURE`; else `false`
   */
  readonly allowUntrustedCertificate?: pulumi.Input<boolean>;
  /**
   * Allow endpoints that begin with `http://`. CAUTION: the password is then sent unencrypted.
   * @default false
   */
  readonly allowPlainHttp?: pulumi.Input<boolean>;
  // end
}

/** Arguments of both resources. The database is identified by its uid or by its name, not both. */
export interface DatabaseArgs extends ConnectionArgs, CommonArgs {
  // generated: database of provider/redisenterprise/arguments.ts
  /** The uid of the database. Either this or `databaseName` is required. */
  readonly databaseId?: pulumi.Input<number>;
  /** The name of the database. No other database may have this name. Either this or `databaseId` is required. */
  readonly databaseName?: pulumi.Input<string>;
  /**
   * Keep the roles of master and replica shards. Each shard then fails over twice.
   * @default false
   */
  readonly preserveRoles?: pulumi.Input<boolean>;
  /**
   * Upgrade a database that has neither replication nor persistence. CAUTION: its data is lost. Without this argument,
   * such a database is not upgraded.
   * @default false
   */
  readonly mayDiscardData?: pulumi.Input<boolean>;
  // end
}

/** A module's version together with its arguments. */
export interface ModulePin {
  // generated: moduleArguments of provider/redisenterprise/modules/targets.ts
  /** Target version: exact (`2.10.17`), a prefix (`2.10`), a minimum (`>=2.10`) or `latest`. */
  readonly version: pulumi.Input<string>;
  /**
   * Arguments of the module. Changing them is an upgrade too, to the current version. Not for search, ReJSON,
   * timeseries and bf on Redis 8 and later, where these settings are objects of the database.
   * @default those that it has
   * @example "WORKERS 6"
   */
  readonly args?: pulumi.Input<string>;
  // end
}

/** Arguments of {@link ModuleVersions}. */
export interface ModuleVersionsArgs extends DatabaseArgs {
  // generated: moduleArguments of provider/redisenterprise/arguments.ts
  /**
   * Target version of each module, by its name (in any case): exact (`2.10.17`), a prefix (`2.10`), a minimum
   * (`>=2.10`) or `latest`. If several builds satisfy it, the newest one that the cluster ships and that fits the
   * database's Redis is the target. Modules that are not named are not changed.
   * @example { search: "2.10.17", ReJSON: { version: ">=2.8", args: "" } }
   */
  readonly modules: pulumi.Input<Record<string, pulumi.Input<string | ModulePin>>>;
  // end
}

/**
 * The versions of a database's modules (`POST /v1/bdbs/{uid}/modules/upgrade`).
 *
 * All outdated modules are upgraded by one request; a module that is ahead of its target is reported and not changed.
 * `members` has every module of the database. `customTimeouts` default to 2 hours. When a time limit or ^C ends the wait, the
 * upgrade continues and the next `pulumi up` joins it. Deleting the resource does not change the database.
 *
 * @example
 * ```ts
 * const modules = new redisenterprise.ModuleVersions("cache-modules", {
 *   endpoints: ["https://10.0.0.1:9443", "https://10.0.0.2:9443", "https://10.0.0.3:9443"],
 *   serverName: "cluster.example.com",
 *   caCertificate,
 *   databaseName: "cache",
 *   modules: { search: "2.10.17", ReJSON: ">=2.8" },
 * });
 * ```
 */
export class ModuleVersions extends VersionResource {
  /** The target versions as written in the program, known at preview. */
  declare readonly modules: pulumi.Output<
    Record<string, string | { readonly version: string; readonly args?: string }>
  >;

  constructor(name: string, args: ModuleVersionsArgs, options?: pulumi.CustomResourceOptions) {
    super({ type: "redisenterprise:ModuleVersions", secrets: SECRETS, observed: [] }, name, { ...args }, options);
  }
}

/** Arguments of {@link DatabaseVersion}. */
export interface DatabaseVersionArgs extends DatabaseArgs {
  // generated: databaseArguments of provider/redisenterprise/arguments.ts
  /**
   * Target Redis version: major and minor (`7.4`), a major version (`8`), a minimum (`>=7.4`) or `latest`. If several
   * versions satisfy it, the newest one that every node can run is the target. The patch version comes with the
   * cluster's software.
   */
  readonly redisVersion: pulumi.Input<string>;
  /**
   * What happens to the modules.
   * - `bundled`: the server upgrades them to the builds that come with the target. An upgrade to Redis 8 adds search,
   *   timeseries, bf and ReJSON
   * - `keep`: they are not changed, if they can run on the target
   * @default "bundled"
   */
  readonly modules?: pulumi.Input<"bundled" | "keep">;
  /**
   * How many shards are upgraded at a time. CAUTION: if it is set, search queries may fail during an upgrade across
   * Redis 8.4.
   * @default the cluster's policy, usually all
   */
  readonly parallelShards?: pulumi.Input<number>;
  /**
   * Leave the CRDT protocol version of an Active-Active database as it is.
   * @default false
   */
  readonly keepCrdtProtocolVersion?: pulumi.Input<boolean>;
  /**
   * Has no effect: no dry run is sent. No released server is known to support `?dry_run=true`, and a server that does
   * not support it would start the upgrade.
   * @deprecated It has no effect.
   * @default false
   */
  readonly dryRun?: pulumi.Input<boolean>;
  // end
}

/**
 * The Redis version of a database (`POST /v1/bdbs/{uid}/upgrade`, and for an Active-Active database on clusters from 8.0.18
 * on `POST /v1/crdbs/{guid}/upgrade`).
 *
 * `customTimeouts` default to 2 hours. When a time limit or ^C ends the wait, the upgrade continues and the next `pulumi up`
 * joins it. Redis is never downgraded, and deleting the resource does not change the database.
 *
 * @example
 * ```ts
 * const cache = new redisenterprise.DatabaseVersion("cache", { endpoints, databaseName: "cache", redisVersion: "8.2" });
 * const modules = new redisenterprise.ModuleVersions(
 *   "cache-modules",
 *   { endpoints, databaseName: "cache", modules: { search: ">=8.2" } },
 *   { dependsOn: cache },
 * );
 * ```
 */
export class DatabaseVersion extends VersionResource {
  /** The version as written in the program. It is known at preview, so other resources can use it. */
  declare readonly redisVersion: pulumi.Output<string>;
  /** The current version, with its patch: `7.4.2`. */
  declare readonly currentVersion: pulumi.Output<string>;

  constructor(name: string, args: DatabaseVersionArgs, options?: pulumi.CustomResourceOptions) {
    const shape = { type: "redisenterprise:DatabaseVersion", secrets: SECRETS, observed: ["currentVersion"] };
    super(shape, name, { ...args }, options);
  }
}
