import type { BackupRecord } from "../core/control/backup";
import type { Driver } from "../core/driver";
import { sending, Unreachable } from "../core/errors";
import { type Permit, type Request, requestOf } from "../core/request";
import type { Runtime } from "../core/runtime";
import type { Task, TaskStatus } from "../core/task";
import { type Finding, type Member, type Unit, type View, viewOfOne } from "../core/unit";
import { CRDB_UPGRADE, crdbHeaders, crdbTaskId, isCrdbCall, newTaskId, ownIdOf } from "./active-active";
import type { Database } from "./database/database";
import {
  findDatabase,
  type Interest,
  observe,
  readMachines,
  type Seen,
  type SeenDatabase,
  type Which,
} from "./observe";
import type { Nodes } from "./rest/nodes";
import { acceptance } from "./rest/schema";
import { activityOf, isUpgrade, UNREPORTED, UPGRADE_MACHINE } from "./tasks/activity";
import { unnamedUpgrade, Watcher } from "./tasks/watcher";

/** The standing of a database's versions relative to the target, and the required upgrade. */
export type Stands = Pick<Unit, "standing" | "at" | "from" | "ahead" | "upgrade">;

/**
 * The differences between the two subjects of a database, its modules and its Redis. Access, actions, consent and
 * waiting are shared. Pure.
 */
export interface Subject extends Interest {
  /** For messages: the aspect of the database, if it is not the database itself. */
  readonly aspect?: string;
  /** The target as written, for a database that does not exist. */
  readonly pinned: string;
  members(database: Database): Member[];
  /** Why the versions could not be parsed, as a sentence. */
  unreadable(database: Database): string | undefined;
  stands(seen: SeenDatabase): Stands;
  reachesTarget(task: Task, unit: Unit): boolean;
}

/** A database that does not exist: impossible as written. */
function standsWithout(absent: Finding, pinned: string): Stands {
  const upgrade = { from: "", route: `nothing → ${pinned}`, how: "not possible as written", findings: [absent] };
  return { standing: "behind", at: "", from: "", ahead: [], upgrade };
}

export interface UpgradeDriverOptions {
  readonly title: string;
  readonly which: Which;
  readonly subject: Subject;
  readonly nodes: Nodes;
  readonly runtime: Runtime;
  readonly close: () => Promise<void>;
}

/** A request of this run whose response was lost, and the state machines that existed before it. */
interface Sent {
  readonly to: string;
  readonly before: ReadonlySet<string>;
}

/** A connected driver for one subject of a database: its modules, or its Redis. */
export class UpgradeDriver implements Driver<Seen> {
  readonly title: string;
  readonly units: readonly [string];
  readonly schedules = false;
  readonly mostPerRequest = 1;
  readonly ownReads = false;
  readonly compose = requestOf;
  readonly #options: UpgradeDriverOptions;
  readonly #watcher: Watcher;
  /** The targets of this run's upgrades, by action. */
  readonly #targets = new Map<string, string>();
  #observed = false;
  #sent: Sent | undefined;
  /** Its uid, once it was observed. */
  #database: number | undefined;
  #backup: BackupRecord = { kind: "unknown", reason: "the database was not read" };

  constructor(options: UpgradeDriverOptions) {
    this.title = options.title;
    this.units = [options.title];
    this.#options = options;
    this.#watcher = new Watcher(options.nodes, options.runtime.clock);
    this.#database = options.which.databaseId;
  }

