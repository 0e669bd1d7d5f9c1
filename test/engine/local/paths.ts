import { isMap, mapMembers, type PropertyMap, Secret, type Value } from "./value";

/** A property path: `a.b`, `a[0].b`, `a["b.c"]`, `*` for any member (`resource.ParsePropertyPath`). */
export type PropertyPath = readonly (string | number)[];

export function parsePath(text: string): PropertyPath {
  const path: (string | number)[] = [];
  const pattern = /\.?(?:([^.[\]"]+)|\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|\[(\*)\])/gy;
  while (pattern.lastIndex < text.length) {
    const match = pattern.exec(text);
    if (!match) throw new Error(`bad property path '${text}'`);
    const [, name, index, quoted, star] = match;
    path.push(index !== undefined ? Number(index) : (name ?? quoted?.replace(/\\(.)/g, "$1") ?? star ?? ""));
  }
  return path;
}

/** Whether `outer` names `inner` or something around it; `*` matches any member (`PropertyPath.Contains`). */
export function contains(outer: PropertyPath, inner: PropertyPath): boolean {
  return outer.length <= inner.length && outer.every((part, at) => part === "*" || part === inner[at]);
}

/**
 * Gives `inputs` with what the path names set back to its old value (`PropertyPath.Reset`), or undefined where old and
 * new have different shapes on the way, which the engine reports and otherwise passes over.
 */
export function resetPath(path: PropertyPath, old: Value | undefined, current: Value | undefined): Value | undefined {
  if (old instanceof Secret) return resetPath(path, old.element, current);
  if (current instanceof Secret) {
    const element = resetPath(path, old, current.element);
    return element === undefined ? undefined : new Secret(element);
  }
  const [part, ...rest] = path;
  if (part === undefined) return old;
  if (Array.isArray(old) && Array.isArray(current)) return resetList(part, rest, old, current);
  if (isMap(old) && isMap(current)) return resetMap(part, rest, old, current);
  return undefined;
}

function resetList(part: string | number, rest: PropertyPath, old: Value[], current: Value[]): Value | undefined {
  if (part === "*" && old.length !== current.length) return undefined;
  const result = current.map((member, at) => (part === "*" || part === at ? resetPath(rest, old[at], member) : member));
  return result.every((member) => member !== undefined) ? result : undefined;
}

function resetMap(
  part: string | number,
  rest: PropertyPath,
  old: PropertyMap,
  current: PropertyMap,
): Value | undefined {
  const keys = part === "*" ? [...new Set([...Object.keys(old), ...Object.keys(current)])] : [String(part)];
  const result: PropertyMap = { ...current };
  for (const key of keys) {
    // The last part may be added or removed as a whole: the old side decides.
    if (rest.length === 0 && old[key] === undefined) delete result[key];
    else {
      const member = rest.length === 0 ? old[key] : resetPath(rest, old[key], current[key]);
      if (member === undefined) return undefined;
      result[key] = mapMembers(member, (inner) => inner);
    }
  }
  return result;
}
