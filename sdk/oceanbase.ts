import type * as pulumi from "@pulumi/pulumi";
import type { TenantBackupRule } from "./change-control";
import { type CommonArgs, VersionResource } from "./resource";

// generated: secrets of provider/oceanbase/arguments.ts
const SECRETS = ["password", "agentPassword", "clientKey"];
// end

/** How to reach the obshell agents of a cluster. */
export interface ConnectionArgs {
  // generated: connection of provider/oceanbase/arguments.ts
  /**
   * Addresses of the agents of one cluster, host and port; IPv6 in brackets. One is enough and any may be down, but
   * list all of them: an upgrade that stopped half way can be resumed only through an agent whose own member is still
   * outdated.
   * @example ["http://10.0.0.1:2886", "http://10.0.0.2:2886"]
   */
  readonly endpoints: pulumi.Input<pulumi.Input<string>[]>;
  /**
   * Password of root@sys. Kept encrypted in the state.
   * @default the config value `oceanbase:password`, or the environment variable `OCEANBASE_PASSWORD`
   */
  readonly password?: pulumi.Input<string>;
  /**
   * The agents' own password, used with agents that have one set (obshell 4.2.6.0 and later). Kept encrypted in the
   * state.
   * @default the config value `oceanbase:agentPassword`, or the environment variable `OCEANBASE_AGENT_PASSWORD`
   */
  readonly agentPassword?: pulumi.Input<string>;
  /** The CA that signed the agents' certificates, or one of these certificates, in PEM format. */
  readonly caCertificate?: pulumi.Input<string>;
  /** Client certificate for agents that require one, in PEM format. */
  readonly clientCertificate?: pulumi.Input<string>;
  /** Private key of the client certificate, in PEM format. Kept encrypted in the state. */
  readonly clientKey?: pulumi.Input<string>;
  /** The name in the agents' certificates, if it differs from the host of the endpoint. */
  readonly serverName?: pulumi.Input<string>;
  /**
   * Accept any certificate.
   * @default false
   */
  readonly allowUntrustedCertificate?: pulumi.Input<boolean>;
  // end
}

/** Arguments of both resources. */
export interface UpgradeArgs extends ConnectionArgs, CommonArgs {
  // generated: upgrade of provider/oceanbase/arguments.ts
  /**
   * RPM files that the upgrade needs, as paths relative to the program. Files that the cluster does not have yet are
   * uploaded before the upgrade. Name, version, release and architecture are read from the files, not from their names.
   * Without this argument, every package has to be in the cluster.
   * @example ["./rpms/oceanbase-ce-4.3.5.2-102000042025031214.el7.x86_64.rpm"]
   */
  readonly packages?: pulumi.Input<pulumi.Input<string>[]>;
  /**
   * What to do when an upgrade that this resource started has failed. The cluster stays locked until the task is
   * retried or rolled back.
   * - `report`: report what failed and what obshell accepts now
   * - `retry`: the next `up` sends RETRY, once, which resumes from the failed stage
   * - `rollback`: send ROLLBACK while obshell allows it (docs/oceanbase.md), wait for it, and fail the run
   * @default "report"
   */
  readonly onFailure?: pulumi.Input<"report" | "retry" | "rollback">;
  // end
  // generated: backups of provider/oceanbase/arguments.ts
  /**
   * The maximum age of the last complete backup when an upgrade begins, as `maxAge`. Backups are read from the vendor;
   * none is ever started. If the last backup is too old or cannot be read, the upgrade is held, unless `waive` gives a
   * reason why it may begin anyway. A running backup always holds the upgrade. Each tenant in `tenants` needs a backup;
   * without `tenants`, each user tenant does. Requires obshell 4.3.2.0 or later.
   * @example { maxAge: "24h" }
   */
  readonly backup?: pulumi.Input<TenantBackupRule>;
  // end
}

