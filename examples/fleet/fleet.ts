import { parse } from "yaml";

type Arguments = Record<string, unknown>;

/** A database of the file, with the arguments of its connection. */
export interface Database {
  readonly name: string;
  readonly kind: string;
  readonly args: Readonly<Arguments>;
  /** Argument → the stack's secret that holds it. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly after: readonly string[];
  readonly timeout?: string;
}

/** The keys of the file besides the arguments of a resource. */
interface Entry extends Arguments {
  readonly kind?: string;
  readonly connection?: string;
  readonly after?: readonly string[];
  readonly timeout?: string;
}

/**
 * Reads `fleet.yaml`. The provider checks the arguments of a resource at preview; this checks the rest.
 * @throws with one line for each mistake
 */
export function parseFleet(text: string): Database[] {
  const { connections = {}, databases = {} } = parse(text) as {
    readonly connections?: Record<string, Arguments>;
    readonly databases?: Record<string, Entry>;
  };
  const names = Object.keys(databases);
  const problems: string[] = [];
  const fleet = Object.entries(databases).map(([name, entry], at) => {
    const { kind = "", connection = "", after = [], timeout, ...own } = entry;
    const shared = connections[connection];
    if (shared === undefined) problems.push(`${name}: there is no connection ${JSON.stringify(connection)}`);
    for (const first of after) {
      if (!names.slice(0, at).includes(first)) problems.push(`${name}: ${first} has to stand above it to come first`);
    }
    problems.push(...unquoted(own).map((key) => `${name}: ${key} is a number to YAML; put it in quotes`));
    const { secrets = {}, ...reach } = shared ?? {};
    const args = { ...reach, ...own };
    return { name, kind, args, secrets: secrets as Record<string, string>, after, ...(timeout && { timeout }) };
  });
  if (problems.length > 0) throw new Error(`The fleet file is wrong:\n${problems.join("\n")}`);
  return fleet;
}

/** YAML reads `8.0` as the number 8: the zero would be lost. */
function unquoted(args: Arguments): string[] {
  return Object.entries(args).flatMap(([key, value]) => {
    if (typeof value === "number" && /version$/i.test(key)) return [key];
    return key === "modules" && typeof value === "object" && value !== null
      ? Object.entries(value).flatMap(([module, pin]) => (typeof pin === "number" ? [`${key}.${module}`] : []))
      : [];
  });
}
