import type { Driver } from "../../provider/core/driver";
import type { SomeKind } from "../../provider/core/kind";
import { inspect } from "../../provider/core/reconcile/observer";
import type { Runtime } from "../../provider/core/runtime";
import type { Task } from "../../provider/core/task";
import type { Unit, View } from "../../provider/core/unit";
import type { Transport } from "../../provider/http/transport";
import type { Rule } from "./judge";
import type { World, WorldOfType } from "./world";

/** A provider with a fault of its own, and the rule that has to notice: exploring is worth what it finds here. */
export interface Mutant {
  readonly breaks: readonly Rule[];
  /** The first seed whose history meets the fault, where that is not one of the first dozen. */
  readonly seed?: number;
  readonly driver?: (driver: Driver, runtime: Runtime) => Partial<Driver>;
  readonly runtime?: (runtime: Runtime) => Partial<Runtime>;
  readonly kind?: (kind: SomeKind) => Partial<SomeKind>;
  readonly transport?: (transport: Transport) => Partial<Transport>;
}

const HOUR = 3_600_000;

export const MUTANTS: Readonly<Record<string, Mutant>> = {
  "sends the upgrade call again when its answer is lost": {
    seed: 78,
    breaks: ["no blind call", "one upgrade", "no write after the end"],
    transport: ({ send }) => ({
      send: (request) => (request.method === "POST" ? send(request).catch(() => send(request)) : send(request)),
    }),
  },
  "takes an upgrade that runs for one that is done": {
    breaks: ["current is true"],
    driver: (driver) => ({
      view: (seen) =>
        changed(driver.view(seen), (unit) => {
          const { activity, ...rest } = unit;
          return activity?.kind === "running" ? { ...rest, standing: "current", at: activity.task.to } : unit;
        }),
    }),
  },
  "does not hear ^C": {
    seed: 28,
    breaks: ["no write after the end", "ends at once", "ends in time", "nothing left behind"],
    runtime: () => ({ signal: new AbortController().signal }),
  },
  "says which version is wished in the place of the one that runs": {
    breaks: ["observed only"],
    kind: ({ outputs }) => ({
      outputs: (seen) => {
        const { members } = outputs(seen);
        return { currentVersion: "5.0.0.0", members };
      },
    }),
  },
  "forgets which task it has started": {
    breaks: ["task kept"],
    driver: (driver) => ({
      start: async (request, seen, permit) => renamed(await driver.start(request, seen, permit)),
    }),
  },
  "takes silence for the end of a task": {
    seed: 967,
    breaks: ["explained ending"],
    driver: (driver) => ({ inspect: (task) => inspect(driver, task).catch(() => ({ kind: "gone" as const })) }),
  },
  "forgets when it may upgrade": {
    breaks: ["only when it may", "held costs nothing"],
    kind: ({ inputs }) => ({
      inputs: inputs.transform(({ windows: _, blackouts: __, freeze: ___, approval: ____, ...others }) => others),
    }),
  },
  "takes every backup for a new one": {
    breaks: ["only when it may"],
    driver: (_, { wall }) => ({
      backups: async (units) => new Map(units.map(({ name }) => [name, { kind: "finished" as const, at: wall.now() }])),
    }),
  },
  "throws what it likes": {
    breaks: ["typed ending"],
    driver: (driver) => ({
      observe: (scheduled) =>
        driver.observe(scheduled).catch(() => {
          throw new TypeError("Cannot read properties of undefined");
        }),
    }),
  },
  "looks forty times where once would do": {
    breaks: ["bounded requests"],
    driver: (driver) => ({
      observe: async (scheduled) => {
        for (let times = 1; times < 40; times++) await driver.observe(scheduled);
        return driver.observe(scheduled);
      },
    }),
  },
  "waits for an answer that never comes": {
    breaks: ["ends in time", "ends at once"],
    driver: (driver) => ({
      inspect: (task) => inspect(driver, task).catch(() => new Promise<never>(() => undefined)),
    }),
  },
  "leaves a timer behind": {
    breaks: ["nothing left behind"],
    driver: (_, { clock }) => {
      void clock.sleep(HOUR);
      return {};
    },
  },
  "upgrades while it looks": {
    breaks: ["reads only", "no blind call"],
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
  "tells every look as news": {
    seed: 64,
    breaks: ["bounded news"],
    driver: (driver, { inform }) => ({
      observe: (scheduled) => {
        inform("looking");
        return driver.observe(scheduled);
      },
    }),
  },
  "stores a record that it cannot read": {
    breaks: ["stored is valid input"],
    driver: (driver) => ({
      start: async (request, seen, permit) => Object.assign({}, await driver.start(request, seen, permit), { kind: 7 }),
    }),
  },
  "never says that a pin holds": {
    breaks: ["converges", "explained ending"],
    driver: (driver) => ({
      view: (seen) =>
        changed(driver.view(seen), (unit) =>
          unit.standing === "current" ? { ...unit, standing: "newer", ahead: ["all"] } : unit,
        ),
    }),
  },
};

/** A type whose provider processes have a fault of their own. */
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
  // A world is an object of a class: what is not replaced stays its own.
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

/** A driver whose methods can be replaced: those of an object of a class cannot be spread. */
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
    reopen: async (task, way, permit) => driver.reopen?.(task, way, permit),
    close: () => driver.close(),
  };
}

function changed(view: View, change: (unit: Unit) => Unit): View {
  return { ...view, units: view.units.map(change) };
}

function renamed(task: Task | undefined): Task | undefined {
  return task && { ...task, id: "10" };
}
