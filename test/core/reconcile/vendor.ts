/**
 * An invented vendor whose instances are upgraded by requests that name many of them. It shares no code with the provider,
 * computes every state from the time, and records each request that breaks the rule that one instance has one upgrade at a time.
 * All times in milliseconds.
 */

/** The result of an accepted request for one instance. */
export interface Fate {
  /** From the request, or from the opening of the window. Not visible before. Default 10 s. */
  readonly startsAfter?: number;
  /** Default 10 min. */
  readonly takes?: number;
  /** `stays`: it completes without changing the version. `never`: it is accepted and never starts. Default completes. */
  readonly ends?: "completes" | "fails" | "stays" | "never";
  /** The version it goes to. Default: what is offered. */
  readonly to?: string;
  /** How long the new version takes to appear after the end. Default 0. */
  readonly lag?: number;
  /** How long the task takes to appear as ended; until then it is not visible. Default 0. */
  readonly endsUnseen?: number;
}

export interface Spec {
  readonly name: string;
  readonly version: string;
  /** The version that an upgrade reaches. */
  readonly offered?: string;
  /** One for each accepted request; the last is repeated. */
  readonly fates?: readonly Fate[];
  /** A request that names it is rejected. `until`: since the beginning of the world. */
  readonly refuses?: { readonly kind: "busy" | "soon" | "final"; readonly until?: number };
  /** Another operation is in progress, since the beginning of the world. */
  readonly busy?: readonly [from: number, to: number];
  /** Its maintenance window, since the beginning of the world. */
  readonly window?: readonly [opens: number, closes: number];
  /** Since the beginning of the world. */
  readonly deletedAt?: number;
  readonly broken?: string;
}

export interface Row {
  readonly name: string;
  readonly version: string;
  readonly offered: string;
  readonly state: "idle" | "running" | "scheduled" | "busy" | "broken";
  readonly task?: string;
  readonly percent?: number;
  readonly window?: readonly [opens: number, closes: number];
  /** When the task was created. */
  readonly createdAt?: number;
  readonly reason?: string;
  readonly last?: { readonly task: string; readonly began: number; readonly failed?: string };
}

export class Refusal extends Error {
  readonly kind: "busy" | "soon" | "final";

  constructor(kind: "busy" | "soon" | "final", message: string) {
    super(message);
    this.kind = kind;
  }
}

interface Task {
  readonly id: string;
  readonly acceptedAt: number;
  /** When it appears as scheduled. */
  readonly shownAt: number;
  readonly window?: readonly [opens: number, closes: number];
  readonly startsAt: number;
  readonly endsAt: number;
  readonly versionAt: number;
  readonly listedAt: number;
  readonly to: string | undefined;
  readonly failed: boolean;
  canceled: boolean;
}

interface Instance {
  readonly spec: Spec;
  readonly tasks: Task[];
  requests: number;
}

/** How long a scheduled task takes to appear. */
const SHOWS_AFTER = 3_000;

export class FleetVendor {
  readonly #now: () => number;
  readonly #beginning: number;
  readonly #instances = new Map<string, Instance>();
  #nextTask = 1;
  /** Upgrades that were accepted while another of the same instance had not ended. */
  readonly broken: string[] = [];
  /** Times of the accepted requests by instance. */
  readonly accepted = new Map<string, number[]>();

  constructor(now: () => number, specs: readonly Spec[]) {
    this.#now = now;
    this.#beginning = now();
    for (const spec of specs) {
      this.#instances.set(spec.name, { spec, tasks: [], requests: 0 });
    }
  }

  /** Milliseconds since the beginning of the world. */
  get age(): number {
    return this.#now() - this.#beginning;
  }

