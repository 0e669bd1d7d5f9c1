import { type Constraint, parseConstraint, standing } from "../../../provider/core/constraint";
import { Refused, Unreachable } from "../../../provider/core/errors";
import type { FleetMember, FleetPin } from "../../../provider/core/fleet/fleet";
import { planFleet } from "../../../provider/core/fleet/plan-fleet";
import type { Finding } from "../../../provider/core/pin";
import { formatVersion, parseVersion } from "../../../provider/core/version";
import { Refusal, type Row } from "./vendor";
import { CALL, LOOK, type Moment, type Request, type Stage, type Up, WORDS, type World } from "./world";

export interface Stagehand {
  readonly names: readonly string[];
  readonly signal: AbortSignal;
  readonly stage: Stage;
  readonly requests: Request[];
  readonly began: number;
}

/** The driver for the invented vendor, with faults between the two. */
export function fleetPin({ vendor, clock }: World, up: Up, hand: Stagehand): FleetPin {
  const { names, signal, stage, requests, began } = hand;
  const constraint = parseConstraint(up.version ?? ">=2.0.78");
  if (constraint === undefined) throw new Error(`${up.version} is no version`);
  const faults = [...(up.faults ?? [])];
  const withdrawals = [...(up.withdrawals ?? [])];
  const counts = new Map<Moment, number>();
  const defers = up.defers ?? false;
  const at = (moment: Moment) => {
    const nth = (counts.get(moment) ?? 0) + 1;
    counts.set(moment, nth);
    up.on?.(moment, nth, stage);
  };
  const lost = () => new Unreachable("Connection reset.", { sent: true, heard: false });
  /** A request that changes something: it has its effect half way, and is not called back when the run ends. */
  const write = async <T>(fault: "before" | "after" | undefined, effect: () => T): Promise<T> => {
    const half = (up.slowness ?? CALL) / 2;
    await clock.sleep(half);
    const result = fault === "before" ? undefined : attempt(effect);
    if (requests.at(-1)?.what === "call") at("call:effect");
    await clock.sleep(half);
    if (fault !== undefined || (signal.aborted && up.grace === false)) throw lost();
    if (result === undefined) throw new Error("a request without a fault has an effect");
    return result();
  };
  const pin: FleetPin = {
    title: "Orders fleet",
    names,
    batchSize: up.batchSize ?? 100,
    defers,
    words: WORDS,
    plan: (seen) => planFleet(pin, seen),
    groupOf: ({ version }) => formatVersion(version),
    compose: (members) => ({
      method: "POST",
      path: "/upgrade",
      body: { names: members.map(({ name }) => name), defers },
      units: members.map(({ name, version, target = "newest" }) => ({
        unit: name,
        from: formatVersion(version),
        to: target,
      })),
    }),
    close: async () => undefined,
    ...(up.prepare === undefined
      ? {}
      : {
          prepare: async (batches: readonly (readonly FleetMember[])[]) => {
            requests.push({ at: clock.elapsed(), what: "prepare", names: batches.flat().map(({ name }) => name) });
            return (await up.prepare?.(batches)) ?? false;
          },
        }),
    observe: async () => {
      at("look:begin");
      signal.throwIfAborted();
      requests.push({ at: clock.elapsed(), what: "look", names });
      await clock.sleep(LOOK);
      const now = clock.since(began);
      if (up.silence?.some(([from, to]) => from <= now && now < to)) {
        throw new Unreachable("Nobody answers.", { sent: true, heard: false });
      }
      const rows = vendor.look().filter(({ name }) => names.includes(name));
      at("look:end");
      const members = rows.map((row) => memberOf(row, constraint, up.findings?.[row.name]));
      const shown = new Set(rows.map(({ name }) => name));
      return {
        members: up.told?.(members) ?? members,
        absent: names
          .filter((name) => !shown.has(name))
          .map((name) => ({
            name,
            finding: { code: "gone", message: "It is not there.", remedy: "Take it out." },
          })),
      };
    },
    start: async ({ units }) => {
      const asked = units.map(({ unit }) => unit);
      at("call:begin");
      signal.throwIfAborted();
      requests.push({ at: clock.elapsed(), what: "call", names: asked });
      up.onCall?.(asked);
      const fault = faults.shift() ?? "fine";
      if (fault === "unsent") {
        await clock.sleep(CALL / 10);
        throw new Unreachable("Throttled.", { sent: false, heard: true });
      }
      const effect = () => {
        if (fault === "busy" || fault === "soon" || fault === "final")
          throw new Refused("Not now.", { refusal: fault });
        vendor.upgrade(asked, defers);
      };
      try {
        await write(fault === "lost-before" ? "before" : fault === "lost-after" ? "after" : undefined, effect);
        up.onSent?.(asked);
      } catch (error) {
        if (error instanceof Unreachable) up.onSent?.(asked);
        throw error;
      }
      at("call:end");
    },
    withdraw: async (tasks) => {
      at("withdraw:begin");
      signal.throwIfAborted();
      requests.push({ at: clock.elapsed(), what: "withdraw", names: tasks });
      const fault = withdrawals.shift() ?? "fine";
      const effect = () => {
        if (fault === "refused") throw new Refusal("busy", "Not now.");
        return fault === "ignored" ? [] : vendor.cancel(tasks);
      };
      const confirmed = await write(
        fault === "lost-before" ? "before" : fault === "lost-after" ? "after" : undefined,
        effect,
      );
      at("withdraw:end");
      return confirmed;
    },
  };
  return pin;
}

/** What a request came to, to be told when its answer arrives. */
function attempt<T>(effect: () => T): () => T {
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

function memberOf(row: Row, constraint: Constraint, finding: Finding | undefined): FleetMember {
  const version = parseVersion(row.version);
  if (version === undefined) throw new Error(`${row.version} is no version`);
  return {
    name: row.name,
    version,
    standing: standing(version, constraint),
    target: row.offered,
    condition: conditionOf(row, finding),
    ...(row.last === undefined ? {} : { ended: endedOf(row.last) }),
  };
}

function conditionOf(row: Row, finding: Finding | undefined): FleetMember["condition"] {
  const task = { id: row.task ?? "", kind: "KernelUpgrade", to: row.offered };
  switch (row.state) {
    case "running":
      return {
        kind: "upgrading",
        task,
        message: "upgrading",
        ...(row.percent === undefined ? {} : { percent: row.percent }),
      };
    case "scheduled": {
      const [opens, closes] = (row.window ?? [0, 0]).map((time) => new Date(time).toISOString());
      return { kind: "deferred", task, window: { opens: opens ?? "", closes: closes ?? "" } };
    }
    case "busy":
      return { kind: "busy", name: "in backup" };
    case "broken":
      return { kind: "held", finding: { code: "broken", message: row.reason ?? "", remedy: "Mend it." } };
    case "idle":
      return finding === undefined ? { kind: "ready" } : { kind: "held", finding };
  }
}

function endedOf({ task: id, began, failed }: NonNullable<Row["last"]>): NonNullable<FleetMember["ended"]> {
  const task = { id, kind: "KernelUpgrade", to: "" };
  if (failed === undefined) return { kind: "succeeded", task, began };
  return { kind: "failed", task, began, message: `${failed}.`, remedy: "Make room." };
}
