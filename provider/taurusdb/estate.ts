import { z } from "zod";
import { counted } from "../base/sentences";
import { argument, definedBy } from "../core/arguments";
import type { Check, Estate, EstateKind, FoundDatabase, FoundResource, Inventory } from "../core/estate";
import type { Runtime } from "../core/runtime";
import { chunks, type Finding, isFollowed, type Unit } from "../core/unit";
import {
  type Constraint,
  compareVersions,
  formatParts,
  formatVersion,
  parseVersion,
  type Version,
} from "../core/version";
import { type ConnectionArguments, completeConnection, missingCredential } from "../huaweicloud/arguments";
import { type Connect, networkTransport } from "../huaweicloud/connection";
import { JobIds } from "../huaweicloud/jobs";
import { type Environment, iamOrigin } from "../huaweicloud/service";
import { connection } from "./arguments";
import { Gaps } from "./gaps";
import { DETAILS, eachInstance, type Offer, readInstanceDetails } from "./kernel/instances";
import { jobsOf, schedulesOf, withUnfinished } from "./kernel/tasks";
import { kernelUnit } from "./kernel/unit";
import { type Access, openAccess, type Project } from "./project";
import type { HtapInstance, Instance, InstanceDetail, JobRow, ScheduleRow } from "./schema";
import { CANCEL_ACTION, TAURUSDB, UPGRADE_ACTION } from "./service";
import { type Known, readStarRocksBeside, targetsOf } from "./starrocks/instance";
import { observe, viewFor } from "./starrocks/view";
import { anyWindow, windowOf } from "./tasks";

const TAG = '"env=production"';

/** Arguments of an estate besides the connection. */
const filters = {
  tag: argument(z.array(z.string().regex(/^[^=]+=/, `must be a key and a value, such as ${TAG}`)).optional(), {
    description: "Only instances that have this tag, such as `env=production`.",
  }),
};

interface EstateArguments extends ConnectionArguments {
  readonly tag?: readonly string[] | undefined;
}

/** The TaurusDB and StarRocks instances of one project. */
export function taurusdbEstate(
  connect: Connect = networkTransport,
  env: Environment = process.env,
): EstateKind<EstateArguments> {
  return {
    title: "TaurusDB",
    vendor: "taurusdb",
    ...definedBy(z.strictObject({ ...connection, ...filters }).superRefine(completeConnection(TAURUSDB, env))),
    each: "projectId",
    filters: Object.keys(filters),
    prompts: (given) => {
      const missing = missingCredential(given)?.argument;
      return missing === "accessKey" ? ["accessKey", "secretKey"] : missing === undefined ? [] : [missing];
    },
    open: (args, runtime) => {
      const access = openAccess(args, runtime, connect, env);
      const project = args.projectId === undefined ? "" : `, project ${args.projectId}`;
      const title = `TaurusDB in ${access.place}${project}`;
      return new TaurusEstate(title, access, iamOrigin(TAURUSDB, args, env), args.tag ?? [], runtime);
    },
  };
}

/** Maximum age of a read of the lists: the inventory reuses the read of the checks. */
const FRESH = { after: 0, within: 60_000 };
/** Every upgrade goes to the newest version. */
const LATEST: Constraint = { kind: "latest" };

/** The lists of tasks, by instance. */
interface Tasks {
  readonly jobs: ReadonlyMap<string, JobRow>;
  readonly schedules: ReadonlyMap<string, ScheduleRow>;
}

/** A database with the resource that would manage it. */
interface Found {
  readonly database: FoundDatabase;
  readonly version: Version | undefined;
  readonly resource?: FoundResource;
}

class TaurusEstate implements Estate {
  readonly title: string;
  readonly origins: readonly string[];
  readonly checks: readonly Check[];
  readonly #access: Access;
  readonly #tags: readonly string[];
  readonly #runtime: Runtime;

