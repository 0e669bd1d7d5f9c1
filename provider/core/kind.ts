import type { z } from "zod";
import type { CommonArguments, CredentialSource } from "./arguments";
import type { Driver, Observation } from "./driver";
import type { Times } from "./policy";
import type { Runtime } from "./runtime";

/** The outputs of a read. */
export interface ObservedOutputs {
  /** The lowest version observed, without its build. */
  readonly currentVersion?: string;
  /** Version per member, with its build where the system has one. */
  readonly members: Readonly<Record<string, string>>;
}

/** Drift from the target version. */
export interface Drift {
  /** Names in the outputs of the members that do not satisfy it. */
  readonly members: readonly string[];
  /** Set when the drift is not visible in the outputs, such as the arguments of a module. */
  readonly unseen?: true;
  /**
   * The observed values, as arguments: they are valid and require no change. An argument that is undefined is removed.
   * Empty if no argument can express what was observed; then the arguments stay as written.
   */
  readonly inputs: Readonly<Record<string, unknown>>;
}

/**
 * One resource type: its arguments, the version it manages, and how to connect. A vendor exports one per system.
 * @typeParam A its arguments after validation, including credentials
 * @typeParam O what a read of it shows
 */
export interface ResourceKind<A extends CommonArguments = CommonArguments, O extends Observation = Observation> {
  readonly inputs: z.ZodType<A>;
  /** Arguments that are secrets, for redaction. */
  readonly secrets: readonly string[];
  /** Other forms of the secrets that are sent over the network, for redaction: `base64(user:password)`. */
  derivedSecrets?(args: A): readonly string[];
  readonly credentials: Readonly<Record<string, CredentialSource>>;
  /** Default timeout for create and update without customTimeouts, in milliseconds. */
  readonly timeout: number;
  readonly times: Times;
  /**
   * The names that identify the managed database; the first one becomes the resource's id. If old and new arguments
   * have none in common, the resource is replaced.
   */
  identity(args: A): readonly string[];
  /**
   * The target version by name, if that is not the argument `pinned` for every name of `identity`. Two resources with a
   * name in common manage the same database.
   */
  targets?(args: A): Readonly<Record<string, string>>;
  open(args: A, runtime: Runtime): Driver<O>;
  outputs(observation: O): ObservedOutputs;
  /** Whether upgrades are scheduled for a maintenance window of the vendor, if it has any. */
  schedules?(args: A): boolean;
  /** How a user can cancel a scheduled upgrade without this tool, if the vendor schedules any. */
  readonly cancelByHand?: string;
  /** Set if members are upgraded independently: the output `problems` then has the reason for each outdated one. */
  readonly tellsProblems?: true;
  /** The argument with the target version: a newer current version is reported there. */
  readonly pinned: string;
  /** The arguments that determine `identity`, for Pulumi's display of a replacement. */
  readonly identifiedBy: readonly string[];
  /** What does not satisfy the target version; undefined if everything does. */
  drifted(args: A, observation: O): Drift | undefined;
}

/** A kind of any vendor. */
export type SomeKind = ResourceKind<CommonArguments>;
