import type { Conditions, InstanceState, StarRocksState } from "./state";
import { DAY } from "./timings";

/** New instances in their initial state. */

export interface InstanceSpec {
  readonly id: string;
  readonly name: string;
  readonly projectId: string;
  readonly kernel: string;
  readonly mysqlVersion?: string;
  /** Default "0": the default enterprise project. */
  readonly enterpriseProjectId?: string;
  readonly nodes?: number;
  /** Maintenance window, UTC. Default 18:00-22:00. */
  readonly window?: string;
  readonly tags?: InstanceState["tags"];
}

export interface StarRocksSpec {
  readonly id: string;
  readonly name: string;
  readonly kernel: string;
  readonly parent: InstanceState;
  readonly frontends?: number;
  readonly backends?: number;
}

const AGE_MS = 100 * DAY;

const CONDITIONS: Conditions = {
  binlogOff: false,
  binlogExpireSeconds: 86_400,
  collation: "utf8mb4_0900_ai_ci",
  binlogInconsistent: 0,
  replicaLagSeconds: 0,
};

export function makeInstance(spec: InstanceSpec, now: number): InstanceState {
  return {
    id: spec.id,
    name: spec.name,
    projectId: spec.projectId,
    enterpriseProjectId: spec.enterpriseProjectId ?? "0",
    mysqlVersion: spec.mysqlVersion ?? "8.0.22",
    kernel: spec.kernel,
    offered: null,
    status: "ACTIVE",
    statusUntil: null,
    denied: false,
    nodes: spec.nodes ?? 2,
    window: spec.window ?? "18:00-22:00",
    createdAt: now - AGE_MS,
    updatedAt: now - AGE_MS,
    conditions: { ...CONDITIONS },
    tags: spec.tags ?? [],
    job: null,
    preparation: "none",
    check: null,
  };
}

export function makeStarRocks(spec: StarRocksSpec, now: number): StarRocksState {
  return {
    id: spec.id,
    name: spec.name,
    projectId: spec.parent.projectId,
    parent: spec.parent.id,
    kernel: spec.kernel,
    offered: null,
    status: "ACTIVE",
    statusUntil: null,
    denied: false,
    fe: spec.frontends ?? 1,
    be: spec.backends ?? 1,
    window: spec.parent.window,
    createdAt: now - AGE_MS,
    updatedAt: now - AGE_MS,
    syncTasks: 0,
    job: null,
  };
}
