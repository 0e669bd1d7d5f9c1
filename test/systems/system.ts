import type { SomeKind } from "../../provider/core/kind";
import type { Proxies } from "../../provider/core/runtime";
import type { Kinds } from "../../provider/frontend/resource/session";
import type { Tls } from "../../provider/http/tls";
import type { Transport } from "../../provider/http/transport";
import type { SimSystem } from "../simulators";
import type { Opened } from "./served";

/** Creates the transport of a provider process, in place of the real network. */
export type Connect = (tls?: Tls, proxies?: Proxies) => Transport;

interface Clock {
  now(): number;
}

/** A simulated vendor with one outdated database. */
export interface Vendor {
  readonly type: string;
  /** Arguments of the resource as its program writes them. */
  readonly args: Readonly<Record<string, unknown>>;
  readonly system: SimSystem;
  /** The path of its upgrade request. */
  readonly upgradePath: RegExp;
  /** Upgrades that were accepted. */
  accepted(): number;
}

/** A resource type, and vendors for it. */
export interface ResourceType {
  /** `oceanbase:ClusterVersion` */
  readonly type: string;
  /** The path of its upgrade request. */
  readonly upgradePath: RegExp;
  make(clock: Clock): Vendor;
  /** A separate vendor on sockets, whose upgrades are short. */
  open(): Promise<Opened>;
}

/** What tests of every type need from a database system. Each has a folder; `index.ts` lists all of them. */
export interface TestedSystem {
  /** Its folder in `provider/`, file in `sdk/`, and the prefix of its types. */
  readonly vendor: string;
  readonly types: readonly ResourceType[];
  /** The resource kinds of one provider process. */
  kinds(connect: Connect, env?: Readonly<Record<string, string>>): Kinds;
  /** Vendors on sockets that together have a resource of every type. */
  readonly open: readonly (() => Promise<Opened>)[];
  /** The simulator in a saved state; properties that the state lacks have their default values. */
  restore(clock: Clock, saved: Saved): SimSystem;
}

export type Saved = Readonly<Record<string, unknown>>;

/** Kinds that are created when the process first needs them. */
export function loadedOnce(make: Readonly<Record<string, () => SomeKind>>): Kinds {
  return Object.fromEntries(
    Object.entries(make).map(([type, kind]) => {
      let created: SomeKind | undefined;
      const load = async () => {
        created ??= kind();
        return created;
      };
      return [type, load];
    }),
  );
}

/** Adds the properties of newer simulators to a saved state, with their default values. */
export function completed<T extends object>(fresh: T, saved: Saved): T {
  const entries = Object.entries(saved).map(([key, value]) => {
    const before: unknown = Reflect.get(fresh, key);
    return [key, isTable(before) && isTable(value) ? { ...before, ...value } : value] as const;
  });
  return { ...fresh, ...Object.fromEntries(entries) };
}

function isTable(value: unknown): value is Saved {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