  constructor(title: string, access: Access, iam: string | undefined, tags: readonly string[], runtime: Runtime) {
    this.title = title;
    this.#tags = tags;
    this.#access = access;
    this.#runtime = runtime;
    this.origins = [...new Set([access.gateway.origin, ...(iam === undefined ? [] : [iam])])];
    this.checks = [
      { name: "credentials", run: () => this.#credentials() },
      { name: "permissions", run: () => this.#permissions() },
    ];
  }

  async #credentials() {
    const { instances } = await this.#access.project();
    const { size } = await instances.read(FRESH, this.#runtime.signal);
    return {
      message: `accepted for project ${await this.#access.gateway.projectId()}, which has ${counted(size, "TaurusDB instance")}`,
    };
  }

  async #permissions() {
    await this.#tasks(await this.#access.project());
    return {
      message: `${TAURUSDB.readAction} allows every read that an upgrade needs`,
      untested: [
        `No read shows whether ${UPGRADE_ACTION} is granted, which upgrade requests need, and ${CANCEL_ACTION}, which cancels scheduled upgrades.`,
      ],
    };
  }

  async inventory(): Promise<Inventory> {
    const { signal, report } = this.#runtime;
    const project = await this.#access.project();
    const all = [...(await project.instances.read(FRESH, signal)).values()];
    const instances = all.filter(({ tags }) => {
      const own = tags.map(({ key, value }) => `${key}=${value}`);
      return this.#tags.every((tag) => own.includes(tag));
    });
    report({ message: `${counted(instances.length, "instance")} · ${this.title}` });
    const tasks = await this.#tasks(project);
    const gaps = new Gaps(this.#runtime);
    const details = await this.#details(instances, gaps);
    let done = 0;
    const found = await eachInstance(instances, async (instance) => {
      const kernel = await gaps.read("The kernel of", [nameOf(instance)], () =>
        this.#instance(instance, project, tasks, details.get(instance.id)),
      );
      const starRocks = await this.#starRocks(instance, gaps);
      done += 1;
      report({
        message: `${done} of ${counted(instances.length, "instance")} · ${this.title}`,
        percent: (100 * done) / instances.length,
      });
      return [...(kernel === undefined ? [] : [kernel]), ...starRocks];
    });
    const read = found.flat();
    const { gateway } = this.#access;
    return {
      identity: { name: `${gateway.origin} ${await gateway.projectId()}`, keys: {} },
      databases: read.map(({ database }) => database),
      resources: [...kernelResources(read), ...read.flatMap(({ resource }) => resource ?? [])],
      gaps: gaps.sentences,
    };
  }

  async #details(instances: readonly Instance[], gaps: Gaps): Promise<ReadonlyMap<string, InstanceDetail>> {
    const read = await eachInstance(chunks(instances, DETAILS), async (batch) => {
      const ids = batch.map(({ id }) => id);
      return gaps.read("Nodes and maintenance window of", batch.map(nameOf), () =>
        readInstanceDetails(this.#access.gateway, ids),
      );
    });
    return new Map(read.flatMap((details) => details ?? []).map((detail) => [detail.id, detail]));
  }

  async #tasks(project: Project): Promise<Tasks> {
    const { signal } = this.#runtime;
    const [recent, unfinished, schedules] = await Promise.all([
      project.jobs.read(FRESH, signal),
      project.unfinished.read(FRESH, signal),
      project.schedules.read(FRESH, signal),
    ]);
    return { jobs: jobsOf(withUnfinished(recent, unfinished)), schedules: schedulesOf(schedules) };
  }

  async #instance(
    listed: Instance,
    { offers }: Project,
    { jobs, schedules }: Tasks,
    detail: InstanceDetail | undefined,
  ): Promise<Found> {
    const { gateway } = this.#access;
    const instance = await offers.withKernel(gateway, listed);
    await offers.read(gateway, [instance]);
    const offer = offers.of(instance);
    const row = schedules.get(instance.id);
    const window = detail?.maintenance_window ?? "";
    const schedule = row && { row, window: windowOf(row) ?? anyWindow(window, gateway.now) };
    const facts = { instance, offer, job: jobs.get(instance.id), schedule, objection: undefined };
    const unit = kernelUnit(facts, LATEST, false);
    const version = parseVersion(instance.datastore.kernel_version);
    return {
      version,
      database: {
        type: "taurusdb:KernelVersion",
        name: instance.name,
        id: instance.id,
        current: version === undefined ? "unknown" : formatVersion(version),
        targets: version && targetsIn(offer, version),
        protection: detail && counted(detail.nodes.length, "node"),
        ...(window === "" ? {} : { window }),
        activity: unit?.activity,
        findings: failedBefore(unit),
      },
    };
  }