/** Arguments of {@link ClusterVersion}. */
export interface ClusterVersionArgs extends UpgradeArgs {
  // generated: clusterArguments of provider/oceanbase/arguments.ts
  /**
   * Target version of every observer: exact (`4.3.5.2`), a prefix of three parts (`4.3.5`) or a minimum (`>=4.3.5.2`).
   * For a prefix and a minimum, the target is the newest version of which all packages are available, uploaded or in
   * `packages`.
   */
  readonly version: pulumi.Input<string>;
  /**
   * Build and distribution of the packages, only with an exact version. The build is then part of the target version;
   * the distribution cannot be observed.
   * @default the only available release of the version; several are an error
   * @example "102000042025031214.el7"
   */
  readonly release?: pulumi.Input<string>;
  /**
   * How the observers are replaced.
   * - `rolling`: zone by zone; needs three zones, two on shared storage
   * - `stopService`: all at once; the service is down meanwhile
   * @default "rolling"
   */
  readonly mode?: pulumi.Input<"rolling" | "stopService">;
  /**
   * Directory for the packages on every host, an absolute path. CAUTION: a rollback deletes it recursively, so use a
   * dedicated directory; first-level directories, the agents' home and its parents are refused. It must be local to
   * every host: on a shared file system, agents overwrite each other's downloads.
   * @default `upgrade` in the agent's home
   */
  readonly upgradeDir?: pulumi.Input<string>;
  /**
   * Do a minor freeze before each server is stopped, for a faster restart (obshell 4.4.0.0 and later).
   * @default false
   */
  readonly freezeServer?: pulumi.Input<boolean>;
  // end
}

/**
 * The OceanBase version of a cluster, upgraded by its obshell agents (`POST /api/v1/ob/upgrade`).
 *
 * Creating it adopts the cluster: nothing is sent if it is up to date. `customTimeouts` default to 2 hours. When a time
 * limit or ^C ends the wait, the upgrade continues and the next `pulumi up` joins it. Deleting the resource does not change
 * the cluster.
 *
 * @example
 * ```ts
 * const orders = new oceanbase.ClusterVersion("orders", {
 *   endpoints: ["http://10.0.0.1:2886", "http://10.0.0.2:2886", "http://10.0.0.3:2886"],
 *   version: "4.3.5.2",
 *   release: "102000042025031214.el7",
 * }, { customTimeouts: { update: "3h" } });
 * ```
 */
export class ClusterVersion extends VersionResource {
  /** The version as written in the program. It is known at preview, so other resources can use it. */
  declare readonly version: pulumi.Output<string>;
  /** The lowest version that an observer runs, without its build. */
  declare readonly currentVersion: pulumi.Output<string>;

  constructor(name: string, args: ClusterVersionArgs, options?: pulumi.CustomResourceOptions) {
    super(
      { type: "oceanbase:ClusterVersion", secrets: SECRETS, observed: ["currentVersion"] },
      name,
      { ...args },
      options,
    );
  }
}

/** Arguments of {@link AgentVersion}. */
export interface AgentVersionArgs extends UpgradeArgs {
  // generated: agentArguments of provider/oceanbase/arguments.ts
  /**
   * Target version of every agent: exact (`4.3.3.0`), a prefix of three parts (`4.3.3`) or a minimum (`>=4.3.3.0`). For
   * a prefix and a minimum, the target is the newest `obshell` package that satisfies it.
   */
  readonly version: pulumi.Input<string>;
  /**
   * Build and distribution of the package, only with an exact version. The build is then part of the target version.
   * @default the only available release of the version; several are an error
   * @example "102025103117.el7"
   */
  readonly release?: pulumi.Input<string>;
  /**
   * Directory for the package on every host, an absolute path. CAUTION: a rollback deletes it recursively, so use a
   * dedicated directory; first-level directories, the agents' home and its parents are refused. It must be local to
   * every host: on a shared file system, agents overwrite each other's downloads.
   * @default `upgrade` in the agent's home
   */
  readonly upgradeDir?: pulumi.Input<string>;
  // end
}

/**
 * The version of a cluster's obshell agents, all of them (`POST /api/v1/agent/upgrade`).
 *
 * The agents restart at the same time, so none of them responds for some tens of seconds. An upgrade of the database also
 * upgrades the agents to the obshell in its package. Agents are never downgraded: a lower target version is reported.
 * `customTimeouts` default to 30 minutes.
 *
 * @example
 * ```ts
 * const agents = new oceanbase.AgentVersion("orders-agents", { endpoints, version: "4.3.3.0", release: "102025103117.el7" });
 * const orders = new oceanbase.ClusterVersion("orders", { endpoints, version: "4.3.5.2" }, { dependsOn: agents });
 * ```
 */
export class AgentVersion extends VersionResource {
  /** The version as written in the program. It is known at preview, so other resources can use it. */
  declare readonly version: pulumi.Output<string>;
  /** The lowest version that an agent runs, without its build. */
  declare readonly currentVersion: pulumi.Output<string>;

  constructor(name: string, args: AgentVersionArgs, options?: pulumi.CustomResourceOptions) {
    super(
      { type: "oceanbase:AgentVersion", secrets: SECRETS, observed: ["currentVersion"] },
      name,
      { ...args },
      options,
    );
  }
}
