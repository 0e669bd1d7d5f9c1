import type { SomeKind } from "../../provider/core/kind";
import type { Pin, Task } from "../../provider/core/pin";
import type { Runtime } from "../../provider/core/runtime";
import type { Transport } from "../../provider/http/transport";
import type { Rule } from "./judge";
import type { World, WorldOfType } from "./world";

/** A provider with a fault of its own, and the rule that has to notice: exploring is worth what it finds here. */
export interface Mutant {
  readonly breaks: readonly Rule[];
  /** The first seed whose history meets the fault, where that is not one of the first dozen. */
  readonly seed?: number;
  readonly pin?: (pin: Pin, runtime: Runtime) => Partial<Pin>;
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
    pin: (pin) => ({
      plan: (seen) => {
        const plan = pin.plan(seen);
        return plan.kind === "join" ? { kind: "satisfied", at: plan.task.to } : plan;
      },
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
    pin: (pin) => ({
      start: async (request, seen): Promise<Task> => ({ ...(await pin.start(request, seen)), id: "10" }),
    }),
  },
  "takes silence for the end of a task": {
    seed: 64,
    breaks: ["explained ending"],
    pin: (pin) => ({ inspect: (task) => pin.inspect(task).catch(() => ({ kind: "gone" as const })) }),
  },
  "throws what it likes": {
    breaks: ["typed ending"],
    pin: (pin) => ({
      observe: () =>
        pin.observe().catch(() => {
          throw new TypeError("Cannot read properties of undefined");
        }),
    }),
  },
  "looks forty times where once would do": {
    breaks: ["bounded requests"],
    pin: (pin) => ({
      observe: async () => {
        for (let times = 1; times < 40; times++) await pin.observe();
        return pin.observe();
      },
    }),
  },
  "waits for an answer that never comes": {
    breaks: ["ends in time", "ends at once"],
    pin: (pin) => ({
      inspect: (task) => pin.inspect(task).catch(() => new Promise<never>(() => undefined)),
    }),
  },
  "leaves a timer behind": {
    breaks: ["nothing left behind"],
    pin: (_, { clock }) => {
      void clock.sleep(HOUR);
      return {};
    },
  },
  "upgrades while it looks": {
    breaks: ["reads only", "no blind call"],
    pin: (pin) => ({
      observe: async () => {
        const seen = await pin.observe();
        const plan = pin.plan(seen);
        if (plan.kind === "upgrade") for (const request of plan.call.requests) await pin.start(request, seen);
        return seen;
      },
    }),
  },
  "tells every look as news": {
    seed: 64,
    breaks: ["bounded news"],
    pin: (pin, { inform }) => ({
      observe: () => {
        inform("looking");
        return pin.observe();
      },
    }),
  },
  "stores a record that it cannot read": {
    breaks: ["stored is valid input"],
    pin: (pin) => ({ start: async (call, seen) => Object.assign(await pin.start(call, seen), { kind: 7 }) }),
  },
  "never says that a pin holds": {
    breaks: ["converges", "explained ending"],
    pin: (pin) => ({
      plan: (seen) => {
        const plan = pin.plan(seen);
        return plan.kind === "satisfied" ? { kind: "newer", at: plan.at, members: ["all"] } : plan;
      },
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
      if (mutant.pin === undefined) return driver;
      // Such mutants are for kinds whose driver is a pin.
      const pin = driver as Pin;
      return { ...delegate(pin), ...mutant.pin(pin, changed) };
    },
    ...mutant.kind?.(kind),
  };
}

function delegate(pin: Pin): Pin {
  return {
    title: pin.title,
    observe: () => pin.observe(),
    plan: (seen) => pin.plan(seen),
    satisfiedBy: (version) => pin.satisfiedBy(version),
    prepare: async (call, seen) => (await pin.prepare?.(call, seen)) ?? false,
    start: (request, seen) => pin.start(request, seen),
    inspect: (task) => pin.inspect(task),
    operate: async (task, way) => pin.operate?.(task, way),
    close: () => pin.close(),
  };
}
