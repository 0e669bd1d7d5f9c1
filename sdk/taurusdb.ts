import type * as pulumi from "@pulumi/pulumi";
import { type CommonArgs, VersionResource } from "./resource";

// generated: secrets of provider/taurusdb/arguments.ts
const SECRETS = ["accessKey", "secretKey", "securityToken", "password"];
// end

/**
 * How to reach TaurusDB. What is not given here is taken from an explicit `Provider`, from the stack's configuration
 * (`huaweicloud:region`), or from the environment. The caller authenticates with an access key, or with the password of
 * an IAM user. If both are given, the access key is used.
 */
export interface ConnectionArgs {
  // generated: connection of provider/taurusdb/arguments.ts
  /**
   * The region of the instances. The address of the service is derived from it. Required unless `endpoint` and
   * `projectId` are given.
   * @default the config value `huaweicloud:region`, or the environment variable `HW_REGION_NAME`
   * @example "cn-north-4"
   */
  readonly region?: pulumi.Input<string>;
  /**
   * The project of the instances, 32 letters and digits.
   * @default the config value `huaweicloud:projectId`, the environment variable `HW_PROJECT_ID` or
   * `HUAWEICLOUD_SDK_PROJECT_ID`, or the only project that has the region's name
   */
  readonly projectId?: pulumi.Input<string>;
  /**
   * Address of the service, for regions that this package does not know and for networks with an endpoint of their own.
   * @default the config value `huaweicloud:endpoint`, the environment variable
   * `HUAWEICLOUD_SDK_REGION_GAUSSDB_<REGION>` (such as `…_CN_NORTH_4`), or the region's
   * @example "https://gaussdb.cn-north-4.myhuaweicloud.com"
   */
  readonly endpoint?: pulumi.Input<string>;
  /**
   * Address of IAM, which provides the project id and tokens. Required where `endpoint` is an IP address, has a port,
   * or is a custom name: a password is never sent to another cloud or domain than that of `endpoint`.
   * @default the config value `huaweicloud:iamEndpoint`, the environment variable `HW_AUTH_URL` or
   * `HUAWEICLOUD_SDK_IAM_ENDPOINT`, or the one in the same domain as the service: `iam.<region>.<domain>`
   * @example "https://iam.eu-de.otc.t-systems.com"
   */
  readonly iamEndpoint?: pulumi.Input<string>;
  /**
   * Access key (AK). Kept encrypted in the state.
   * @default the config value `huaweicloud:accessKey`, or the environment variable `HW_ACCESS_KEY` or
   * `HUAWEICLOUD_SDK_AK`
   */
  readonly accessKey?: pulumi.Input<string>;
  /**
   * Secret key (SK) of the access key. Kept encrypted in the state.
   * @default the config value `huaweicloud:secretKey`, or the environment variable `HW_SECRET_KEY` or
   * `HUAWEICLOUD_SDK_SK`
   */
  readonly secretKey?: pulumi.Input<string>;
  /**
   * Token of a temporary access key. Kept encrypted in the state.
   * @default the config value `huaweicloud:securityToken`, or the environment variable `HW_SECURITY_TOKEN` or
   * `HUAWEICLOUD_SDK_SECURITY_TOKEN`
   */
  readonly securityToken?: pulumi.Input<string>;
  /**
   * An IAM user, instead of an access key. A HUAWEI ID cannot be used with a password.
   * @default the config value `huaweicloud:userName`, or the environment variable `HW_USER_NAME`
   */
  readonly userName?: pulumi.Input<string>;
  /**
   * Password of the IAM user. Kept encrypted in the state.
   * @default the config value `huaweicloud:password`, or the environment variable `HW_USER_PASSWORD`
   */
  readonly password?: pulumi.Input<string>;
  /**
   * The account that the IAM user belongs to.
   * @default the config value `huaweicloud:domainName`, or the environment variable `HW_DOMAIN_NAME`
   */
  readonly domainName?: pulumi.Input<string>;
  // end
}

/** Arguments of both resources. */
export interface KernelArgs extends ConnectionArgs, CommonArgs {
  // generated: upgrade of provider/taurusdb/arguments.ts
  /**
   * When an upgrade runs.
   * - `now`: at once
   * - `maintenance-window`: in the instance's next maintenance window. `up` ends with `status: "deferred"` and the
   *   window in `lastUpgrade`; the first `up` after the window reads the result. Changing or deleting the resource
   *   cancels an upgrade that it has scheduled and that has not begun, unless another resource relies on it.
   * @default "now"
   */
  readonly schedule?: pulumi.Input<"now" | "maintenance-window">;
  // end
}

