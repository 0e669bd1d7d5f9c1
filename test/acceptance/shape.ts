import type { GoldenAnswer } from "./redaction";

/** The types found at each path of some answers: `data.agents[].ip` is a `string`. */
type Shape = Map<string, Set<string>>;

/**
 * What real answers have that simulated ones to the same requests have not, and the other way round, as lines. An empty list
 * says nothing about its elements, and a request that only the simulator was sent says nothing about the system.
 */
export function differencesOf(real: readonly GoldenAnswer[], simulated: readonly GoldenAnswer[]): string[] {
  const [theirs, ours] = [shapesOf(real), shapesOf(simulated)];
  return [...theirs].sort(byKey).flatMap(([request, shape]) => {
    const counterpart = ours.get(request);
    const lines = counterpart === undefined ? ["no simulated answer"] : linesOf(shape, counterpart);
    return lines.map((line) => `${request}: ${line}`);
  });
}

/** By request and status: an error has another shape than what was asked for. */
function shapesOf(answers: readonly GoldenAnswer[]): Map<string, Shape> {
  const shapes = new Map<string, Shape>();
  for (const { request, status, body } of answers) {
    const key = `${request} ${status}`;
    const shape = shapes.get(key) ?? new Map();
    shapes.set(key, shape);
    addTo(shape, "", body);
  }
  return shapes;
}

function addTo(shape: Shape, path: string, value: unknown): void {
  const type = Array.isArray(value) ? "list" : value === null ? "null" : typeof value;
  shape.set(path, (shape.get(path) ?? new Set()).add(type));
  if (Array.isArray(value)) for (const element of value) addTo(shape, `${path}[]`, element);
  else if (typeof value === "object" && value !== null) {
    for (const [key, each] of Object.entries(value)) {
      const field = key.replace(/^<name \d+>$/, "<name>");
      addTo(shape, path === "" ? field : `${path}.${field}`, each);
    }
  }
}

function linesOf(real: Shape, simulated: Shape): string[] {
  const paths = [...new Set([...real.keys(), ...simulated.keys()])].sort();
  return paths.flatMap((path) => {
    const [theirs, ours] = [real.get(path), simulated.get(path)];
    const name = path === "" ? "the answer" : path;
    if (theirs !== undefined && ours !== undefined) {
      const unknown = [...theirs].filter((type) => !ours.has(type));
      return unknown.length === 0 ? [] : [`${name} is ${listed(unknown)}, simulated ${listed(ours)}`];
    }
    const [present, other, whose] = theirs === undefined ? [ours, real, "simulator"] : [theirs, simulated, "system"];
    return hasObject(other, path) ? [`${name} (${listed(present ?? [])}) only the ${whose} has`] : [];
  });
}

/** Whether the object is there that would have a field. Elements are no fields: their list may just be empty. */
function hasObject(shape: Shape, path: string): boolean {
  if (path.endsWith("[]")) return false;
  const parent = path.includes(".") ? path.slice(0, path.lastIndexOf(".")) : "";
  return shape.get(parent)?.has("object") ?? false;
}

function listed(types: Iterable<string>): string {
  return [...types].sort().join(" or ");
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