  async observe(): Promise<Seen> {
    const { nodes, which, subject } = this.#options;
    const first = !this.#observed;
    this.#observed = true;
    const seen = await observe(nodes, which, subject, first);
    const { database } = seen;
    if (database === undefined) return seen;
    this.#database = database.uid;
    this.#backup = database.backup;
    return {
      ...seen,
      members: subject.members(database),
      activity: activityOf(database, seen.machines, (action) => this.#targetOf(action), seen.crdbTasks),
      unknown: subject.unreadable(database) ?? seen.unknown,
    };
  }

  view(seen: Seen): View {
    const { subject } = this.#options;
    const { members, activity, unknown } = seen;
    const stands = seen.database === undefined ? standsWithout(seen.absent, subject.pinned) : subject.stands(seen);
    return viewOfOne({ name: this.units[0], members, ...stands, activity }, unknown);
  }

  /** Backups are part of the database object: uses the last observation, which directly precedes a request. */
  async backups(): Promise<ReadonlyMap<string, BackupRecord>> {
    return new Map([[this.units[0], this.#backup]]);
  }

  reachesTarget(task: Task, unit: Unit): boolean {
    return this.#options.subject.reachesTarget(task, unit);
  }

  async start(request: Request, seen: Seen, permit: Permit): Promise<Task> {
    const to = request.units.map((unit) => unit.to).join(", ");
    const before = new Set(seen.machines.map(({ action_uid }) => action_uid));
    this.#sent = { to, before };
    try {
      const task = await sending(() =>
        isCrdbCall(request.path)
          ? this.#startCrdb(request, to, permit)
          : this.#startHere(request, to, seen, before, permit),
      );
      this.#targets.set(task.id, to);
      this.#sent = undefined;
      return task;
    } catch (error) {
      if (!(error instanceof Unreachable && error.sent)) this.#sent = undefined;
      throw error;
    }
  }

  /** The client chooses the id of a CRDB task, so that the task can be found after a lost response. */
  async #startCrdb({ path, body }: Request, to: string, permit: Permit): Promise<Task> {
    const { nodes, runtime } = this.#options;
    const own = newTaskId(runtime.random);
    const task = { id: crdbTaskId(own), kind: CRDB_UPGRADE, to };
    try {
      const response = await sending(() => nodes.write(path, body, permit, crdbHeaders(own)));
      const { id } = acceptance.safeParse(response).data ?? {};
      const accepted = id ? { ...task, id: crdbTaskId(id) } : task;
      this.#watcher.known(accepted);
      return accepted;
    } catch (error) {
      if (!(error instanceof Unreachable && error.sent)) throw error;
      const { message, responded, cause } = error;
      throw new Unreachable(message, { sent: true, responded, cause, task });
    }
  }

  async #startHere(
    { path, body }: Request,
    to: string,
    { database }: Seen,
    before: ReadonlySet<string>,
    permit: Permit,
  ): Promise<Task> {
    const response = await this.#options.nodes.write(path, body, permit);
    return { id: await this.#action(response, database, before), kind: UPGRADE_MACHINE, to };
  }

  /** Other participants are not visible on this cluster. */
  outlasts(task: Task): boolean {
    return ownIdOf(task) !== undefined;
  }

  inspectHint(task: Task): string {
    const crdb = ownIdOf(task);
    const command = crdb === undefined ? "rladmin cluster running_actions" : `crdb-cli task status --task-id ${crdb}`;
    return `To see the task, run \`${command}\` on a node`;
  }

  async inspect(task: Task): Promise<TaskStatus> {
    const { nodes, which } = this.#options;
    if (this.#database === undefined) {
      const found = await findDatabase(nodes, which, false);
      // No observation has included it, and it still does not exist.
      if ("code" in found) return { kind: "gone" };
      this.#database = found.uid;
    }
    return this.#watcher.inspect(task, this.#database);
  }

  close(): Promise<void> {
    return this.#options.close();
  }

  /** An upgrade that appeared after a request with a lost response belongs to that request. */
  #targetOf(action: string): string {
    const known = this.#targets.get(action);
    if (known !== undefined) return known;
    return this.#sent !== undefined && !this.#sent.before.has(action) ? this.#sent.to : UNREPORTED;
  }

  /** The action of an accepted request: from its response, or the upgrade that did not exist before. Never fails. */
  async #action(response: unknown, database: Database | undefined, before: ReadonlySet<string>): Promise<string> {
    const { action_uid } = acceptance.safeParse(response).data ?? {};
    if (action_uid) return action_uid;
    const uid = database?.uid ?? 0;
    const machines = await readMachines(this.#options.nodes, uid).catch(() => []);
    const appeared = machines.find((machine) => isUpgrade(machine) && !before.has(machine.action_uid));
    return appeared?.action_uid ?? unnamedUpgrade(uid);
  }
}