  list(): Row[] {
    return [...this.#instances.values()].flatMap((instance) => (this.#exists(instance) ? [this.#row(instance)] : []));
  }

  /** All or nothing. @throws Refusal */
  upgrade(names: readonly string[], delayed: boolean): void {
    const instances = names.map((name) => this.#instances.get(name));
    for (const [at, instance] of instances.entries()) {
      if (instance === undefined || !this.#exists(instance)) throw new Refusal("final", `There is no ${names[at]}.`);
      const { refuses, busy, name } = instance.spec;
      if (refuses !== undefined && this.age < (refuses.until ?? Number.POSITIVE_INFINITY)) {
        throw new Refusal(refuses.kind, `${name} refuses.`);
      }
      const taken = busy !== undefined && within(this.age, busy);
      if (taken || this.#running(instance)) throw new Refusal("busy", `${name} is busy.`);
    }
    for (const instance of instances) if (instance !== undefined) this.#accept(instance, delayed);
  }

  /** @returns the ids of those that were canceled */
  cancel(ids: readonly string[]): string[] {
    const tasks = [...this.#instances.values()].flatMap((instance) => instance.tasks);
    return ids.filter((id) => {
      const task = tasks.find((known) => known.id === id);
      if (task?.window === undefined || task.canceled || this.age >= task.window[0]) return false;
      task.canceled = true;
      return true;
    });
  }

  /** Another client requests an upgrade. */
  elsewhere(name: string, delayed = false): void {
    const instance = this.#instances.get(name);
    if (instance !== undefined) this.#accept(instance, delayed);
  }

  /** Another client starts an upgrade that is visible immediately, if none is in progress. */
  startElsewhere(name: string): void {
    const instance = this.#instances.get(name);
    if (instance === undefined || !this.#exists(instance) || this.#open(instance) !== undefined) return;
    const { age } = this;
    const endsAt = age + 300_000;
    const to = instance.spec.offered ?? instance.spec.version;
    const id = `e${this.#nextTask++}`;
    instance.tasks.push({
      id,
      acceptedAt: age,
      shownAt: age,
      startsAt: age,
      endsAt,
      versionAt: endsAt,
      listedAt: endsAt,
      to,
      failed: false,
      canceled: false,
    });
  }

  /** Whether an instance has an upgrade that has not ended, visible or not. */
  isOpen(name: string): boolean {
    const instance = this.#instances.get(name);
    return instance !== undefined && this.#exists(instance) && this.#open(instance) !== undefined;
  }

  /** Whether an upgrade was requested at this time or later. */
  hasTaskSince(name: string, age: number): boolean {
    return this.#instances.get(name)?.tasks.some(({ shownAt }) => shownAt - SHOWS_AFTER >= age) ?? false;
  }

  versionOf(name: string): string | undefined {
    const instance = this.#instances.get(name);
    return instance && this.#version(instance);
  }

  /** Tasks that are scheduled for a window. */
  get waiting(): string[] {
    return this.list().flatMap(({ state, task }) => (state === "scheduled" && task !== undefined ? [task] : []));
  }

  #exists({ spec: { deletedAt } }: Instance): boolean {
    return this.age < (deletedAt ?? Number.POSITIVE_INFINITY);
  }

  #accept(instance: Instance, delayed: boolean): void {
    const { spec, tasks } = instance;
    const { name, fates = [], window, offered = spec.version } = spec;
    const open = this.#open(instance);
    if (open !== undefined) this.broken.push(`${name} was accepted at ${this.age} while ${open.id} had not ended`);
    this.accepted.set(name, [...(this.accepted.get(name) ?? []), this.age]);
    const fate = fates[Math.min(instance.requests, fates.length - 1)] ?? {};
    instance.requests += 1;
    const { startsAfter = 10_000, takes = 600_000, ends = "completes", to = offered, lag = 0, endsUnseen = 0 } = fate;
    if (ends === "never") return;
    const opens = delayed && window !== undefined ? Math.max(window[0], this.age) : this.age;
    const startsAt = opens + startsAfter;
    const endsAt = startsAt + takes;
    tasks.push({
      id: `t${this.#nextTask++}`,
      acceptedAt: this.age,
      shownAt: this.age + SHOWS_AFTER,
      ...(delayed && window !== undefined ? { window } : {}),
      startsAt,
      endsAt,
      versionAt: endsAt + lag,
      listedAt: endsAt + endsUnseen,
      to: ends === "completes" ? to : undefined,
      failed: ends === "fails",
      canceled: false,
    });
  }

  #open({ tasks }: Instance): Task | undefined {
    return tasks.find(({ canceled, endsAt }) => !canceled && endsAt > this.age);
  }

  #running(instance: Instance): boolean {
    const open = this.#open(instance);
    return open !== undefined && open.startsAt <= this.age;
  }

  #version({ spec, tasks }: Instance): string {
    const done = tasks.filter(({ canceled, to, versionAt }) => !canceled && to !== undefined && versionAt <= this.age);
    return done.at(-1)?.to ?? spec.version;
  }

  #row(instance: Instance): Row {
    const { spec, tasks } = instance;
    const ended = tasks.filter(({ canceled, listedAt }) => !canceled && listedAt <= this.age).at(-1);
    return {
      name: spec.name,
      version: this.#version(instance),
      offered: spec.offered ?? spec.version,
      ...this.#state(instance),
      ...(ended === undefined
        ? {}
        : {
            last: {
              task: ended.id,
              began: this.#beginning + ended.startsAt,
              ...(ended.failed ? { failed: "disk full" } : {}),
            },
          }),
    };
  }

  #state({ spec, tasks }: Instance): Pick<Row, "state" | "task" | "percent" | "window" | "createdAt" | "reason"> {
    const live = tasks.filter(({ canceled, endsAt }) => !canceled && endsAt > this.age);
    const running = live.find(({ startsAt }) => startsAt <= this.age);
    if (running !== undefined) {
      const percent = Math.floor((100 * (this.age - running.startsAt)) / (running.endsAt - running.startsAt));
      return { state: "running", task: running.id, percent };
    }
    const scheduled = live.find(({ window, shownAt }) => window && shownAt <= this.age && this.age < window[0]);
    if (scheduled?.window !== undefined) {
      const [opens, closes] = scheduled.window;
      return {
        state: "scheduled",
        createdAt: this.#beginning + scheduled.acceptedAt,
        task: scheduled.id,
        window: [this.#beginning + opens, this.#beginning + closes],
      };
    }
    if (spec.busy !== undefined && within(this.age, spec.busy)) return { state: "busy" };
    return spec.broken === undefined ? { state: "idle" } : { state: "broken", reason: spec.broken };
  }
}

function within(time: number, [from, to]: readonly [number, number]): boolean {
  return from <= time && time < to;
}
