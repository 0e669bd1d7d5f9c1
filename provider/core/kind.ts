import type { z } from "zod";
import { counted } from "../base/sentences";
import type { CommonArguments, CredentialSource } from "./arguments";
import type { Driver, Observation } from "./driver";
import type { Times } from "./policy";
import type { Runtime } from "./runtime";
import { some } from "./texts/sentences";
import type { Member } from "./unit";
import { compareVersions, formatParts, formatVersion, lowestVersion, type Standing, type Version } from "./version";

/** The outputs of a read. */
export interface ObservedOutputs {
  /** The lowest version observed, without its build. */
  readonly currentVersion?: string;
  /** Version per member, with its build where the system has one. */
  readonly members: Readonly<Record<string, string>>;
}

export function outputsOf(members: readonly Member[]): ObservedOutputs {
  const lowest = lowestVersion(members.map(({ version }) => version));
  return {
    ...(lowest === undefined ? {} : { currentVersion: formatParts(lowest) }),
    members: Object.fromEntries(members.map(({ name, version }) => [name, formatVersion(version)])),
  };
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
  readonly reportsProblems?: true;
  /** The argument with the target version: a newer current version is reported there. */
  readonly pinned: string;
  /** The arguments that determine `identity`, for Pulumi's display of a replacement. */
  readonly identifiedBy: readonly string[];
  /** What does not satisfy the target version; undefined if everything does. */
  drifted(args: A, observation: O): Drift | undefined;
}

/** A kind of any vendor. */
export type SomeKind = ResourceKind<CommonArguments>;

/**
 * The drift of members that share one target version. The lowest current version is written to the state. With any
 * other one as the target version, a member would be behind it and `pulumi up` would upgrade it. If members are only
 * ahead, nothing is written.
 * @param inputs the arguments that this version satisfies
 */
export function driftOf<M extends Member>(
  members: readonly M[],
  standing: (member: M) => Standing,
  inputs: (lowest: Version) => Drift["inputs"],
): Drift | undefined {
  const differing = members.filter((member) => standing(member) !== "current");
  const lowest = lowestVersion(members.map(({ version }) => version));
  if (differing.length === 0 || lowest === undefined) return undefined;
  const written = differing.some(({ version }) => compareVersions(version, lowest) === 0);
  return { members: differing.map(({ name }) => name), inputs: written ? inputs(lowest) : {} };
}

/** Longer names are abbreviated to their beginning and end. */
const LONGEST_NAME = 24;

/**
 * The drift in a refresh: `drift: 1 of 20 instances outdated (e4ed…in07 runs 2.0.69.250900); …`
 * @param unit what members are called, singular and plural
 */
export function describeDrift(
  { members, unseen }: Drift,
  observation: Observation,
  [one, many]: readonly [string, string] = ["member", "members"],
): string {
  const all = observation.members;
  const outdated = all.filter(({ name }) => members.includes(name));
  if (outdated.length === 0 || unseen === true) {
    const alone = members.length === 1;
    return `drift: ${some(members.map(shortName))} ${alone ? "differs" : "differ"} from the state. {apply} restores ${alone ? "it" : "them"}.`;
  }
  const versions = outdated.map(({ name, version }) => `${shortName(name)} runs ${formatVersion(version)}`);
  const what = `${outdated.length} of ${counted(all.length, one, many)} outdated (${some(versions)})`;
  return `drift: ${what}. {apply} upgrades ${outdated.length === 1 ? "it" : "them"}.`;
}

function shortName(name: string): string {
  return name.length > LONGEST_NAME ? `${name.slice(0, 4)}…${name.slice(-4)}` : name;
}
