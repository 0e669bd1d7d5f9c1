import type { Clock } from "../shell/clock";
import { fullVersion } from "./builds";
import { type ModuleSpec, makeModule } from "./catalogue";
import { type DatabaseSpec, insertDatabase, type LoadedSpec, loadedModule } from "./database";
import { advance, startMachine } from "./engine";
import type { MachineState } from "./machine";
import * as nodes from "./nodecontrol";
import * as runs from "./runcontrol";
import type { BackupState, DatabaseState, ModuleState, Policy, Settings, UserState } from "./state";
import { type SwitchChange, withSwitches } from "./switches";
import { changed, type World } from "./world";

/** Which state of which upgrade fails or hangs; by default the first of the next upgrade. */
export interface StateChoice {
  readonly database?: number;
  readonly state?: string;
  /** Master shards to restart before, in `restart` and `wait_for_version`. Default 0. */
  readonly afterSlots?: number;
  /** How often. Default 1. */
  readonly times?: number;
}

export interface UserSpec extends Partial<Pick<UserState, "role" | "databases" | "certificateSubject">> {
  readonly email: string;
  readonly password?: string;
}

/** What happens to a cluster from outside its API. Everything takes effect at the current time of the clock. */
export class ClusterControl {
  readonly #world: World;
  readonly #clock: Clock;

  constructor(world: World, clock: Clock) {
    this.#world = world;
    this.#clock = clock;
  }

