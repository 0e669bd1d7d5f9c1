import * as pulumi from "@pulumi/pulumi";

/**
 * The text that Pulumi's dynamic-provider process evaluates. It is the same for every type and every version of this
 * package: nothing of the program is captured, an upgraded package causes no diffs, and installed code always runs.
 * Stored in the state of every stack, so it must never change.
 */
const PROVIDER = 'exports.handler=()=>require("pulumi-dbversion/provider").provider';

/** Outputs of every resource. */
const OBSERVED = ["members", "status", "lastUpgrade"];

/** What the common base needs to know of a resource type. */
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
  /** The last observed version of each member. Keys are the vendor's own names. */
  declare readonly members: pulumi.Output<Record<string, string>>;
  /** How the current version relates to the target, in one word. */
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
 * - `current`: up to date
 * - `behind`: outdated, and no upgrade to the target is known to be running
 * - `newer`: ahead of the target; nothing is sent for that
 * - `upgrading`: an upgrade was accepted and is not known to have ended
 * - `deferred`: an upgrade is scheduled for a maintenance window
 * - `failed`: the last upgrade failed
 */
export type Status = "current" | "behind" | "newer" | "upgrading" | "deferred" | "failed";

/** An upgrade in the vendor's words. Times are ISO 8601, UTC. */
export interface Upgrade {
  /** The vendor's id of the task. */
  readonly task: string;
  /** The vendor's name for this kind of upgrade. */
  readonly kind: string;
  /** The lowest version of all members when it began. */
  readonly from: string;
  /** The version that it leads to, as far as the vendor reports it. */
  readonly to: string;
  /** When the upgrade request was sent, or the running upgrade was first observed. */
  readonly startedAt: string;
  /** When its end was observed; absent until then. */
  readonly finishedAt?: string;
  /** Set when this resource joined an upgrade that somebody else started: it is never retried, rolled back or canceled. */
  readonly joined?: true;
  /** If several upgrades are scheduled: the vendor's task of each, by member. */
  readonly tasks?: Readonly<Record<string, string>>;
  /** Why it failed, as the vendor reports it; absent otherwise. For several members, the reasons are in `problems`. */
  readonly reason?: string;
  /** The maintenance window of a scheduled upgrade; for several members, from the first opening to the last closing. */
  readonly window?: { readonly opens: string; readonly closes: string };
  /**
   * The state of the task:
   * - `running`: it was in progress when it was last observed
   * - `deferred`: it is scheduled for a maintenance window
   * - `succeeded`: the vendor reports that it succeeded
   * - `failed`: the vendor reports that it failed
   * - `rolled-back`: it was rolled back
   * - `withdrawn`: it was canceled before its maintenance window
   * - `unknown`: the response to the upgrade request was lost
   * - `gone`: the vendor no longer knows the task
   */
  readonly state: "running" | "deferred" | "succeeded" | "failed" | "rolled-back" | "withdrawn" | "unknown" | "gone";
}

/** Arguments of every resource. */
export interface CommonArgs {
  // generated: commonArguments of provider/core/arguments.ts
  /**
   * What to do when the database runs a newer version than the target. Nothing is ever downgraded.
   * - `report`: warn
   * - `accept`: no warning, and no drift
   * - `fail`: fail the preview or the run
   * @default "report"
   */
  readonly onNewer?: pulumi.Input<"report" | "accept" | "fail">;
  /**
   * Whether to wait until the upgrade has ended. With false, `up` ends once the vendor has accepted the request, with
   * the task in `lastUpgrade` and `status: "upgrading"`; the next `up` reads the result.
   * @default true
   */
  readonly wait?: pulumi.Input<boolean>;
  /**
   * How long the system may be unreachable while an upgrade runs, counted from the last response. Agents and databases
   * restart during their own upgrade, so a while without a response is normal. A system that has never responded gets
   * one minute.
   * @default "20m"
   */
  readonly unreachableTimeout?: pulumi.Input<string>;
  // end
}
