import type { Rig } from "./rig";

type Modules = Record<string, unknown>;

/** The body of the first upgrade request. */
export const bodyOf = (world: Rig) =>
  JSON.parse(world.received.find(({ method }) => method === "POST")?.body ?? "null");

/** A created resource with these modules. */
export const create = (world: Rig, modules: Modules, more: Modules = {}) =>
  world.lifecycle.create(world.modules({ modules, ...more }));
