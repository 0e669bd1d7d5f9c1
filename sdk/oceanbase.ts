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
   * Addresses of the agents of one cluster, host and port; IPv6 in brackets. One suffices and any may be down, but name
   * all of them: an upgrade that stopped half way can only be continued through an agent whose own member is still old.
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
  /** The CA that signed the agents' certificates, or such a certificate itself, as PEM text. */
  readonly caCertificate?: pulumi.Input<string>;
  /** Client certificate for agents that ask for one, as PEM text. */
  readonly clientCertificate?: pulumi.Input<string>;
  /** Its private key, as PEM text. Kept encrypted in the state. */
  readonly clientKey?: pulumi.Input<string>;
  /** The name to expect in the agents' certificates, where it differs from the host of the endpoint. */
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
   * Local RPM files that the upgrade needs, as paths relative to the program. Those that the cluster does not have yet
   * are uploaded before the upgrade; name, version, release and architecture are read from the files, not from their
   * names. Without it every package has to be in the cluster.
   * @example ["./rpms/oceanbase-ce-4.3.5.2-102000042025031214.el7.x86_64.rpm"]
   */
  readonly packages?: pulumi.Input<pulumi.Input<string>[]>;
  /**
   * What to do about an upgrade that this resource started and that failed. Until something is done the cluster stays
   * locked.
   * - `report`: say what failed and what would be accepted now
   * - `retry`: the next `up` sends RETRY, once, which goes on from the failed stage
   * - `rollback`: send ROLLBACK while obshell allows it (docs/oceanbase.md), wait for it, and fail all the same
   * @default "report"
   */
  readonly onFailure?: pulumi.Input<"report" | "retry" | "rollback">;
  // end
  // generated: backups of provider/oceanbase/arguments.ts
  /**
   * How old the last complete backup may be when an upgrade begins, as `maxAge`. It is read from the vendor; none is
   * ever started. Where that cannot be read, or is too old, the upgrade is held, unless `waive` gives a reason why it
   * may begin all the same. A backup that is running always holds it. Each of `tenants` needs a backup, or each user
   * tenant where none is named. obshell lists them from 4.3.2.0 on.
   * @example { maxAge: "24h" }
   */
  readonly backup?: pulumi.Input<TenantBackupRule>;
  // end
}

/** Arguments of {@link ClusterVersion}. */
export interface ClusterVersionArgs extends UpgradeArgs {
  // generated: clusterArguments of provider/oceanbase/arguments.ts
  /**
   * The version that every observer shall run: exact (`4.3.5.2`), a prefix of three parts (`4.3.5`) or a floor
   * (`>=4.3.5.2`). For a prefix and a floor the packages decide: the newest version of which all packages are there,
   * uploaded or in `packages`, is the target.
   */
  readonly version: pulumi.Input<string>;
  /**
   * Build and distribution of the packages, only with an exact version. The build is then part of the pin; the
   * distribution cannot be observed.
   * @default the one release of the version that there is; several are an error
   * @example "102000042025031214.el7"
   */
  readonly release?: pulumi.Input<string>;
  /**
   * How the observers are replaced.
   * - `rolling`: zone by zone; needs three zones, two on shared storage
   * - `stopService`: all at once, without service meanwhile
   * @default "rolling"
   */
  readonly mode?: pulumi.Input<"rolling" | "stopService">;
  /**
   * Directory for the packages on every host, an absolute path. CAUTION: a rollback deletes it recursively, so it has
   * to be a directory of its own; first-level directories, the agents' home and its parents are refused. It must be
   * local to every host: on a file system that hosts share, agents overwrite each other's downloads.
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
 * Creating it adopts the cluster: one that already runs the version gets no call. `customTimeouts` default to 2 hours;
 * when they, or ^C, end the wait, the upgrade goes on and the next `pulumi up` joins it. Deleting it unpins and leaves
 * the cluster as it is.
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
  /** The version as written in the program, known at preview: for use by what depends on it. */
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
   * The obshell version that every agent shall run: exact (`4.3.3.0`), a prefix of three parts (`4.3.3`) or a floor
   * (`>=4.3.3.0`). For a prefix and a floor the newest `obshell` package that satisfies it is the target.
   */
  readonly version: pulumi.Input<string>;
  /**
   * Build and distribution of the package, only with an exact version. The build is then part of the pin.
   * @default the one release of the version that there is; several are an error
   * @example "102025103117.el7"
   */
  readonly release?: pulumi.Input<string>;
  /**
   * Directory for the package on every host, an absolute path. CAUTION: a rollback deletes it recursively, so it has to
   * be a directory of its own; first-level directories, the agents' home and its parents are refused. It must be local
   * to every host: on a file system that hosts share, agents overwrite each other's downloads.
   * @default `upgrade` in the agent's home
   */
  readonly upgradeDir?: pulumi.Input<string>;
  // end
}

/**
 * The version of a cluster's obshell agents, all of them (`POST /api/v1/agent/upgrade`).
 *
 * The agents restart at the same time, so nobody answers for some tens of seconds. An upgrade of the database also raises
 * the agents to the obshell in its package, and agents never go down: a pin below what runs is reported, not fought over.
 * `customTimeouts` default to 30 minutes.
 *
 * @example
 * ```ts
 * const agents = new oceanbase.AgentVersion("orders-agents", { endpoints, version: "4.3.3.0", release: "102025103117.el7" });
 * const orders = new oceanbase.ClusterVersion("orders", { endpoints, version: "4.3.5.2" }, { dependsOn: agents });
 * ```
 */
export class AgentVersion extends VersionResource {
  /** The version as written in the program, known at preview: for use by what depends on it. */
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
