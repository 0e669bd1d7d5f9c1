import type { Driver } from "../../provider/core/driver";
import type { SomeKind } from "../../provider/core/kind";
import { inspect } from "../../provider/core/reconcile/observer";
import type { Runtime } from "../../provider/core/runtime";
import type { Task } from "../../provider/core/task";
import type { Unit, View } from "../../provider/core/unit";
import type { Transport } from "../../provider/http/transport";
import type { Rule } from "./rules";
import type { World, WorldOfType } from "./world";

/** A provider with a defect, and the rules that must detect it. */
export interface Mutant {
  readonly breaks: readonly Rule[];
  /** The seed to start with, if the first seeds do not trigger the defect. */
  readonly seed?: number;
  readonly driver?: (driver: Driver, runtime: Runtime) => Partial<Driver>;
  readonly runtime?: (runtime: Runtime) => Partial<Runtime>;
  readonly kind?: (kind: SomeKind) => Partial<SomeKind>;
  readonly transport?: (transport: Transport) => Partial<Transport>;
}

const HOUR = 3_600_000;

export const MUTANTS: Readonly<Record<string, Mutant>> = {
  "repeats an upgrade request whose response was lost": {
    seed: 78,
    breaks: ["no duplicate request", "one upgrade", "no request after the end"],
    transport: ({ send }) => ({
      send: (request) => (request.method === "POST" ? send(request).catch(() => send(request)) : send(request)),
    }),
  },
  "reports an upgrade in progress as completed": {
    breaks: ["current is correct"],
    driver: (driver) => ({
      view: (seen) =>
        changed(driver.view(seen), (unit) => {
          const { activity, ...rest } = unit;
          return activity?.kind === "running" ? { ...rest, standing: "current", at: activity.task.to } : unit;
        }),
    }),
  },
  "ignores ^C": {
    seed: 28,
    breaks: ["no request after the end", "prompt interruption", "ends by the deadline", "no pending timers"],
    runtime: () => ({ signal: new AbortController().signal }),
  },
  "reports the target version instead of the observed one": {
    breaks: ["observed versions only"],
    kind: ({ outputs }) => ({
      outputs: (seen) => {
        const { members } = outputs(seen);
        return { currentVersion: "5.0.0.0", members };
      },
    }),
  },
  "records another task than the one it started": {
    breaks: ["task recorded"],
    driver: (driver) => ({
      start: async (request, seen, permit) => renamed(await driver.start(request, seen, permit)),
    }),
  },
  "regards a task as gone when the vendor is unreachable": {
    seed: 967,
    breaks: ["justified error"],
    driver: (driver) => ({ inspect: (task) => inspect(driver, task).catch(() => ({ kind: "gone" as const })) }),
  },
  "ignores the change rules": {
    breaks: ["change rules obeyed", "no requests while held"],
    kind: ({ inputs }) => ({
      inputs: inputs.transform(({ windows: _, blackouts: __, freeze: ___, approval: ____, ...others }) => others),
    }),
  },
  "regards every backup as new": {
    breaks: ["change rules obeyed"],
    driver: (_, { wall }) => ({
      backups: async (units) => new Map(units.map(({ name }) => [name, { kind: "finished" as const, at: wall.now() }])),
    }),
  },
  "throws errors without a code": {
    breaks: ["error with code"],
    driver: (driver) => ({
      observe: (scheduled) =>
        driver.observe(scheduled).catch(() => {
          throw new TypeError("Cannot read properties of undefined");
        }),
    }),
  },
  "reads forty times instead of once": {
    breaks: ["bounded requests"],
    driver: (driver) => ({
      observe: async (scheduled) => {
        for (let times = 1; times < 40; times++) await driver.observe(scheduled);
        return driver.observe(scheduled);
      },
    }),
  },
  "waits forever when a read of a task fails": {
    breaks: ["ends by the deadline", "prompt interruption"],
    driver: (driver) => ({
      inspect: (task) => inspect(driver, task).catch(() => new Promise<never>(() => undefined)),
    }),
  },
  "does not cancel a timer": {
    breaks: ["no pending timers"],
    driver: (_, { clock }) => {
      void clock.sleep(HOUR);
      return {};
    },
  },
  "shows an upgrade as held, and requests it": {
    breaks: ["preview is true"],
    driver: (driver) => ({
      view: (seen) =>
        changed(driver.view(seen), (unit) =>
          unit.upgrade === undefined
            ? unit
            : { ...unit, upgrade: { ...unit.upgrade, how: `${unit.upgrade.how} · held: changes are frozen` } },
        ),
    }),
  },
  "sends an upgrade request during a read": {
    breaks: ["reads only", "no duplicate request"],
    driver: (driver) => ({
      observe: async (scheduled) => {
        const seen = await driver.observe(scheduled);
        for (const { activity, upgrade } of driver.view(seen).units) {
          if (activity === undefined && upgrade?.step !== undefined)
            await driver.start(driver.compose([upgrade.step]), seen, () => undefined);
        }
        return seen;
      },
    }),
  },
  "logs a message for every read": {
    seed: 64,
    breaks: ["bounded messages"],
    driver: (driver, { inform }) => ({
      observe: (scheduled) => {
        inform("reading");
        return driver.observe(scheduled);
      },
    }),
  },
  "stores an invalid record": {
    breaks: ["valid stored inputs"],
    driver: (driver) => ({
      start: async (request, seen, permit) => Object.assign({}, await driver.start(request, seen, permit), { kind: 7 }),
    }),
  },
  "never reports that the target version is reached": {
    breaks: ["converges", "justified error"],
    driver: (driver) => ({
      view: (seen) =>
        changed(driver.view(seen), (unit) =>
          unit.standing === "current" ? { ...unit, standing: "newer", ahead: ["all"] } : unit,
        ),
    }),
  },
};

