/** Durations of a simulated cluster, in milliseconds of its clock. None is recorded anywhere; these are plausible. */
export interface Timings {
  /** From the accepted CRDB call to the upgrade of this cluster's database. */
  readonly crdbQueueMs: number;
  /** From the accepted call to the state machine's start; until then the database is still `active`. */
  readonly pendingMs: number;
  /** A state in which no shard restarts. */
  readonly stateMs: number;
  /** A restart of one batch of shards. */
  readonly shardMs: number;
  /** From the start of a failing state to the failure. */
  readonly failMs: number;
  /** From the loss of the master to the election of another. */
  readonly electionMs: number;
}

export const PLAUSIBLE: Timings = {
  crdbQueueMs: 0,
  pendingMs: 500,
  stateMs: 1000,
  shardMs: 5000,
  failMs: 100,
  electionMs: 3000,
};

/** Every upgrade ends before the next call. */
export const INSTANT: Timings = { crdbQueueMs: 0, pendingMs: 0, stateMs: 0, shardMs: 0, failMs: 0, electionMs: 0 };
