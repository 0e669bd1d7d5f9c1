import type { Feature } from "./dialect";
import { Panic, Refusal } from "./errors";
import { splitBuildVersion } from "./version";

/** One entry of `oceanbase_upgrade_dep.yml` (OBShell facts §4.4). */
export interface UpgradeNode {
  /** "4.2.1.1" or "4.2.1.1-101000062023110109". */
  readonly version: string;
  readonly canBeUpgradedTo?: readonly string[];
  readonly deprecated?: boolean;
  readonly requireFromBinary?: boolean | { readonly value: boolean; readonly whenComeFrom: readonly string[] };
}

/** An intermediate version; the build is "" for an entry without one ("null" in obshell). */
export interface RouteStep {
  readonly version: string;
  readonly build: string;
  /** Its package is looked up with arguments in the wrong order, and so is never found (OBShell facts §4.4). */
  readonly unfindable: boolean;
}

/** An entry during obshell's search; one that is only a successor is a new one each time. */
interface Stop {
  readonly version: string;
  /** "null" for an entry without one: obshell compares it as a text. */
  readonly release: string;
  readonly deprecated: boolean;
  readonly rule: UpgradeNode["requireFromBinary"];
  next: Stop[];
  precursor: Stop | undefined;
}

const NO_RELEASE = "null";

/**
 * The steps after the current version, the target last (`upgrade_route.go`, OBShell facts §4.4). A stack and not a queue,
 * although obshell calls it the shortest path. An unknown start is rejected, a dead end is a panic.
 */
export function findRoute(
  from: string,
  to: string,
  nodes: readonly UpgradeNode[],
  server: (feature: Feature) => boolean,
): readonly RouteStep[] {
  const current = splitBuildVersion(from);
  const target = splitBuildVersion(to);
  const stops = build(nodes);
  const start = startStop(from, stops);
  if (start === undefined) throw new Refusal("OB.Upgrade.Path.NotExist", { args: [current.version, target.version] });
  const end = search(start, target);
  if (end === undefined) throw new Panic("index out of range [-1]");
  const path = unwind(end);
  if (end.deprecated) throw new Refusal("OB.Upgrade.ToDeprecatedVersion", { args: [target.version] });
  const required = requiredOn(path);
  const first = server("barrierStartOnce") ? 1 : 0;
  const middle = path.slice(first, -1).filter((stop) => required.has(stop));
  return [...middle.map((stop) => stepOf(stop, stops)), { ...target, unfindable: false }];
}

/** `Build`: an entry that is listed twice is an error. Each successor is added twice, those with a release in front. */
function build(nodes: readonly UpgradeNode[]): ReadonlyMap<string, Stop> {
  const stops = new Map<string, Stop>();
  for (const node of nodes) {
    if (stops.has(node.version)) {
      throw new Refusal("Common.Unexpected", { args: [`version ${node.version} has duplicate`] });
    }
    stops.set(node.version, stopOf(node));
  }
  for (const { version, canBeUpgradedTo = [] } of nodes) {
    const stop = stops.get(version);
    for (const name of [...canBeUpgradedTo, ...canBeUpgradedTo]) {
      const next = stops.get(name) ?? stopOf({ version: name });
      if (next.release === NO_RELEASE) stop?.next.push(next);
      else stop?.next.unshift(next);
    }
  }
  return stops;
}

function stopOf({ version, deprecated = false, requireFromBinary: rule }: UpgradeNode): Stop {
  const [name = "", release = NO_RELEASE] = version.split("-");
  return { version: name, release, deprecated, rule, next: [], precursor: undefined };
}

/** `GetNode`: the exact entry, else the one of the same version with the greatest release, as texts: "null" is greatest. */
function startStop(from: string, stops: ReadonlyMap<string, Stop>): Stop | undefined {
  const exact = stops.get(from);
  if (exact !== undefined) return exact;
  const { version } = splitBuildVersion(from);
  const same = [...stops.values()].filter((stop) => stop.version === version);
  return same.sort((a, b) => (a.release < b.release ? -1 : 1)).at(-1);
}

function search(start: Stop, target: { readonly version: string; readonly build: string }): Stop | undefined {
  const stack = [start];
  const visited = new Set(stack);
  const push = (next: Stop, from: Stop) => {
    next.precursor = from;
    stack.push(next);
    visited.add(next);
  };
  for (let stop = stack.pop(); stop !== undefined; stop = stack.pop()) {
    if (stop.version !== target.version) {
      for (const next of stop.next) if (!visited.has(next)) push(next, stop);
      continue;
    }
    if (stop.release === target.build) return stop;
    if (stop.release !== NO_RELEASE) continue;
    const builds = new Set(stop.next.filter((next) => !visited.has(next) && next.version === target.version));
    if (builds.size === 0) return stop;
    for (const next of builds) push(next, stop);
  }
  return undefined;
}

/** From the start. Of consecutive stops of one version only the last counts, but the start always counts. */
function unwind(end: Stop): readonly Stop[] {
  const path: Stop[] = [];
  let stop: Stop | undefined = end;
  while (stop !== undefined) {
    path.unshift(stop);
    let previous: Stop | undefined = stop.precursor;
    while (previous?.precursor !== undefined && previous.version === stop.version) previous = previous.precursor;
    stop = previous;
  }
  return path;
}

/** `FormatRoute`: `when_come_from` is compared with the last stop that such a rule required, not with the previous stop. */
function requiredOn(path: readonly Stop[]): ReadonlySet<Stop> {
  const required = new Set<Stop>();
  let barrier = path[0];
  for (const stop of path) {
    const { rule = false } = stop;
    const { value, whenComeFrom } = typeof rule === "boolean" ? { value: rule, whenComeFrom: [] } : rule;
    if (whenComeFrom.length === 0) {
      if (value) required.add(stop);
      continue;
    }
    const from = barrier === undefined ? [] : [barrier.version, `${barrier.version}-${barrier.release}`];
    if (!value || !whenComeFrom.some((name) => from.includes(name))) continue;
    required.add(stop);
    barrier = stop;
  }
  return required;
}

/** Without a release: any package of the version that is not deprecated, were it not for the swapped arguments. */
function stepOf({ version, release }: Stop, stops: ReadonlyMap<string, Stop>): RouteStep {
  const deprecated = [...stops.values()].some((stop) => stop.version === version && stop.deprecated);
  const open = release === NO_RELEASE;
  return { version, build: open ? "" : release, unfindable: open && deprecated };
}

/** The file's text, as in the response to an upload. */
export function renderUpgradeDep(nodes: readonly UpgradeNode[]): string {
  return nodes.map(renderNode).join("");
}

function renderNode(node: UpgradeNode): string {
  const lines = [`- version: ${node.version}`];
  if (node.canBeUpgradedTo?.length) {
    lines.push("  can_be_upgraded_to:", ...node.canBeUpgradedTo.map((name) => `    - ${name}`));
  }
  if (node.deprecated) lines.push("  deprecated: True");
  const rule = node.requireFromBinary;
  if (typeof rule === "boolean") lines.push(`  require_from_binary: ${rule ? "True" : "False"}`);
  else if (rule !== undefined) {
    const from = `    when_come_from: [${rule.whenComeFrom.join(", ")}]`;
    lines.push("  require_from_binary:", `    value: ${rule.value ? "True" : "False"}`, from);
  }
  return `${lines.join("\n")}\n`;
}
