import * as pulumi from "@pulumi/pulumi";
import { isTable } from "../provider/base/json";
import type { ApprovedUpgrades, BackupRule, Blackout, ChangeWindow } from "./change-control";

/**
 * The text that Pulumi's dynamic-provider process evaluates. It is the same for every type and every version of this
 * package: nothing of the program is captured, an upgraded package causes no diffs, and installed code always runs.
 * Stored in the state of every stack, so it must never change.
 */
const PROVIDER = 'exports.handler=()=>require("pulumi-dbversion/provider").provider';

/** Outputs of every resource. */
const OBSERVED = ["members", "status", "lastUpgrade", "heldBy"];

/** The properties of a resource type for the common base class. */
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
  /** Why an upgrade that is needed was not requested; null when none is held. */
  declare readonly heldBy: pulumi.Output<Hold | null>;

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
    const urn = parent === undefined ? urnBelowStack(token, name) : urnBelow(parent, token, name);
    const secrets = shape.secrets.filter((key) => args[key] !== undefined);
    super(
      token,
      name,
      {
        ...Object.fromEntries([...OBSERVED, ...shape.observed].map((key) => [key, undefined])),
        ...args,
        ...Object.fromEntries(secrets.map((key) => [key, pulumi.secret(args[key])])),
        ...(args["approval"] === undefined ? {} : { approval: approvalFor(args["approval"], urn) }),
        __provider: PROVIDER,
        __urn: urn,
        ...(customTimeouts === undefined ? {} : { __timeouts: customTimeouts }),
      },
      secrets.length === 0 ? options : pulumi.mergeOptions(options, { additionalSecretOutputs: secrets }),
    );
    this.lastUpgrade = this.lastUpgrade.apply((upgrade) => upgrade ?? null);
    this.heldBy = this.heldBy.apply((hold) => hold ?? null);
  }
}

/** What was approved for this resource alone: approvals of others must not change its inputs. */
function approvalFor(approval: unknown, urn: string | Promise<string>): pulumi.Output<unknown> {
  return pulumi.all([approval, urn]).apply(([content, own]: readonly [unknown, string]) => {
    // The check reports any other invalid value.
    if (!isTable(content)) return content;
    const { approvals } = content;
    if (!isTable(approvals)) return content;
    const approved = approvals[own];
    return { ...content, approvals: approved === undefined ? {} : { [own]: approved } };
  });
}

/** The result of `pulumi.createUrn` for a resource without a parent, without its intermediate outputs. */
function urnBelowStack(token: string, name: string): string {
  return `urn:pulumi:${pulumi.getStack()}::${pulumi.getProject()}::${token}::${name}`;
}

/**
 * The same below a parent, as a promise: an output would depend on the parent, which means on all children of it. Siblings would
 * wait for each other forever.
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
 * - `held`: an upgrade is needed and was not requested; the output heldBy has the reason
 * - `failed`: the last upgrade failed
 */
export type Status = "current" | "behind" | "newer" | "upgrading" | "deferred" | "held" | "failed";

/** Why an upgrade is held. */
export interface Hold {
  /** In order of evaluation. */
  readonly code: "freeze" | "blackout" | "window" | "approval" | "backup";
  readonly message: string;
  /** When it ends, if known: ISO 8601, UTC. */
  readonly until?: string;
}

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
  /** Set when this resource joined an upgrade that it did not start: it is never retried, rolled back or canceled. */
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
   * - `gone`: the vendor no longer reports the task
   */
  readonly state: "running" | "deferred" | "succeeded" | "failed" | "rolled-back" | "withdrawn" | "unknown" | "gone";
}

/** Arguments of every resource. */
export interface CommonArgs extends ChangeArgs {
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
   * What a preview and a refresh do when the system cannot be read. Missing or rejected credentials always fail both.
   * - `warn`: print a warning: the preview shows no plan, and the refresh keeps the state
   * - `fail`: fail the preview or the refresh
   * @default config `dbversion:onUnreachable`, or `warn`
   */
  readonly onUnreachable?: pulumi.Input<"warn" | "fail">;
  /**
   * Whether to wait until the upgrade has ended. With false, `up` ends once the vendor has accepted the request, with
   * the task in `lastUpgrade` and `status: "upgrading"`; the next `up` reads the result.
   * @default true
   */
  readonly wait?: pulumi.Input<boolean>;
  /**
   * How long the system may be unreachable while an upgrade runs, counted from the last response. Agents and databases
   * restart during their own upgrade, so a period without a response is normal. The limit is one minute for a system
   * that has never responded.
   * @default "20m"
   */
  readonly unreachableTimeout?: pulumi.Input<string>;
  // end
}

/** When an upgrade may be requested. Arguments of every resource type. */
export interface ChangeArgs {
  // generated: changeArguments of provider/core/control/arguments.ts
  /**
   * When an upgrade may begin, in local time. An upgrade that has begun continues after the window ends. Without this
   * argument, an upgrade may begin at any time. Refused with `schedule` `maintenance-window`, where the service chooses
   * the time.
   * @default the config value `dbversion:windows`
   * @example [{ days: ["sat", "sun"], from: "02:00", to: "06:00", lastStart: "05:00", timeZone: "Asia/Shanghai" }]
   */
  readonly windows?: pulumi.Input<ChangeWindow[]>;
  /**
   * Periods in which no upgrade may begin, not even inside a window. If the end is a date, that day is included.
   * @default the config value `dbversion:blackouts`
   * @example [{ from: "2026-12-20", to: "2027-01-05", timeZone: "Asia/Shanghai", reason: "year-end freeze" }]
   */
  readonly blackouts?: pulumi.Input<Blackout[]>;
  /**
   * The reason why no upgrade may begin now. While it is set, no upgrade request is sent. The config value
   * `dbversion:freeze` does the same for all resources in the stack.
   * @example "incident 4711"
   */
  readonly freeze?: pulumi.Input<string>;
  /**
   * How long the upgrade usually takes. It does not begin if the window would end before it is finished.
   * @example "50m"
   */
  readonly expect?: pulumi.Input<string>;
  /**
   * The content of `approved.json`, which `pulumi-dbversion approve` writes. With this argument, only approved upgrades
   * begin. An approval covers exactly one plan; other versions, packages or arguments need a new approval. It is used
   * up when the version is reached.
   */
  readonly approval?: pulumi.Input<ApprovedUpgrades>;
  /**
   * The maximum age of the last complete backup when an upgrade begins, as `maxAge`. Backups are read from the vendor;
   * none is ever started. If the last backup is too old or cannot be read, the upgrade is held, unless `waive` gives a
   * reason why it may begin anyway. A running backup always holds the upgrade.
   * @example { maxAge: "24h" }
   */
  readonly backup?: pulumi.Input<BackupRule>;
  /**
   * What to do when an upgrade is needed, but must not begin now.
   * - `report`: end successfully, with a warning
   * - `wait`: wait within the time limit
   * - `fail`: end with an error
   * @default "report"
   */
  readonly onHeld?: pulumi.Input<"report" | "wait" | "fail">;
  // end
}
