import * as pulumi from "@pulumi/pulumi";

/**
 * The text that Pulumi's dynamic-provider process evaluates. It is the same for every type and every version of this
 * package: nothing of the program is captured, an upgraded package causes no diffs, and installed code always runs.
 * Stored in the state of every stack, so it must never change.
 */
const PROVIDER = 'exports.handler=()=>require("pulumi-dbversion/provider").provider';

/** What every pin shows besides its arguments. */
const OBSERVED = ["members", "status", "lastUpgrade"];

/** What a resource type tells the common base. */
export interface ResourceShape {
  /** `oceanbase:ClusterVersion` */
  readonly type: string;
  /** Arguments that are kept encrypted in the state. */
  readonly secrets: readonly string[];
  /** Outputs besides `members`, `status` and `lastUpgrade`. */
  readonly observed: readonly string[];
}

/** Common to all resources of this package: a dynamic resource in every respect, but with a constant provider. */
export abstract class VersionResource extends pulumi.CustomResource {
  /** Version per member, as observed. */
  declare readonly members: pulumi.Output<Record<string, string>>;
  /** How what runs stands to the pin. */
  declare readonly status: pulumi.Output<Status>;
  /** The last upgrade that this resource started or joined. */
  declare readonly lastUpgrade: pulumi.Output<Upgrade | undefined>;

  /**
   * @param shape the type, and what is particular to it
   */
  protected constructor(
    shape: ResourceShape,
    name: string,
    args: pulumi.Inputs,
    options: pulumi.CustomResourceOptions = {},
  ) {
    const token = `pulumi-nodejs:dynamic/${shape.type}`;
    super(
      token,
      name,
      {
        ...Object.fromEntries([...OBSERVED, ...shape.observed].map((key) => [key, undefined])),
        ...sealed(args, shape.secrets),
        __provider: PROVIDER,
        __urn: pulumi.createUrn(name, token, options.parent),
        __timeouts: options.customTimeouts,
      },
      pulumi.mergeOptions(options, { additionalSecretOutputs: [...shape.secrets] }),
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
  /** The vendor's maintenance window that a deferred upgrade waits for. */
  readonly window?: { readonly opens: string; readonly closes: string };
  /**
   * `deferred`: it waits for its window. `unknown`: the answer to the call was lost. `gone`: the vendor no longer knows the
   * task. `withdrawn`: it was taken back before its window.
   */
  readonly state: "running" | "deferred" | "succeeded" | "failed" | "rolled-back" | "withdrawn" | "unknown" | "gone";
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
