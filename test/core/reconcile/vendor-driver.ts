import type { FleetDriver } from "../../../provider/core/driver";
import { Refused, Unreachable } from "../../../provider/core/errors";
import type { Step, Request as Upgrades } from "../../../provider/core/request";
import type { Activity, CompletedTask, Finding, Unit } from "../../../provider/core/unit";
import { type Constraint, parseConstraint, parseVersion, standing } from "../../../provider/core/version";
import { Refusal, type Row } from "./vendor";
import { type Fleet, type Moment, READ, REQUEST, type Request, type Stage, type Up, WORDS, type World } from "./world";

export interface DriverContext {
  readonly names: readonly string[];
  readonly signal: AbortSignal;
  readonly stage: Stage;
  readonly journal: Request[];
  readonly began: number;
}

/** The driver for the invented vendor, with faults injected between them. */
export function fleetDriver({ vendor, clock }: World, up: Up, context: DriverContext): FleetDriver<Fleet> {
  const { names, signal, stage, journal, began } = context;
  const constraint = parseConstraint(up.version ?? ">=2.0.78");
  if (constraint === undefined) throw new Error(`${up.version} is no version`);
  const faults = [...(up.faults ?? [])];
  const cancelFaults = [...(up.cancelFaults ?? [])];
  const counts = new Map<Moment, number>();
  const { schedules = false, backups: backupsOf } = up;
  const at = (moment: Moment) => {
    const nth = (counts.get(moment) ?? 0) + 1;
    counts.set(moment, nth);
    up.on?.(moment, nth, stage);
  };
  const lost = () => new Unreachable("Connection reset.", { sent: true, responded: false });
  /** A write: it takes effect half way, and is not undone when the run is aborted. */
  const write = async <T>(fault: "before" | "after" | undefined, effect: () => T): Promise<T> => {
    const half = (up.requestTakes ?? REQUEST) / 2;
    await clock.sleep(half);
    const result = fault === "before" ? undefined : deferred(effect);
    if (journal.at(-1)?.what === "start") at("start:effect");
    await clock.sleep(half);
    if (fault !== undefined || (signal.aborted && up.grace === false)) throw lost();
    if (result === undefined) throw new Error("a request without a fault has an effect");
    return result();
  };
  const driver: FleetDriver<Fleet> = {
    title: "Orders fleet",
    units: names,
    mostPerRequest: up.mostPerRequest ?? 100,
    schedules,
    ownReads: false,
    words: WORDS,
    view: (seen) => seen,
    reachesTarget: () => false,
    compose: (steps) => ({
      method: "POST",
      path: "/upgrade",
      body: { names: steps.map(({ unit }) => unit), schedules },
      units: steps.map(({ unit, from, to }) => ({ unit, from, to })),
    }),
    close: async () => undefined,
    ...(up.prepare === undefined
      ? {}
      : {
          prepare: async (composed: readonly Upgrades[]) => {
            const named = composed.flatMap(({ units }) => units.map(({ unit }) => unit));
            journal.push({ at: clock.elapsed(), what: "prepare", names: named });
            return (await up.prepare?.(composed)) ?? false;
          },
        }),
    ...(backupsOf === undefined
      ? {}
      : {
          backups: async (units: readonly Unit[]) => {
            journal.push({ at: clock.elapsed(), what: "backups", names: units.map(({ name }) => name) });
            const records = units.map(async ({ name }) => [name, await backupsOf(name)] as const);
            return new Map(await Promise.all(records));
          },
        }),
    observe: async () => {
      at("read:begin");
      signal.throwIfAborted();
      journal.push({ at: clock.elapsed(), what: "read", names });
      await clock.sleep(READ);
      const now = clock.since(began);
      if (up.unreachable?.some(([from, to]) => from <= now && now < to)) {
        throw new Unreachable("No response.", { sent: true, responded: false });
      }
      const rows = vendor.list().filter(({ name }) => names.includes(name));
      at("read:end");
      const all = rows.map((row) => unitOf(row, constraint, up.findings?.[row.name], schedules));
      const units = up.mapUnits?.(all) ?? all;
      const observed = new Set(rows.map(({ name }) => name));
      return {
        members: units.flatMap(({ members }) => members),
        units,
        absent: names
          .filter((name) => !observed.has(name))
          .map((name) => ({
            name,
            finding: { code: "gone", message: "It is not there.", remedy: "Take it out." },
          })),
      };
    },
    start: async ({ units }, _, permit) => {
      const named = units.map(({ unit }) => unit);
      at("start:begin");
      signal.throwIfAborted();
      const fault = faults.shift() ?? "fine";
      if (fault === "login") await clock.sleep(60 * 60_000, signal);
      permit();
      journal.push({ at: clock.elapsed(), what: "start", names: named });
      up.beforeRequest?.(named);
      if (fault === "unsent") {
        await clock.sleep(REQUEST / 10);
        throw new Unreachable("Throttled.", { sent: false, responded: true });
      }
      const effect = () => {
        if (fault === "busy" || fault === "soon" || fault === "final")
          throw new Refused("Not now.", { refusal: fault });
        vendor.upgrade(named, schedules);
      };
      try {
        await write(fault === "lost-before" ? "before" : fault === "lost-after" ? "after" : undefined, effect);
        up.afterRequest?.(named);
      } catch (error) {
        if (error instanceof Unreachable) up.afterRequest?.(named);
        throw error;
      }
      at("start:end");
    },
    cancel: async (tasks) => {
      at("cancel:begin");
      signal.throwIfAborted();
      journal.push({ at: clock.elapsed(), what: "cancel", names: tasks });
      const fault = cancelFaults.shift() ?? "fine";
      const effect = () => {
        if (fault === "refused") throw new Refusal("busy", "Not now.");
        return fault === "ignored" ? [] : vendor.cancel(tasks);
      };
      const confirmed = await write(
        fault === "lost-before" ? "before" : fault === "lost-after" ? "after" : undefined,
        effect,
      );
      at("cancel:end");
      return confirmed;
    },
  };
  return driver;
}

