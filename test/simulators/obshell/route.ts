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

/** A version on the way; the build is "" for an entry without one ("null" in obshell). */
export interface RouteStep {
  readonly version: string;
  readonly build: string;
}

interface Visit {
  readonly node: UpgradeNode;
  readonly path: readonly UpgradeNode[];
}

/**
 * The steps after the current version, the target last. Depth first, although obshell calls it the shortest path;
 * entries with a release are looked at before those without. An unknown start is refused, a dead end is a panic.
 */
export function findRoute(
  from: string,
  to: string,
  nodes: readonly UpgradeNode[],
  server: (feature: Feature) => boolean,
): readonly RouteStep[] {
  const start = splitBuildVersion(from);
  const target = splitBuildVersion(to);
  const entry = startNode(from, nodes);
  if (entry === undefined) throw new Refusal("OB.Upgrade.Path.NotExist", { args: [start.version, target.version] });
  const path = search(entry, target, nodes);
  if (path === undefined) throw new Panic("index out of range [-1]");
  if (path.at(-1)?.deprecated) throw new Refusal("OB.Upgrade.ToDeprecatedVersion", { args: [target.version] });
  const middle = path.slice(1, -1).filter((node, index) => needsBinary(node, path[index]));
  const steps = middle.map((node) => splitBuildVersion(node.version));
  const barrierStart = !server("barrierStartOnce") && needsBinary(entry, undefined) ? [start] : [];
  return [...barrierStart, ...steps, target];
}

/** The exact entry, else the one of the same version with the greatest release. */
function startNode(from: string, nodes: readonly UpgradeNode[]): UpgradeNode | undefined {
  const { version } = splitBuildVersion(from);
  const same = nodes.filter((node) => splitBuildVersion(node.version).version === version);
  return (
    same.find((node) => node.version === from) ??
    [...same].sort((a, b) => (buildText(a) < buildText(b) ? -1 : 1)).at(-1)
  );
}

function buildText(node: UpgradeNode): string {
  return splitBuildVersion(node.version).build;
}

function search(
  start: UpgradeNode,
  target: RouteStep,
  nodes: readonly UpgradeNode[],
): readonly UpgradeNode[] | undefined {
  const stack: Visit[] = [{ node: start, path: [start] }];
  const seen = new Set<string>([start.version]);
  for (let visit = stack.pop(); visit !== undefined; visit = stack.pop()) {
    const { node, path } = visit;
    if (path.length > 1 && reaches(node, target)) return path;
    for (const name of orderedNext(node)) {
      const next = nodes.find((candidate) => candidate.version === name) ?? { version: name };
      if (seen.has(next.version)) continue;
      seen.add(next.version);
      stack.push({ node: next, path: [...path, next] });
    }
  }
  return undefined;
}

function reaches(node: UpgradeNode, target: RouteStep): boolean {
  const { version, build } = splitBuildVersion(node.version);
  return version === target.version && (build === "" || build === target.build);
}

function orderedNext(node: UpgradeNode): readonly string[] {
  const names = node.canBeUpgradedTo ?? [];
  const released = names.filter((name) => splitBuildVersion(name).build !== "");
  return [...released, ...names.filter((name) => !released.includes(name))];
}

function needsBinary(node: UpgradeNode, previous: UpgradeNode | undefined): boolean {
  const rule = node.requireFromBinary;
  if (rule === undefined || typeof rule === "boolean") return rule ?? false;
  if (!rule.value || previous === undefined) return rule.value;
  const from = splitBuildVersion(previous.version).version;
  return rule.whenComeFrom.length === 0 || rule.whenComeFrom.some((name) => splitBuildVersion(name).version === from);
}

/** The file's text, as an upload answers it. */
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
