import type { GoldenResponse } from "./redaction";

/** The types at each path of responses: `data.agents[].ip` is a `string`. */
type Shape = Map<string, Set<string>>;

/**
 * The differences between real and simulated responses to the same requests, as lines. An empty list is not compared with
 * its elements, and requests that only the simulator received are ignored.
 */
export function differencesOf(real: readonly GoldenResponse[], simulated: readonly GoldenResponse[]): string[] {
  const [realShapes, simulatedShapes] = [shapesOf(real), shapesOf(simulated)];
  return [...realShapes].sort(byKey).flatMap(([request, shape]) => {
    const counterpart = simulatedShapes.get(request);
    const lines = counterpart === undefined ? ["no simulated answer"] : linesOf(shape, counterpart);
    return lines.map((line) => `${request}: ${line}`);
  });
}

/** By request and status, because errors have another shape. */
function shapesOf(responses: readonly GoldenResponse[]): Map<string, Shape> {
  const shapes = new Map<string, Shape>();
  for (const { request, status, body } of responses) {
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
    const [realTypes, simulatedTypes] = [real.get(path), simulated.get(path)];
    const name = path === "" ? "the answer" : path;
    if (realTypes !== undefined && simulatedTypes !== undefined) {
      const unknown = [...realTypes].filter((type) => !simulatedTypes.has(type));
      return unknown.length === 0 ? [] : [`${name} is ${listed(unknown)}, simulated ${listed(simulatedTypes)}`];
    }
    const [present, other, whose] =
      realTypes === undefined ? [simulatedTypes, real, "simulator"] : [realTypes, simulated, "system"];
    return hasObject(other, path) ? [`${name} (${listed(present ?? [])}) only the ${whose} has`] : [];
  });
}

/** Whether the object exists that would contain a field. False for elements, because a list may be empty. */
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