/** The result of a request, returned when its response arrives. */
function deferred<T>(effect: () => T): () => T {
  try {
    const value = effect();
    return () => value;
  } catch (error) {
    return () => {
      if (error instanceof Refusal) throw new Refused(error.message, { refusal: error.kind });
      throw error;
    };
  }
}

function unitOf(row: Row, constraint: Constraint, finding: Finding | undefined, schedules: boolean): Unit {
  const { name, version: from, offered: to } = row;
  const version = parseVersion(from);
  if (version === undefined) throw new Error(`${from} is no version`);
  const stands = standing(version, constraint);
  const activity = activityOf(row, finding);
  const step: Step = { unit: name, from, to, method: "POST", path: "/upgrade", item: { name, schedules }, group: from };
  return {
    name,
    members: [{ name, version }],
    standing: stands,
    at: from,
    from,
    ahead: stands === "newer" ? [name] : [],
    ...(activity === undefined ? {} : { activity }),
    ...(row.last === undefined ? {} : { completed: endedOf(row.last) }),
    ...(stands === "behind" ? { upgrade: { from, route: `${from} → ${to}`, how: "now", findings: [], step } } : {}),
  };
}

function activityOf(row: Row, finding: Finding | undefined): Activity | undefined {
  const task = { id: row.task ?? "", kind: "KernelUpgrade", to: row.offered };
  switch (row.state) {
    case "running":
      return {
        kind: "running",
        task,
        message: "upgrading",
        ...(row.percent === undefined ? {} : { percent: row.percent }),
      };
    case "scheduled": {
      const [opens, closes] = (row.window ?? [0, 0]).map((time) => new Date(time).toISOString());
      const { createdAt = 0 } = row;
      return { kind: "scheduled", task: { ...task, createdAt }, window: { opens: opens ?? "", closes: closes ?? "" } };
    }
    case "busy":
      return { kind: "busy", name: "in backup" };
    case "broken":
      return { kind: "blocked", finding: { code: "broken", message: row.reason ?? "", remedy: "Fix it." } };
    case "idle":
      return finding === undefined ? undefined : { kind: "blocked", finding };
  }
}

function endedOf({ task: id, began, failed }: NonNullable<Row["last"]>): CompletedTask {
  const task = { id, kind: "KernelUpgrade", to: "" };
  if (failed === undefined) return { kind: "succeeded", task, began };
  return { kind: "failed", task, began, message: `${failed}.`, remedy: "Make room." };
}
