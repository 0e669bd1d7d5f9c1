import type { Clock, Runtime } from "../core/runtime";
import { openAccess as openService, PerProject, type Access as ServiceAccess } from "../huaweicloud/access";
import type { ConnectionArguments } from "../huaweicloud/arguments";
import type { Connect } from "../huaweicloud/connection";
import { refused } from "../huaweicloud/errors";
import type { Gateway } from "../huaweicloud/gateway";
import type { Environment } from "../huaweicloud/service";
import { LastReads, Moments, SharedRead } from "../huaweicloud/shared-read";
import { Backups } from "./kernel/backups";
import { Offers } from "./kernel/instances";
import { type Instance, instance, instancePage, type JobRow, type ScheduleRow } from "./schema";
import { TAURUSDB } from "./service";
import {
  JOB_HISTORY,
  type JobPage,
  KERNEL_UPGRADE,
  readJobPage,
  readJobs,
  readSchedules,
  readUnfinishedJobs,
} from "./tasks";

/** Access of one resource to TaurusDB. */
export interface Access extends ServiceAccess {
  /** Reads shared by the project's resources in this process. */
  project(): Promise<Project>;
}

/** Nothing is sent before the first request. */
export function openAccess(
  args: ConnectionArguments,
  runtime: Pick<Runtime, "clock" | "signal" | "conceal" | "proxies">,
  connect: Connect,
  env: Environment,
): Access {
  const access = openService(TAURUSDB, args, runtime, connect, env);
  return { ...access, project: () => PROJECTS.of(access) };
}

/** Module state, because both resource types share it; each entry is removed with its connection. */
const PROJECTS = new PerProject((gateway, clock) => new Project(gateway, clock));

/** Maximum number of instances per page. */
const PAGE = 100;
/** Interval between reads of a task's details, in milliseconds, across resources: they only show the remaining time. */
const DETAIL_TURN = 30_000;

/** Reads shared by the resources of one project. */
export class Project {
  /**
   * All instances by id, between the start and the end of one read. A missing instance may have been missed between two
   * pages: read it individually before reporting it as missing.
   */
  readonly instances: SharedRead<ReadonlyMap<string, Instance>>;
  /** Kernel upgrades of the last hours, newest first. */
  readonly jobs: SharedRead<readonly JobRow[]>;
  /** Unfinished kernel upgrades, regardless of age. */
  readonly unfinished: SharedRead<readonly JobRow[]>;
  /** Full backups of all instances. */
  readonly backups: Backups;
  /** The upgrades offered to the instances. */
  readonly offers: Offers;
  /** Scheduled tasks that have not started. */
  readonly schedules: SharedRead<readonly ScheduleRow[]>;
  readonly moments = new Moments();
  /** When an instance was last read. */
  readonly polls = new LastReads(this.moments);
  readonly #clock: Clock;
  readonly #jobsIn: (status: string) => SharedRead<JobPage>;
  readonly #pages = new Map<string, SharedRead<JobPage>>();
  #nextDetail = 0;

  /** @param gateway one that is not closed with a single resource; a read ends when nothing awaits it */
  constructor(gateway: Gateway, clock: Clock) {
    const { moments } = this;
    this.#clock = clock;
    this.offers = new Offers(clock);
    const history = () => ({ jobName: KERNEL_UPGRADE, since: gateway.now - JOB_HISTORY });
    this.instances = new SharedRead(clock, moments, (signal) => readInstances(gateway.until(signal)));
    this.jobs = new SharedRead(clock, moments, (signal) => readJobs(gateway.until(signal), history()));
    this.backups = new Backups(gateway, clock, moments);
    this.unfinished = new SharedRead(clock, moments, (signal) =>
      readUnfinishedJobs(gateway.until(signal), KERNEL_UPGRADE),
    );
    this.schedules = new SharedRead(clock, moments, (signal) =>
      readSchedules(gateway.until(signal), { status: "Pending" }),
    );
    this.#jobsIn = (status) =>
      new SharedRead(clock, moments, (signal) => readJobPage(gateway.until(signal), { ...history(), status }));
  }

  /** The first page of `jobs` in this state, and their total. */
  jobsIn(status: string): SharedRead<JobPage> {
    const page = this.#pages.get(status) ?? this.#jobsIn(status);
    this.#pages.set(status, page);
    return page;
  }

  /** Whether the caller may read a task's details now: the service returns them for one task at a time. */
  detailTurn(): boolean {
    const now = this.#clock.elapsed();
    if (now < this.#nextDetail) return false;
    this.#nextDetail = now + DETAIL_TURN;
    return true;
  }
}

async function readInstances(gateway: Gateway): Promise<ReadonlyMap<string, Instance>> {
  const instances = new Map<string, Instance>();
  for (let offset = 0; ; ) {
    const { items, total } = await readPage(gateway, offset);
    for (const item of items) {
      const parsed = instance.safeParse(item);
      if (parsed.success) instances.set(parsed.data.id, parsed.data);
    }
    offset += items.length;
    if (items.length === 0 || offset >= (total ?? (items.length < PAGE ? offset : Infinity))) return instances;
  }
}

async function readPage(gateway: Gateway, offset: number) {
  const reading = await gateway.read({
    path: ["instances"],
    query: { limit: String(PAGE), offset: String(offset) },
    schema: instancePage,
  });
  if (reading.kind === "data") return { items: reading.data.instances, total: reading.data.total_count };
  const what = `GET /v3/…/instances at ${gateway.origin}`;
  throw refused(what, { requestId: undefined, text: reading.text });
}
