import type { VersionNode } from "./dependencies";

/** A version with its build number: `4.2.1.8` and `108000022024072217`. */
export interface Built {
  readonly version: string;
  readonly build: string;
}

/** A version that will be installed as an intermediate version or as the target. */
export interface Step {
  readonly version: string;
  /** Undefined: obshell takes the newest uploaded package of the version. */
  readonly build?: string;
  /** Builds of the version that must not be used. If there are any, obshell finds no package at all. */
  readonly deprecated: readonly string[];
}

export type Route =
  /** The versions installed after the current one, the target last. */
  | { readonly kind: "route"; readonly steps: readonly Step[] }
  /** The list does not contain the current version. */
  | { readonly kind: "unknown-start" }
  | { readonly kind: "no-way" }
  /** The server cannot read the list. */
  | { readonly kind: "unreadable" }
  | { readonly kind: "deprecated" };

/** Differences between servers. */
export interface Habits {
  /** Before 4.4.1.0 a current version that is a barrier is installed again. */
  readonly repeatsStart?: boolean;
  /** Before 4.2.6.0 a list with a single-value rule (`require_from_binary: True`) cannot be read at all. */
  readonly readsSingleValues?: boolean;
}

/**
 * A version in the graph, identified by its object: versions without an entry of their own are a new object each time.
 */
interface Node extends Omit<VersionNode, "name"> {
  readonly version: string;
  readonly build: string | undefined;
}

/**
 * The path that obshell will use, found by its own search (`upgrade_route.go`). The search is depth-first, although it
 * is called the shortest, so a path can be longer than the shortest in the list. This path determines the required
 * packages.
 */
export function findRoute(
  nodes: readonly VersionNode[],
  from: Built,
  to: Built,
  { repeatsStart = false, readsSingleValues = true }: Habits = {},
): Route {
  const target: Step = { ...to, deprecated: [] };
  if (from.version === to.version) return { kind: "route", steps: [target] };
  if (!readsSingleValues && nodes.some(({ barrier }) => barrier?.single)) return { kind: "unreadable" };
  const graph = new Graph(nodes);
  const start = graph.startAt(from);
  if (start === undefined) return { kind: "unknown-start" };
  const path = findPath(graph, start, to);
  if (path === undefined) return { kind: "no-way" };
  if (path.at(-1)?.deprecated === true) return { kind: "deprecated" };
  const between = barriersOn(path).filter((node) => node !== path.at(-1) && (repeatsStart || node !== start));
  return { kind: "route", steps: [...between.map((node) => graph.stepTo(node)), target] };
}

/** From the start to the target. Of an intermediate version in several builds, only the last one is entered. */
function findPath(graph: Graph, start: Node, to: Built): readonly Node[] | undefined {
  const before = new Map<Node, Node>();
  const seen = new Set([start]);
  const stack = [start];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    const there = node.version === to.version;
    if (there && node.build === to.build) return backFrom(node, before);
    if (there && node.build !== undefined) continue;
    const next = graph.after(node).filter((one) => !seen.has(one) && (!there || one.version === to.version));
    if (there && next.length === 0) return backFrom(node, before);
    for (const one of next) {
      seen.add(one);
      before.set(one, node);
      stack.push(one);
    }
  }
  return undefined;
}

function backFrom(end: Node, before: ReadonlyMap<Node, Node>): readonly Node[] {
  const path: Node[] = [];
  for (let node: Node | undefined = end; node !== undefined; ) {
    path.unshift(node);
    let previous: Node | undefined = before.get(node);
    while (previous !== undefined && before.has(previous) && previous.version === node.version) {
      previous = before.get(previous);
    }
    node = previous;
  }
  return path;
}

/** Versions on a path whose own observer must run, given the preceding barrier. */
function barriersOn(path: readonly Node[]): readonly Node[] {
  let last = path[0];
  return path.filter((node) => {
    const { required = false, whenComeFrom = [] } = node.barrier ?? {};
    if (whenComeFrom.length === 0) return required;
    const holds = required && namesOf(last).some((name) => whenComeFrom.includes(name));
    if (holds) last = node;
    return holds;
  });
}

/** The names by which a list can refer to a version: with its build, and without. */
function namesOf(node: Node | undefined): string[] {
  return node === undefined ? [] : [node.version, `${node.version}-${node.build ?? NO_BUILD}`];
}

/** obshell's notation. */
const NO_BUILD = "null";

class Graph {
  readonly #known: ReadonlyMap<string, Node>;

  constructor(nodes: readonly VersionNode[]) {
    this.#known = new Map(nodes.map(({ name, ...rest }) => [name, { ...rest, ...split(name) }]));
  }

  /**
   * The node of a current version: its exact build, else the one without a build, else the one whose build sorts last.
   */
  startAt({ version, build }: Built): Node | undefined {
    const exact = this.#known.get(`${version}-${build}`);
    if (exact !== undefined) return exact;
    const same = [...this.#known.values()].filter((node) => node.version === version);
    const builds = same.flatMap((node) => node.build ?? []).sort();
    return same.find((node) => node.build === undefined) ?? same.find((node) => node.build === builds.at(-1));
  }

  /**
   * The successors of a node in the order in which obshell pushes them, so that the last is visited first: builds in
   * reverse, then versions without a build; within each group, those with an entry of their own come first.
   */
  after({ leadsTo }: Node): readonly Node[] {
    const built = leadsTo.filter((name) => split(name).build !== undefined).reverse();
    const plain = leadsTo.filter((name) => split(name).build === undefined);
    return [built, plain].flatMap((kind) => {
      const entries = new Set(kind.flatMap((name) => this.#known.get(name) ?? []));
      const others = kind.filter((name) => !this.#known.has(name));
      return [...entries, ...others.map((name) => ({ ...split(name), leadsTo: [], deprecated: false }))];
    });
  }

  stepTo({ version, build }: Node): Step {
    const deprecated = [...this.#known.values()]
      .filter((node) => node.version === version && node.deprecated)
      .map((node) => node.build ?? NO_BUILD);
    return build === undefined ? { version, deprecated } : { version, build, deprecated };
  }
}

/** `4.1.0.0-100000192023032010` */
function split(name: string): Pick<Node, "version" | "build"> {
  const [version = "", build] = name.split("-");
  return { version, build };
}
