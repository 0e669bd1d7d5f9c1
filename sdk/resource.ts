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
  /** The version of each member, as it was last observed. Keys are the vendor's own names. */
  declare readonly members: pulumi.Output<Record<string, string>>;
  /** How what runs stands to the pin, in one word. */
  declare readonly status: pulumi.Output<Status>;
  /** The last upgrade that this resource started or joined; null when there was none. */
  declare readonly lastUpgrade: pulumi.Output<Upgrade | null>;

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
    const { parent, customTimeouts } = options;
    const secrets = shape.secrets.filter((key) => args[key] !== undefined);
    super(
      token,
      name,
      {
        ...Object.fromEntries([...OBSERVED, ...shape.observed].map((key) => [key, undefined])),
        ...args,
        ...Object.fromEntries(secrets.map((key) => [key, pulumi.secret(args[key])])),
        __provider: PROVIDER,
        __urn: parent === undefined ? urnBelowStack(token, name) : urnBelow(parent, token, name),
        ...(customTimeouts === undefined ? {} : { __timeouts: customTimeouts }),
      },
      secrets.length === 0 ? options : pulumi.mergeOptions(options, { additionalSecretOutputs: secrets }),
    );
    this.lastUpgrade = this.lastUpgrade.apply((upgrade) => upgrade ?? null);
  }
}

/** What `pulumi.createUrn` says of a resource without a parent, without the outputs that it makes on the way. */
function urnBelowStack(token: string, name: string): string {
  return `urn:pulumi:${pulumi.getStack()}::${pulumi.getProject()}::${token}::${name}`;
}

/**
 * The same below a parent, as a promise: an output would depend on the parent, which means on all children of it. Siblings would
 * wait for each other for ever.
 */
function urnBelow(parent: pulumi.Resource, token: string, name: string): Promise<string> {
  return new Promise((resolve) => {
    pulumi.createUrn(name, token, parent).apply(resolve);
  });
}

/**
 * - `current`: what runs satisfies the pin
 * - `behind`: it does not, and no upgrade to the pin is known to be under way
 * - `newer`: something newer than the pin runs; nothing is called for that
 * - `upgrading`: an upgrade was accepted and is not known to have ended
 * - `deferred`: an upgrade waits for its maintenance window
 * - `failed`: the last upgrade failed
 */
export type Status = "current" | "behind" | "newer" | "upgrading" | "deferred" | "failed";

/** An upgrade in the vendor's words. Times are ISO 8601, UTC. */
export interface Upgrade {
  /** The vendor's id of the task. */
  readonly task: string;
  /** What the vendor calls such an upgrade. */
  readonly kind: string;
  /** The lowest version that ran when it began. */
  readonly from: string;
  /** The version that it goes to, as far as the vendor tells. */
  readonly to: string;
  /** When the call was sent, or the running upgrade was first seen. */
  readonly startedAt: string;
  /** When its end was seen; absent until then. */
  readonly finishedAt?: string;
  /** Set when the upgrade was found running, not started by this resource: it is never operated on. */
  readonly joined?: true;
  /** Of many that wait for their windows: the vendor's task of each, by member. */
  readonly tasks?: Readonly<Record<string, string>>;
  /** Why it failed, in the vendor's words; absent otherwise. Of many, the reason of each is in `problems`. */
  readonly reason?: string;
  /** The vendor's maintenance window that a deferred upgrade waits for; of many, from the first opening to the last closing. */
  readonly window?: { readonly opens: string; readonly closes: string };
  /**
   * Where it stands:
   * - `running`: it was not over when it was last seen
   * - `deferred`: it waits for its window
   * - `succeeded`: the vendor says that it is done
   * - `failed`: the vendor says that it failed
   * - `rolled-back`: it ended by being undone
   * - `withdrawn`: it was canceled before its window
   * - `unknown`: the answer to the call was lost
   * - `gone`: the vendor no longer knows the task
   */
  readonly state: "running" | "deferred" | "succeeded" | "failed" | "rolled-back" | "withdrawn" | "unknown" | "gone";
}

/** Arguments of every pin. */
export interface CommonArgs {
  // generated: commonArguments of provider/core/arguments.ts
  /**
   * What to do when something newer than the pin runs. Nothing is ever downgraded.
   * - `report`: warn
   * - `accept`: no warning, and no drift
   * - `fail`: end the preview, or the run, with an error
   * @default "report"
   */
  readonly onNewer?: pulumi.Input<"report" | "accept" | "fail">;
  /**
   * Whether to wait for the end of the upgrade. With false `up` returns once the vendor has accepted it, with the task
   * in `lastUpgrade` and `status: "upgrading"`, and the next `up` looks what became of it.
   * @default true
   */
  readonly wait?: pulumi.Input<boolean>;
  /**
   * How long nobody may answer while an upgrade runs, counted from the last answer. Agents and databases restart during
   * their own upgrade, so silence is normal for a while. A system that never answered is given one minute.
   * @default "20m"
   */
  readonly unreachableTimeout?: pulumi.Input<string>;
  // end
}