/** A resource type whose provider has the defect. */
export function mutated({ type, make }: WorldOfType, mutant: Mutant): WorldOfType {
  return { type, make: (timeline, random) => withMutant(make(timeline, random), mutant) };
}

function withMutant(world: World, mutant: Mutant): World {
  const kinds: World["kinds"] = (connect) => {
    const loaders = world.kinds(() => mutateTransport(connect(), mutant));
    return Object.fromEntries(
      Object.entries(loaders).map(([type, load]) => [type, async () => mutateKind(await load(), mutant)]),
    );
  };
  // A world is a class instance, so its methods cannot be copied with a spread.
  return new Proxy(world, {
    get: (target, key) => {
      if (key === "kinds") return kinds;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

function mutateTransport(transport: Transport, { transport: mutate }: Mutant): Transport {
  return { ...transport, ...mutate?.(transport) };
}

function mutateKind(kind: SomeKind, mutant: Mutant): SomeKind {
  return {
    ...kind,
    open: (args, runtime) => {
      const changed = { ...runtime, ...mutant.runtime?.(runtime) };
      const driver = kind.open(args, changed);
      if (mutant.driver === undefined) return driver;
      return { ...delegate(driver), ...mutant.driver(driver, changed) };
    },
    ...mutant.kind?.(kind),
  };
}

/** A driver as a plain object, because methods of a class instance cannot be spread. */
function delegate(driver: Driver): Driver {
  const { title, units, schedules, mostPerRequest, ownReads } = driver;
  return {
    ...{ title, units, schedules, mostPerRequest, ownReads },
    observe: (scheduled) => driver.observe(scheduled),
    view: (seen) => driver.view(seen),
    reachesTarget: (task, unit) => driver.reachesTarget(task, unit),
    compose: (steps) => driver.compose(steps),
    backups: async (units) => (await driver.backups?.(units)) ?? new Map(),
    prepare: async (requests, seen) => (await driver.prepare?.(requests, seen)) ?? false,
    start: (request, seen, permit) => driver.start(request, seen, permit),
    inspect: (task) => inspect(driver, task),
    reopen: async (task, operator, permit) => driver.reopen?.(task, operator, permit),
    close: () => driver.close(),
  };
}

function changed(view: View, change: (unit: Unit) => Unit): View {
  return { ...view, units: view.units.map(change) };
}

function renamed(task: Task | undefined): Task | undefined {
  return task && { ...task, id: "10" };
}
