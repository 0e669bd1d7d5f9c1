import type { z } from "zod";
import type { CommonArguments, CredentialSource } from "./arguments";
import type { Driver, Observation } from "./driver";
import type { Times } from "./policy";
import type { Runtime } from "./runtime";

/** What a look at the vendor puts into the outputs. */
export interface ObservedOutputs {
  /** The lowest version observed, without its build. */
  readonly currentVersion?: string;
  /** Version per member, with its build where the system has one. */
  readonly members: Readonly<Record<string, string>>;
}

/** What no longer satisfies the target version. */
export interface Drift {
  /** The members that do not satisfy it, by their names in the outputs. */
  readonly members: readonly string[];
  /** Set when something has left it that the outputs do not show, such as the arguments of a module. */
  readonly unseen?: true;
  /**
   * What was observed, in the place of arguments: as these arguments it is valid, and asks for no change. An argument that is
   * undefined is left out. Empty where no argument can say what was observed; then the arguments stay as written.
   */
  readonly inputs: Readonly<Record<string, unknown>>;
}

/**
 * One resource type: what it takes, which version it sets, and how to open it. A vendor exports one per system.
 * @typeParam A its arguments after validation, credentials filled in
 * @typeParam O what a look at it shows
 */
export interface ResourceKind<A extends CommonArguments = CommonArguments, O extends Observation = Observation> {
  readonly inputs: z.ZodType<A>;
  /** Arguments that are secrets, for redaction. */
  readonly secrets: readonly string[];
  /** Other forms of the secrets that go over the wire, for redaction: `base64(user:password)`. */
  derivedSecrets?(args: A): readonly string[];
  readonly credentials: Readonly<Record<string, CredentialSource>>;
  /** Milliseconds that create and update may take when customTimeouts does not say. */
  readonly timeout: number;
  readonly times: Times;
  /**
   * The names by which the pinned thing is known; the first one becomes the resource's id. When old and new arguments
   * have none in common, it is another thing and the resource is replaced.
   */
  identity(args: A): readonly string[];
  /**
   * Which version is wanted on which thing, where that is not the argument `pinned` on everything that `identity` names. Two
   * resources with a thing in common manage the same.
   */
  targets?(args: A): Readonly<Record<string, string>>;
  open(args: A, runtime: Runtime): Driver<O>;
  outputs(observation: O): ObservedOutputs;
  /** Whether upgrades are requested for a maintenance window of the vendor, where it has any. */
  schedules?(args: A): boolean;
  /** What a person does to cancel a scheduled upgrade without this tool, where the vendor schedules any. */
  readonly cancelByHand?: string;
  /** Set where each member is upgraded independently: the output `problems` then has the reason of each that is not up to date. */
  readonly tellsProblems?: true;
  /** The argument that says which version shall run: a current version that is newer is reported there. */
  readonly pinned: string;
  /** The arguments behind `identity`, for Pulumi's display of a replacement. */
  readonly identifiedBy: readonly string[];
  /** What does not satisfy the target version; undefined while it holds. */
  drifted(args: A, observation: O): Drift | undefined;
}

/** A kind of any vendor. */
export type SomeKind = ResourceKind<CommonArguments>;