/** Arguments of {@link KernelVersion}. */
export interface KernelVersionArgs extends KernelArgs {
  // generated: kernelArguments of provider/taurusdb/arguments.ts
  /**
   * The TaurusDB instances of one project, each once: 36 letters and digits that end in `in07`.
   * @example ["6754902da1f447269c6979b0590102a5in07"]
   */
  readonly instanceIds: pulumi.Input<pulumi.Input<string>[]>;
  /**
   * Target kernel version of every instance: exact (`2.0.75.28`), a prefix (`2.0.75`), a minimum (`>=2.0.75`) or
   * `latest`. An upgrade always goes to the newest kernel that is offered to an instance, so an exact version or a
   * prefix below it cannot be reached: the preview reports it, and nothing is sent.
   */
  readonly version: pulumi.Input<string>;
  /**
   * Let the service check the instances first, in regions that support it. An instance that does not pass is not
   * upgraded, and the findings are reported.
   * @default true
   */
  readonly preCheck?: pulumi.Input<boolean>;
  // end
}

/**
 * The kernel version of TaurusDB instances, one or many
 * (`POST /v3/{project_id}/instances/database-version/upgrade`).
 *
 * Creating it adopts the instances: nothing is sent for those that are up to date. The others are upgraded in batches of at
 * most 100 that run the same version, and each is waited for; `members` has the version of each. When some fail, the next
 * `pulumi up` requests the remaining upgrades. Deleting the resource does not change the instances.
 *
 * @example
 * ```ts
 * const fleet = new taurusdb.KernelVersion("fleet", {
 *   region: "cn-north-4",
 *   instanceIds: ["6754902da1f447269c6979b0590102a5in07", "d738399de028480fabb2b8120d4e01a4in07"],
 *   version: ">=2.0.75",
 *   schedule: "maintenance-window",
 * });
 * ```
 */
export class KernelVersion extends VersionResource {
  /** The version as written in the program. It is known at preview, so other resources can use it. */
  declare readonly version: pulumi.Output<string>;
  /** The lowest version that an instance runs. */
  declare readonly currentVersion: pulumi.Output<string>;
  /** Why an instance did not reach its target version, a sentence each, by instance id; empty when all did. */
  declare readonly problems: pulumi.Output<Record<string, string>>;

  constructor(name: string, args: KernelVersionArgs, options?: pulumi.CustomResourceOptions) {
    super(
      { type: "taurusdb:KernelVersion", secrets: SECRETS, observed: ["currentVersion", "problems"] },
      name,
      { ...args },
      options,
    );
    // States that 0.1.0 has written have no entry when all did.
    this.problems = this.problems.apply((problems: Record<string, string> | undefined) => problems ?? {});
  }
}

/** Arguments of {@link StarRocksVersion}. */
export interface StarRocksVersionArgs extends KernelArgs {
  // generated: starRocksArguments of provider/taurusdb/arguments.ts
  /**
   * The TaurusDB instance that the StarRocks instance belongs to: 36 letters and digits that end in `in07`.
   * @example "6754902da1f447269c6979b0590102a5in07"
   */
  readonly instanceId: pulumi.Input<string>;
  /**
   * The StarRocks instance: 36 letters and digits that end in `in17`.
   * @example "1c8b1f2e2a2b4f0f9a6d3a0f4a3b9c11in17"
   */
  readonly starRocksInstanceId: pulumi.Input<string>;
  /**
   * Target kernel version: exact (`3.1.15.80`), a prefix (`3.1`), a minimum (`>=3.1.15`) or `latest`. An upgrade always
   * goes to the newest kernel that is offered, so an exact version or a prefix below it cannot be reached: the preview
   * reports it, and nothing is sent. If the service shows only two parts of the version (`3.1`), a longer version can
   * be verified only while nothing newer is offered.
   */
  readonly version: pulumi.Input<string>;
  /**
   * Upgrade without the service's validation. CAUTION: the validation keeps an upgrade from breaking data
   * synchronization tasks that are running.
   * @default false
   */
  readonly skipValidation?: pulumi.Input<boolean>;
  // end
}

/**
 * The kernel version of a StarRocks instance beside a TaurusDB instance
 * (`POST /v3/{project_id}/instances/{starrocks_instance_id}/starrocks/db-upgrade`).
 *
 * Creating it adopts the instance: nothing is sent if it is up to date. `customTimeouts` default to 1 hour. When a time
 * limit or ^C ends the wait, the upgrade continues and the next `pulumi up` joins it. Deleting the resource does not change
 * the instance.
 *
 * @example
 * ```ts
 * const reports = new taurusdb.StarRocksVersion("reports", {
 *   region: "cn-north-4",
 *   instanceId: "6754902da1f447269c6979b0590102a5in07",
 *   starRocksInstanceId: "1c8b1f2e2a2b4f0f9a6d3a0f4a3b9c11in17",
 *   version: "latest",
 * });
 * ```
 */
export class StarRocksVersion extends VersionResource {
  /** The version as written in the program. It is known at preview, so other resources can use it. */
  declare readonly version: pulumi.Output<string>;
  /** The current version, as reported by the service. */
  declare readonly currentVersion: pulumi.Output<string>;

  constructor(name: string, args: StarRocksVersionArgs, options?: pulumi.CustomResourceOptions) {
    super(
      { type: "taurusdb:StarRocksVersion", secrets: SECRETS, observed: ["currentVersion"] },
      name,
      { ...args },
      options,
    );
  }
}
