import { z } from "zod";
import { commonArguments } from "../../provider/core/arguments";
import { type Constraint, parseConstraint, standing } from "../../provider/core/constraint";
import { decide } from "../../provider/core/decide";
import type { PinKind } from "../../provider/core/kind";
import type { Activity, Finding, Observation, Task, TaskStatus } from "../../provider/core/pin";
import type { Request } from "../../provider/core/request";
import { formatVersion, parseVersion } from "../../provider/core/version";

const inputs = z.strictObject({
  version: z.string({ error: 'must be a text, such as "2.0"' }),
  server: z.string().optional(),
  password: z.string().optional(),
  ...commonArguments,
});
type FakeArguments = z.infer<typeof inputs>;

/** One server of an invented vendor, set by the test. */
export interface FakeWorld {
  version: string;
  activity?: Activity;
  unknown?: string;
  findings: Finding[];
  /** Thrown by every look. */
  failure?: Error;
  /** What every look waits for first. */
  delay?: (signal: AbortSignal) => Promise<void>;
  /** Where every task stands. */
  status: TaskStatus;
  /** Tasks that were taken back. */
  withdrawn: string[];
  looks: number;
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

/** A pin kind as small as can be: its call upgrades at once. */
export function fakeKind(): {
  kind: PinKind<FakeArguments>;
  world: FakeWorld;
  observation: (version: string) => Observation;
} {
  const world: FakeWorld = {
    version: "1.0",
    findings: [],
    status: { kind: "succeeded" },
    withdrawn: [],
    looks: 0,
    starts: 0,
    opened: 0,
    closed: 0,
  };
  const kind: PinKind<FakeArguments> = {
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
        observe: () => look(world, signal),
        plan: (seen) => {
          const call = { from: world.version, route: `${world.version} → ${args.version}`, how: "at once" };
          const { findings } = world;
          const units = [{ unit: "server-1", from: world.version, to: args.version }];
          const requests: Request[] = [{ method: "POST", path: "/upgrade", body: { version: args.version }, units }];
          const constraint = constraintOf(args);
          return decide({ observation: seen, constraint, call: () => ({ ...call, findings, requests }) });
        },
        satisfiedBy: (version) => version === args.version,
        start: async (): Promise<Task> => {
          world.starts += 1;
          world.version = args.version;
          return { id: "11", kind: "upgrade", to: args.version };
        },
        inspect: async () => world.status,
        withdraw: async ({ id }) => {
          world.withdrawn.push(id);
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
      const stray = members.find((member) => standing(member.version, constraintOf(args)) !== "holds");
      return stray && { members: [stray.name], inputs: { version: formatVersion(stray.version) } };
    },
  };
  return { kind, world, observation };
}

async function look(world: FakeWorld, signal: AbortSignal): Promise<Observation> {
  world.looks += 1;
  await world.delay?.(signal);
  if (world.failure !== undefined) throw world.failure;
  const { activity, unknown } = world;
  return {
    ...observation(world.version),
    ...(activity === undefined ? {} : { activity }),
    ...(unknown === undefined ? {} : { unknown }),
  };
}
