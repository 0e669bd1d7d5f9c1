import { z } from "zod";
import { commonArguments } from "../../provider/core/arguments";
import { changeArguments, checkChangeArguments } from "../../provider/core/control/arguments";
import type { BackupRecord } from "../../provider/core/control/backup";
import type { Observation } from "../../provider/core/driver";
import type { ResourceKind } from "../../provider/core/kind";
import { requestOf } from "../../provider/core/request";
import type { Task, TaskStatus } from "../../provider/core/task";
import { type Activity, type Finding, standingOf, viewOfOne } from "../../provider/core/unit";
import { type Constraint, formatVersion, parseConstraint, parseVersion, standing } from "../../provider/core/version";

const inputs = z
  .strictObject({
    version: z.string({ error: 'must be a string, such as "2.0"' }),
    server: z.string().optional(),
    password: z.string().optional(),
    ...commonArguments,
    ...changeArguments,
  })
  .superRefine(checkChangeArguments);
type FakeArguments = z.infer<typeof inputs>;

/** A server of a fictitious vendor, whose state is set by the test. */
export interface FakeWorld {
  version: string;
  activity?: Activity;
  unknown?: string;
  findings: Finding[];
  /** Thrown by every read. */
  failure?: Error;
  /** Every read waits for this first. */
  delay?: (signal: AbortSignal) => Promise<void>;
  /** The vendor's records of backups, or the error of their read. */
  backup: BackupRecord | Error;
  /** Whether upgrades wait for maintenance windows. */
  schedules: boolean;
  /** The status of every task. */
  status: TaskStatus;
  /** Tasks that were canceled. */
  canceled: string[];
  reads: number;
  /** How often an observation was interpreted. */
  views: number;
  /** How often backups were read. */
  backupReads: number;
  starts: number;
  opened: number;
  closed: number;
}

function constraintOf(args: FakeArguments): Constraint {
  const constraint = parseConstraint(args.version);
  if (constraint === undefined) throw new Error(`${args.version} is no constraint`);
  return constraint;
}

function observation(text: string): Observation {
  const version = parseVersion(text);
  return { members: version === undefined ? [] : [{ name: "server-1", version }] };
}

/** A minimal resource kind: its request upgrades immediately. */
export function fakeKind(): {
  kind: ResourceKind<FakeArguments>;
  world: FakeWorld;
  observation: (version: string) => Observation;
} {
  const world: FakeWorld = {
    version: "1.0",
    findings: [],
    backup: { kind: "none" },
    schedules: true,
    status: { kind: "succeeded" },
    canceled: [],
    reads: 0,
    views: 0,
    backupReads: 0,
    starts: 0,
    opened: 0,
    closed: 0,
  };
  const kind: ResourceKind<FakeArguments> = {
    inputs,
    secrets: ["password"],
    credentials: { password: { config: "fake:password", env: ["FAKE_PASSWORD"] } },
    timeout: 60_000,
    times: {
      unreachableBudget: 10_000,
      firstContact: 5_000,
      lostReplyWindow: 5_000,
      settleTime: 5_000,
      spacing: 3_000,
    },
    pinned: "version",
    identifiedBy: ["server"],
    identity: (args) => [args.server ?? "server-1"],
    open: (args, { signal }) => {
      world.opened += 1;
      return {
        title: `Fake at ${args.server ?? "server-1"}`,
        units: [args.server ?? "server-1"],
        schedules: world.schedules,
        mostPerRequest: 1,
        ownReads: false,
        compose: requestOf,
        observe: () => read(world, signal),
        view: (seen) => {
          world.views += 1;
          const { findings, activity, version: from } = world;
          const to = args.version;
          const name = args.server ?? "server-1";
          const step = { unit: "server-1", from, to, method: "POST", path: "/upgrade", item: { version: to } } as const;
          const upgrade = { from, route: `${from} → ${to}`, how: "at once", findings, step };
          const stands = standingOf(seen.members, constraintOf(args));
          const unit = {
            name,
            ...stands,
            ...(activity === undefined ? {} : { activity }),
            ...(stands.standing === "behind" ? { upgrade } : {}),
          };
          return viewOfOne(unit, seen.unknown);
        },
        backups: async (units) => {
          world.backupReads += 1;
          const { backup } = world;
          if (backup instanceof Error) throw backup;
          return new Map(units.map(({ name }) => [name, backup]));
        },
        reachesTarget: ({ to }) => to === args.version,
        start: async (): Promise<Task> => {
          world.starts += 1;
          world.version = args.version;
          return { id: "11", kind: "upgrade", to: args.version };
        },
        inspect: async () => world.status,
        cancel: async (tasks) => {
          world.canceled.push(...tasks);
          return tasks;
        },
        close: async () => {
          world.closed += 1;
        },
      };
    },
    outputs: ({ members }) => ({
      ...(members[0] === undefined ? {} : { currentVersion: formatVersion(members[0].version) }),
      members: Object.fromEntries(members.map((member) => [member.name, formatVersion(member.version)])),
    }),
    drifted: (args, { members }) => {
      const stray = members.find((member) => standing(member.version, constraintOf(args)) !== "current");
      return stray && { members: [stray.name], inputs: { version: formatVersion(stray.version) } };
    },
  };
  return { kind, world, observation };
}

async function read(world: FakeWorld, signal: AbortSignal): Promise<Observation> {
  world.reads += 1;
  await world.delay?.(signal);
  if (world.failure !== undefined) throw world.failure;
  const { unknown } = world;
  return {
    ...observation(world.version),
    ...(unknown === undefined ? {} : { unknown }),
  };
}
