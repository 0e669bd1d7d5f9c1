import * as pulumi from "@pulumi/pulumi";

/**
 * The text that Pulumi's dynamic-provider process evaluates. It is the same for every type and every version of this
 * package: nothing of the program is captured, an upgraded package causes no diffs, and installed code always runs.
 * Stored in the state of every stack, so it must never change.
 */
const PROVIDER = 'exports.handler=()=>require("pulumi-dbversion/provider").provider';

/** What every pin shows besides its arguments. */
const OBSERVED = ["currentVersion", "members", "status", "lastUpgrade"];

/** Common to all resources of this package: a dynamic resource in every respect, but with a constant provider. */
export abstract class VersionResource extends pulumi.CustomResource {
  /** The version as written in the program, known at preview: for use by what depends on it. */
  declare readonly version: pulumi.Output<string>;
  /** Version per member, as observed. */
  declare readonly members: pulumi.Output<Record<string, string>>;
  /** How what runs stands to the pin. */
  declare readonly status: pulumi.Output<Status>;
  /** The last upgrade that this resource started or joined. */
  declare readonly lastUpgrade: pulumi.Output<Upgrade | undefined>;

  /**
   * @param type `oceanbase:ClusterVersion`
   * @param secrets arguments that are kept encrypted in the state
   */
  protected constructor(
    type: string,
    name: string,
    args: pulumi.Inputs,
    secrets: readonly string[],
    options: pulumi.CustomResourceOptions = {},
  ) {
    const token = `pulumi-nodejs:dynamic/${type}`;
    super(
      token,
      name,
      {
        ...Object.fromEntries(OBSERVED.map((key) => [key, undefined])),
        ...sealed(args, secrets),
        __provider: PROVIDER,
        __urn: pulumi.createUrn(name, token, options.parent),
        __timeouts: options.customTimeouts,
      },
      pulumi.mergeOptions(options, { additionalSecretOutputs: [...secrets] }),
    );
  }
}

function sealed(args: pulumi.Inputs, secrets: readonly string[]): pulumi.Inputs {
  const entries = Object.entries(args).map(([key, value]) => {
    const secret = value !== undefined && secrets.includes(key);
    return [key, secret ? pulumi.secret(value) : value] as const;
  });
  return Object.fromEntries(entries);
}

/**
 * - `current`: what runs satisfies the pin
 * - `behind`: it does not
 * - `newer`: something newer than the pin runs
 * - `upgrading`: an upgrade runs
 * - `deferred`: an upgrade waits for its window
 * - `failed`: the last upgrade failed
 */
export type Status = "current" | "behind" | "newer" | "upgrading" | "deferred" | "failed";

/** An upgrade in the vendor's words. Times are ISO 8601, UTC. */
export interface Upgrade {
  /** The vendor's id of the task. */
  readonly task: string;
  readonly kind: string;
  readonly from: string;
  readonly to: string;
  /** When the call was sent, or the running upgrade was first seen. */
  readonly startedAt: string;
  readonly finishedAt?: string;
  /** Set when the upgrade was found running, not started by this resource: it is never operated on. */
  readonly joined?: true;
  /** `unknown`: the answer to the call was lost. `gone`: the vendor no longer knows the task. */
  readonly state: "running" | "succeeded" | "failed" | "rolled-back" | "unknown" | "gone";
}

/** Arguments of every pin. */
export interface CommonArgs {
  /**
   * What to do when something newer than the pin runs: `report` warns, `accept` is silent, `fail` ends the preview with
   * an error. Nothing is ever downgraded.
   * @default "report"
   */
  readonly onNewer?: pulumi.Input<"report" | "accept" | "fail">;
  /**
   * Whether to wait for the end of the upgrade. With false `up` returns once the vendor has accepted it, with the task in
   * `lastUpgrade`, and the next `up` looks again.
   * @default true
   */
  readonly wait?: pulumi.Input<boolean>;
  /**
   * How long nobody may answer while an upgrade runs, such as `"30m"`. Agents and databases restart during their own
   * upgrade, so silence is normal for a while.
   * @default "20m"
   */
  readonly unreachableTimeout?: pulumi.Input<string>;
}
