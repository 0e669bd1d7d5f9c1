import type { DagKind } from "./state";

/** Durations of a simulated server, in milliseconds of its clock. */
export interface Timings {
  /** From an accepted call or operator to RUNNING. */
  readonly readyMs: number;
  /** From the end of a stage to the beginning of the next one: the scheduler's tick. */
  readonly pendingMs: number;
  /** From the end of the work of a stage to its SUCCEED or FAILED. */
  readonly settleMs: number;
  /** From the beginning of a stage that fails to its ERROR line. */
  readonly failMs: number;
  /** A stage that is not listed, begin to end. */
  readonly stageMs: number;
  /** Stage name → begin to end. */
  readonly stages: Readonly<Record<string, number>>;
  /** The same for one kind of DAG; overrides `stages`. */
  readonly byKind: Partial<Readonly<Record<DagKind, Readonly<Record<string, number>>>>>;
  /** From the beginning of "Restart obshell" to the closed port. */
  readonly restartDelayMs: number;
  /** How long the port stays closed. */
  readonly restartGapMs: number;
  /** Each further agent's port opens so much later. */
  readonly restartStaggerMs: number;
  /** Observer restart: process leaving, then absent, then back. */
  readonly observerVanishingMs: number;
  readonly observerGoneMs: number;
  readonly observerStaggerMs: number;
}

/** From the beginning of a stage that hangs to its failure (OBShell facts §4.5). */
export const SUB_TASK_TIMEOUT_MS = 3_600_000;

/** As measured on real servers (OBShell live facts §4.2, §5.2, §5.4). */
export const RECORDED: Timings = {
  readyMs: 900,
  pendingMs: 1000,
  settleMs: 990,
  failMs: 100,
  stageMs: 1000,
  stages: {
    "Execute upgrade checker script": 2000,
    "Execute upgrade pre script": 2000,
    "Execute upgrade health checker script": 2000,
    "Execute upgrade zone health checker script": 2000,
    "Execute upgrade post script": 2000,
    "Reinstall and restart observer": 6000,
    "Unpack all required packages": 3000,
    "Restart obshell": 8800,
  },
  byKind: {
    agentUpgrade: { "Unpack all required packages": 2000, "Restart obshell": 7400 },
    agentCheck: { "Unpack all required packages": 1000 },
  },
  restartDelayMs: 1200,
  restartGapMs: 5200,
  restartStaggerMs: 100,
  observerVanishingMs: 1300,
  observerGoneMs: 3600,
  observerStaggerMs: 40,
};

/** Every upgrade ends before the next call. */
export const INSTANT: Timings = {
  readyMs: 0,
  pendingMs: 0,
  settleMs: 0,
  failMs: 0,
  stageMs: 0,
  stages: {},
  byKind: {},
  restartDelayMs: 0,
  restartGapMs: 0,
  restartStaggerMs: 0,
  observerVanishingMs: 0,
  observerGoneMs: 0,
  observerStaggerMs: 0,
};

/** From the beginning of a stage to the end of its work. */
export function workMs(timings: Timings, kind: DagKind, stage: string): number {
  const whole = timings.byKind[kind]?.[stage] ?? timings.stages[stage] ?? timings.stageMs;
  return Math.max(0, whole - timings.settleMs);
}