  async #starRocks(instance: Instance, gaps: Gaps): Promise<Found[]> {
    const { gateway } = this.#access;
    const beside = await gaps.read("StarRocks beside", [nameOf(instance)], () =>
      readStarRocksBeside(gateway, instance.id),
    );
    const found = await eachInstance(beside ?? [], (one) =>
      gaps.read("StarRocks instance", [nameOf(one)], () => this.#starRocksInstance(instance.id, one)),
    );
    return found.filter((one) => one !== undefined);
  }

  async #starRocksInstance(instanceId: string, { id, name }: HtapInstance): Promise<Found> {
    const { signal } = this.#runtime;
    const ids = { instanceId, starRocksInstanceId: id };
    const access = this.#access;
    const parameters = { access, ids, jobIds: new JobIds(), constraint: LATEST, now: access.gateway.now, signal };
    const seen = await observe({ ...parameters, latest: undefined });
    const [unit] = viewFor(seen, LATEST, { starRocksInstanceId: id, version: "latest" }).units;
    const version = seen.members[0]?.version;
    const current = version === undefined ? "unknown" : formatParts(version);
    const type = "taurusdb:StarRocksVersion";
    return {
      version: undefined,
      database: {
        type,
        name,
        id,
        current,
        ...(isListed(seen.known) ? { targets: targetsOf(seen.known).map(formatParts) } : {}),
        ...(seen.window === "" ? {} : { window: seen.window }),
        activity: seen.activity,
        findings: isFollowed(seen.activity) ? [] : (unit?.upgrade?.findings ?? []),
      },
      ...(version === undefined ? {} : { resource: { type, name, args: { ...ids, version: current } } }),
    };
  }

  close(): Promise<void> {
    return this.#access.close();
  }
}

/** Whether it is known which kernels an instance can be upgraded to. */
function isListed({ newerOffered, listed }: Known): boolean {
  return newerOffered === false || listed.length > 0;
}

/** `db1 (6754902da1f447269c6979b0590102a5in07)` */
function nameOf({ name, id }: Pick<Instance, "name" | "id">): string {
  return `${name} (${id})`;
}

function targetsIn(offer: Offer | undefined, version: Version): readonly string[] | undefined {
  const newest = offer?.newest;
  if (newest === undefined) return offer?.upgradable === false ? [] : undefined;
  return compareVersions(newest, version) > 0 ? [formatVersion(newest)] : [];
}

function failedBefore(unit: Unit | undefined): Finding[] {
  const ended = unit?.completed;
  if (ended?.kind !== "failed" || unit?.standing !== "behind") return [];
  return [
    {
      code: "last-upgrade-failed",
      message: `Its last kernel upgrade ${ended.task.id} failed: ${ended.message}`,
      remedy: ended.remedy,
    },
  ];
}

/** One resource for the instances of each kernel: an exact version applies to all instances of a resource. */
function kernelResources(found: readonly Found[]): FoundResource[] {
  const kernels = new Map<string, { readonly version: Version; readonly ids: string[] }>();
  for (const { database, version } of found) {
    if (version === undefined) continue;
    const kernel = kernels.get(database.current) ?? { version, ids: [] };
    kernel.ids.push(database.id);
    kernels.set(database.current, kernel);
  }
  return [...kernels.entries()]
    .sort(([, a], [, b]) => compareVersions(a.version, b.version))
    .map(([version, { ids }]) => ({
      type: "taurusdb:KernelVersion",
      name: "taurusdb",
      args: { instanceIds: ids, version },
    }));
}
