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
   * a redirect is followed only to hosts named here or listed by the cluster, so name all nodes.
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
   * Its password. Kept encrypted in the state.
   * @default the config value `redisenterprise:password`, or the environment variable `REDIS_ENTERPRISE_PASSWORD`
   */
  readonly password?: pulumi.Input<string>;
  /**
   * How the user logs in.
   * - `basic`: the password goes with every request; a token is asked for only where the cluster has Basic switched off
   *   (8.2.0 and later)
   * - `token`: a token is asked for at once
   * @default "basic"
   */
  readonly authentication?: pulumi.Input<"basic" | "token">;
  /**
   * The cluster's certificate, or the CA that signed it, as PEM text. Clusters are installed with one signed by itself.
   */
  readonly caCertificate?: pulumi.Input<string>;
  /** Client certificate, as PEM text: beside a user, or in place of one. */
  readonly clientCertificate?: pulumi.Input<string>;
  /** Its private key, as PEM text. Kept encrypted in the state. */
  readonly clientKey?: pulumi.Input<string>;
  /** The name to expect in the certificate: the cluster's own, since a default certificate has no addresses in it. */
  readonly serverName?: pulumi.Input<string>;
  /**
   * Accept any certificate.
   * @default the config value `redisenterprise:allowUntrustedCertificate`, or the environment variable
   * `REDIS_ENTERPRISE_INSECURE`; else `false`
   */
  readonly allowUntrustedCertificate?: pulumi.Input<boolean>;
  /**
   * Allow endpoints that begin with `http://`. CAUTION: the password then travels in clear.
   * @default false
   */
  readonly allowPlainHttp?: pulumi.Input<boolean>;
  // end
}

/** Arguments of both resources. The database is named once: by its uid, or by its name. */
export interface DatabaseArgs extends ConnectionArgs, CommonArgs {
  // generated: database of provider/redisenterprise/arguments.ts
  /** The uid of the database. Either this or `databaseName` is required. */
  readonly databaseId?: pulumi.Input<number>;
  /** The name of the database, which has to be the only one of that name. Either this or `databaseId` is required. */
  readonly databaseName?: pulumi.Input<string>;
  /**
   * Keep the roles of master and replica shards, at the price of a second failover of each.
   * @default false
   */
  readonly preserveRoles?: pulumi.Input<boolean>;
  /**
   * Upgrade a database that has neither replication nor persistence. CAUTION: its data is lost. Without it such a
   * database is not touched.
   * @default false
   */
  readonly mayDiscardData?: pulumi.Input<boolean>;
  // end
}

/** A module's version together with its arguments. */
export interface ModulePin {
  // generated: pinArguments of provider/redisenterprise/modules/pins.ts
  /** Exact (`2.10.17`), a prefix (`2.10`), a floor (`>=2.10`) or `latest`. */
  readonly version: pulumi.Input<string>;
  /**
   * The arguments that the module shall run with. Other ones than it has are an upgrade as well, to the version that
   * runs. Not for search, ReJSON, timeseries and bf on Redis 8 and later, where these settings are objects of the
   * database.
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
   * The modules to hold, by name (in any case), each at a version: exact (`2.10.17`), a prefix (`2.10`), a floor
   * (`>=2.10`) or `latest`. Where a pin leaves a choice, the newest build is taken that the cluster ships and that fits
   * the database's Redis. Modules that are not named are left alone.
   * @example { search: "2.10.17", ReJSON: { version: ">=2.8", args: "" } }
   */
  readonly modules: pulumi.Input<Record<string, pulumi.Input<string | ModulePin>>>;
  // end
}

/**
 * The versions of a database's modules (`POST /v1/bdbs/{uid}/modules/upgrade`).
 *
 * Everything that is behind goes in one call; what is newer than its pin is reported and left alone. `members` shows every
 * module of the database. `customTimeouts` default to 2 hours; when they, or ^C, end the wait, the upgrade goes on and the
 * next `pulumi up` joins it. Deleting it unpins and leaves the database as it is.
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
  /** The pins as written in the program, known at preview. */
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
   * The Redis version of the database: major and minor (`7.4`), a major alone (`8`), a floor (`>=7.4`) or `latest`.
   * Where that leaves a choice, the newest is taken that every node can run. The patch comes with the cluster's
   * software.
   */
  readonly redisVersion: pulumi.Input<string>;
  /**
   * What becomes of the modules.
   * - `bundled`: the server moves them to the builds that come with the target; on the way to Redis 8 it adds search,
   *   timeseries, bf and ReJSON
   * - `keep`: they stay as they are, where they can run on the target
   * @default "bundled"
   */
  readonly modules?: pulumi.Input<"bundled" | "keep">;
  /**
   * How many shards are upgraded at a time. CAUTION: search queries may fail on the way across Redis 8.4 where it is
   * set.
   * @default as the cluster's policy says, usually all
   */
  readonly parallelShards?: pulumi.Input<number>;
  /**
   * Leave the CRDT protocol version of an Active-Active database as it is.
   * @default false
   */
  readonly keepCrdtProtocolVersion?: pulumi.Input<boolean>;
  /**
   * Has no effect: no dry run is sent. No released server is known to have `?dry_run=true`, and one that does not know
   * the query starts the upgrade.
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
 * `customTimeouts` default to 2 hours; when they, or ^C, end the wait, the upgrade goes on and the next `pulumi up` joins
 * it. Redis is never downgraded, and deleting the resource leaves the database as it is.
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
  /** The version as written in the program, known at preview: for use by what depends on it. */
  declare readonly redisVersion: pulumi.Output<string>;
  /** The version that runs, with its patch: `7.4.2`. */
  declare readonly currentVersion: pulumi.Output<string>;

  constructor(name: string, args: DatabaseVersionArgs, options?: pulumi.CustomResourceOptions) {
    const shape = { type: "redisenterprise:DatabaseVersion", secrets: SECRETS, observed: ["currentVersion"] };
    super(shape, name, { ...args }, options);
  }
}
