import {
  type Engine,
  type EngineKind,
  type EngineOptions,
  type ExportedResource,
  engines,
  makeWorkspace,
  openEngine,
  type Run,
  type RunOptions,
} from "../engine";
import { ObshellCluster, ScaledClock, type Served, serve } from "../simulators";
import { type Declared, PROGRAM } from "./program";
import { AGENTS, DATABASE, SUBJECTS, type Subject, type VersionArgs } from "./subjects";

export const PASSWORD = "r00t-p@ssword";

/** For a scenario: an operation of an engine starts three processes, which is slow on a busy machine. */
export const TIMEOUT = { timeout: 180_000 };

type ClusterOptions = Partial<ConstructorParameters<typeof ObshellCluster>[0]>;

export interface StageOptions extends Partial<EngineOptions> {
  /** Default: the database. */
  readonly subject?: Subject;
  readonly cluster?: ClusterOptions;
}

/** Every engine with every subject, for `describe.each`, with titles. */
export function testMatrix(): [engine: EngineKind, subject: string, Subject][] {
  return engines().flatMap((engine) =>
    SUBJECTS.map((subject): [EngineKind, string, Subject] => [engine, subject.type, subject]),
  );
}

type More = Partial<Declared> & { readonly provider?: unknown };

/** A simulated cluster on real sockets, and a stack on an engine whose program manages it. */
export interface Stage {
  readonly engine: Engine;
  readonly cluster: ObshellCluster;
  /** The plan line of an upgrade between two versions in a preview. */
  plan(from: VersionArgs, to: VersionArgs): string;
  /** The default arguments: three endpoints, the target version, the password. */
  args(more?: Record<string, unknown>): Record<string, unknown>;
  /** Options that make the program declare one resource named `orders`. */
  declare(args?: Record<string, unknown>, more?: More): RunOptions;
  /** The same for a resource of each type on the one cluster, `orders` and `agents`; neither depends on the other. */
  declareBoth(args?: Record<string, unknown>, more?: More): RunOptions;
  /** Upgrade requests that reached the cluster. */
  writes(): number;
  /** Whether every agent responds. */
  reachable(): Promise<boolean>;
  /** The resource in the state. */
  state(): Promise<ExportedResource | undefined>;
  close(): Promise<void>;
}

export async function openStage(prefer: EngineKind, options: StageOptions = {}): Promise<Stage> {
  const { subject = DATABASE, cluster: clusterOptions, ...engineOptions } = options;
  const { speed, target, old } = subject;
  const clock = new ScaledClock(speed);
  const cluster = new ObshellCluster({ clock, rootPassword: PASSWORD, ...subject.running(old), ...clusterOptions });
  for (const { args } of [DATABASE.target, DATABASE.next]) cluster.control.addObPackages(args.version, args.release);
  for (const { args } of [AGENTS.target, AGENTS.next]) cluster.control.addAgentPackage(args.version, args.release);
  const served: Served = await serve(cluster, { speed });
  const workspace = await makeWorkspace({ program: PROGRAM, project: "shop" });
  const engine = await openEngine({ dir: workspace.dir, prefer, ...engineOptions });
  const args = (more: Record<string, unknown> = {}) => ({
    endpoints: served.origins,
    password: PASSWORD,
    ...target.args,
    ...more,
  });
  const program = (declared: readonly Declared[], { provider, ...rest }: More) => ({
    env: { DECLARED: JSON.stringify({ provider, resources: declared.map((one) => ({ ...one, ...rest })) }) },
  });
  const argsOf = (one: Subject, more?: Record<string, unknown>) => args({ ...one.target.args, ...more });
  return {
    engine,
    cluster,
    plan: (from, to) => `${from.args.version} → ${to.args.version}, ${subject.how}`,
    args,
    declare: (own, more = {}) => program([{ name: "orders", type: subject.type, args: args(own) }], more),
    declareBoth: (own, more = {}) =>
      program(
        [
          { name: "orders", type: DATABASE.type, args: argsOf(DATABASE, own) },
          { name: "agents", type: AGENTS.type, args: argsOf(AGENTS, own) },
        ],
        more,
      ),
    writes: () => cluster.journal.count("POST", subject.path),
    reachable: async () => {
      const responses = await Promise.allSettled(served.origins.map((origin) => fetch(`${origin}/api/v1/info`)));
      return responses.every((response) => response.status === "fulfilled");
    },
    state: async () => {
      const { deployment } = await engine.exportState();
      return deployment.resources?.find(({ urn }) => urn.endsWith("::orders"));
    },
    close: async () => {
      await engine.close();
      await served.close();
      await workspace.close();
    },
  };
}

/** Lasting messages of the resource, without its name. */
export function messagesOfResource(run: Run): string[] {
  return run.diagnostics
    .filter(({ urn, ephemeral }) => urn.endsWith("::orders") && !ephemeral)
    .map(({ message }) => message.trim().replace(/^orders: /, ""));
}

/** The step of the resource. */
export function stepOfResource(run: Run) {
  return run.steps.find(({ name }) => name === "orders");
}
