import type { SomeKind } from "../../provider/core/kind";
import type { Kinds } from "../../provider/frontend/resource/session";
import type { Transport } from "../../provider/http/transport";
import { oceanbase } from "./oceanbase";
import { redisenterprise } from "./redisenterprise";
import type { Connect, ResourceType, TestedSystem } from "./system";
import { taurusdb } from "./taurusdb";

export type { Opened, System } from "./served";
export type { ResourceType, TestedSystem, Vendor } from "./system";

/** Every system: tests that iterate over them cover a new one as soon as it has a line here. */
export const SYSTEMS: readonly TestedSystem[] = [oceanbase, taurusdb, redisenterprise];

/** Every resource type. */
export const RESOURCE_TYPES: readonly ResourceType[] = SYSTEMS.flatMap(({ types }) => types);

/** The resource kinds of a provider process, over a simulated network. */
export function kindsOver(connect: Connect, env: Readonly<Record<string, string>> = {}): Kinds {
  return Object.assign({}, ...SYSTEMS.map((system) => system.kinds(connect, env)));
}

/** The resource kind of a type, for tests without a network. */
export async function loadKind(type: string): Promise<SomeKind> {
  const load = kindsOver(() => NO_NETWORK)[type];
  if (load === undefined) throw new Error(`there is no ${type}`);
  return load();
}

const NO_NETWORK: Transport = {
  send: async () => {
    throw new Error("there is no network");
  },
  close: async () => undefined,
};

/** @throws Error for an unknown vendor */
export function systemOf(vendor: string): TestedSystem {
  const found = SYSTEMS.find((one) => one.vendor === vendor);
  if (found === undefined) throw new Error(`there is no ${vendor}`);
  return found;
}

/** `oceanbase.ClusterVersion`: the class in a program. */
export function titleOf({ type }: Pick<ResourceType, "type">): string {
  return type.replace(":", ".");
}

/** @param title `oceanbase.ClusterVersion` */
export function typeOf(title: string): ResourceType {
  const found = RESOURCE_TYPES.find((one) => titleOf(one) === title);
  if (found === undefined) throw new Error(`there is no ${title}`);
  return found;
}