  addDatabase(spec: DatabaseSpec = {}): DatabaseState {
    const database = insertDatabase(this.#world.state, spec, this.#catchUp());
    this.#world.databases.set(database.uid, database);
    changed(this.#world.state);
    return database;
  }

  /** The database is deleted, and its actions with it. */
  removeDatabase(uid: number): void {
    this.#catchUp();
    const { state, databases, actions } = this.#world;
    databases.delete(uid);
    for (const [action, owner] of actions) if (owner === uid) actions.delete(action);
    state.databases = state.databases.filter((one) => one.uid !== uid);
    changed(state);
  }

  /** Changes any property of a database outside the API. */
  setDatabase(uid: number, change: Partial<Omit<DatabaseState, "uid" | "shards" | "machine" | "waiting">>): void {
    this.#catchUp();
    Object.assign(this.#database(uid), change);
  }

  /** A backup of a database; by default it has just succeeded. With a later end, it runs until then. */
  addBackup(uid: number, spec: Partial<BackupState> = {}): void {
    const now = this.#catchUp();
    const { what = "backup", endsAt = now, status = "succeeded" } = spec;
    const startedAt = spec.startedAt ?? Math.min(endsAt, now) - 60_000;
    const database = this.#database(uid);
    database.backups = [...(database.backups ?? []), { what, startedAt, endsAt, status }];
  }

  /** Drift: changes the Redis version of a database. */
  setRedis(uid: number, redisVersion: string, version: string = fullVersion(redisVersion)): void {
    this.setDatabase(uid, { redisVersion, version });
  }

  /** Drift: replaces a module of a database, or adds it. */
  setModule(uid: number, spec: LoadedSpec): void {
    this.#catchUp();
    const database = this.#database(uid);
    const module = loadedModule(this.#world.state, spec, database.redisVersion);
    const at = database.modules.findIndex(({ name }) => name === module.name);
    database.modules.splice(at < 0 ? database.modules.length : at, at < 0 ? 0 : 1, module);
  }

  /** Lists another module version. */
  addModule(spec: ModuleSpec): ModuleState {
    this.#catchUp();
    const module = makeModule(spec);
    this.#world.state.modules.push(module);
    changed(this.#world.state);
    return module;
  }

  /** Removes a version from GET /v1/modules; databases keep it. */
  dropModule(name: string, version: string): void {
    this.#catchUp();
    const { state } = this.#world;
    state.modules = state.modules.filter((one) => one.name !== name || one.version !== version);
  }

  /** Makes a state fail with the status `failure`. The database stays in active-change-pending. */
  fail(choice: StateChoice & { readonly error?: string; readonly failure?: MachineState["failure"] } = {}): void {
    const { error = "shard did not come up with the expected version", failure = "failed" } = choice;
    this.#script("fail", choice, error, failure);
  }

  /** Makes a state hang. */
  hang(choice: StateChoice = {}): void {
    this.#script("hang", choice, "", "failed");
  }

  /** Resumes a hung state machine. */
  unhang(uid: number): void {
    runs.goOn(this.#world, this.#database(uid), this.#catchUp());
  }

  /** Completes the state machine of a database, and the queued ones, in no time. */
  finish(uid: number): void {
    runs.finish(this.#world, this.#database(uid), this.#catchUp());
  }

  /** Like `rlutil retry_bdb`: a failed state machine resumes where it failed. */
  retry(uid: number): void {
    runs.retry(this.#world, this.#database(uid), this.#catchUp());
  }

  /** Like `rlutil reset_bdb_sm`: the database is active again, without further changes. */
  reset(uid: number): void {
    runs.reset(this.#world, this.#database(uid), this.#catchUp());
  }

  /** Starts a configuration change of a database; without `ms` it runs until `finish`. Returns the uid of the action. */
  busy(uid: number, { name = "SMUpdateBDB", ms }: { readonly name?: string; readonly ms?: number } = {}): string {
    const now = this.#catchUp();
    const request = { name, plan: null, lastsMs: ms ?? ("forever" as const) };
    const actionUid = startMachine(this.#world, this.#database(uid), request, now);
    advance(this.#world, now);
    return actionUid;
  }

  /** The result of another cluster's part of the next CRDB upgrades. */
  setParticipant(cluster: string, change: { readonly lastsMs?: number; readonly error?: string | null }): void {
    this.#catchUp();
    const participants = this.#world.state.crdbs.flatMap(({ otherClusters }) => otherClusters);
    const found = participants.filter((one) => one.cluster === cluster);
    if (found.length === 0) throw new Error(`no Active-Active database has a participant on ${cluster}`);
    for (const one of found) Object.assign(one, change);
  }

  /** Its port is closed; if it is the master, another one is elected later. */
  stopNode(uid: number): void {
    nodes.stop(this.#world, uid, this.#catchUp());
  }

  startNode(uid: number): void {
    nodes.start(this.#world, uid, this.#catchUp());
  }

  /** Makes another node the master at once. */
  changeMaster(uid: number): void {
    nodes.changeMaster(this.#world, uid, this.#catchUp());
  }

  /**
   * Installs another Redis Enterprise version on all nodes: other modules are listed, tokens may be void, and
   * databases with `auto_upgrade` are upgraded.
   */
  upgradeCluster(softwareVersion: string): void {
    nodes.upgradeCluster(this.#world, softwareVersion, this.#catchUp());
  }

  /** Installs another version on one node: the cluster is mixed. */
  upgradeNode(uid: number, softwareVersion: string): void {
    this.#catchUp();
    nodes.install(this.#world, uid, softwareVersion);
  }

  addUser({ email, password = "", role = "db_member", databases = null, certificateSubject = null }: UserSpec): void {
    this.#catchUp();
    const { users } = this.#world.state;
    const uid = users.length + 1;
    users.push({ uid, email, password, passwordExpired: false, role, databases, certificateSubject });
  }

  setPassword(email: string, password: string): void {
    Object.assign(this.#user(email), { password, passwordExpired: false });
  }

  expirePassword(email: string): void {
    this.#user(email).passwordExpired = true;
  }

  /** Invalidates all tokens issued so far. */
  expireTokens(): void {
    this.#catchUp();
    this.#world.state.tokenGeneration += 1;
  }

  setSettings(settings: Partial<Settings>): void {
    this.#catchUp();
    Object.assign(this.#world.state.settings, settings);
  }

  setPolicy(policy: Partial<Policy>): void {
    this.#catchUp();
    Object.assign(this.#world.state.policy, policy);
  }

  setSwitches(change: SwitchChange): void {
    this.#catchUp();
    this.#world.state.switches = withSwitches(this.#world.state.switches, change);
  }

  #catchUp(): number {
    const now = this.#clock.now();
    advance(this.#world, now);
    return now;
  }

  #script(what: "fail" | "hang", choice: StateChoice, error: string, failure: MachineState["failure"]): void {
    this.#catchUp();
    const { database, state, afterSlots = 0, times: left = 1 } = choice;
    this.#world.state.scripts.push({
      what,
      ...(database === undefined ? {} : { database }),
      ...(state === undefined ? {} : { state }),
      afterSlots,
      error,
      failure,
      left,
    });
  }

  #database(uid: number): DatabaseState {
    const found = this.#world.databases.get(uid);
    if (found === undefined) throw new Error(`there is no database ${uid}`);
    return found;
  }

  #user(email: string): UserState {
    const found = this.#world.state.users.find((user) => user.email === email);
    if (found === undefined) throw new Error(`there is no user ${email}`);
    return found;
  }
}
