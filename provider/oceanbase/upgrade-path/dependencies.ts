import { z } from "zod";
import { UpgradeError } from "../../core/errors";
import type { Clock } from "../../core/runtime";
import type { UploadedPackage } from "../agent/schema";
import type { LocalPackages } from "../packages/local-packages";
import { type Edition, isOf, type Target } from "../packages/packages";
import { readPackagedFile } from "../packages/payload";
import type { RpmPackage } from "../packages/rpm";
import { UnreadablePayload } from "../packages/xz/range-decoder";

/**
 * One version in `oceanbase_upgrade_dep.yml`, the list of upgrade paths in every OceanBase package. obshell reads the
 * list of the target's package.
 */
export interface VersionNode {
  /** As it is written: `4.2.1.2`, or `4.1.0.0-100000192023032010` for one build. */
  readonly name: string;
  readonly leadsTo: readonly string[];
  /** May be a start or an intermediate version, but not a target. */
  readonly deprecated: boolean;
  /** Whether, as an intermediate version, its own observer must run; undefined when its scripts are enough. */
  readonly barrier?: Barrier;
}

/** Whether an intermediate version is a barrier can depend on the version the upgrade starts from. */
interface Barrier {
  readonly required: boolean;
  /** Names of versions; if not empty, it is required only after one of them. */
  readonly whenComeFrom: readonly string[];
  /** Written as a single value, not as a map. */
  readonly single?: true;
}

/** YAML 1.1, which obshell's parser (gopkg.in/yaml.v2) reads. */
const TRUE = /^(y|Y|yes|Yes|YES|true|True|TRUE|on|On|ON)$/;
const FALSE = /^(n|N|no|No|NO|false|False|FALSE|off|Off|OFF)$/;
const NOTHING = /^(~|null|Null|NULL)?$/;

const truth = z
  .string()
  .refine((text) => TRUE.test(text) || FALSE.test(text))
  .transform((text) => TRUE.test(text));
const nothing = z.string().regex(NOTHING);
const names = z.union([z.array(z.string()), nothing.transform((): string[] => [])]);

const barrier = z.union([
  truth.transform((required): Barrier => ({ required, whenComeFrom: [], single: true })),
  z
    .object({ value: truth.optional(), when_come_from: names.optional() })
    .transform(({ value = false, when_come_from: from = [] }): Barrier => ({ required: value, whenComeFrom: from })),
  nothing.transform((): Barrier => ({ required: false, whenComeFrom: [] })),
  z.string().transform((): Barrier => ({ required: false, whenComeFrom: [], single: true })),
]);

const node = z
  .object({
    version: z.string().optional(),
    can_be_upgraded_to: names.optional(),
    deprecated: z.union([truth, nothing.transform(() => false)]).optional(),
    require_from_binary: barrier.optional(),
  })
  .transform(
    ({ version = "", can_be_upgraded_to: leadsTo = [], deprecated = false, require_from_binary }): VersionNode => {
      const rest = { name: version, leadsTo, deprecated };
      return require_from_binary === undefined ? rest : { ...rest, barrier: require_from_binary };
    },
  );

const list = z.union([z.array(node), nothing.transform((): VersionNode[] => [])]);

/**
 * Parses the list; undefined when it is invalid. As lenient as obshell: unknown keys are ignored, the last one of
 * duplicate keys counts, and only the first document is read. A version that is listed twice is an error.
 */
export async function parseDependencies(text: string): Promise<readonly VersionNode[] | undefined> {
  const { parseAllDocuments } = await import("yaml");
  try {
    const documents = parseAllDocuments(text, { schema: "failsafe", merge: true, strict: false, uniqueKeys: false });
    const [first] = Array.isArray(documents) ? documents : [];
    if (first === undefined) return [];
    if (first.errors.length > 0) return undefined;
    const { data } = list.safeParse(first.toJS() ?? "");
    if (data === undefined) return undefined;
    return new Set(data.map(({ name }) => name)).size === data.length ? data : undefined;
  } catch {
    return undefined;
  }
}

/** The known upgrade paths to a version. */
export type UpgradePaths =
  | { readonly kind: "known"; readonly nodes: readonly VersionNode[] }
  /** The package is available locally, but its list could not be read, or not in time. */
  | { readonly kind: "unread" };

const UNREAD: UpgradePaths = { kind: "unread" };
const LIST = "/home/admin/oceanbase/etc/oceanbase_upgrade_dep.yml";
const LARGEST = 1024 * 1024;

/** Lists read in this process, by the SHA-256 of their packages: several clusters often use the same one. */
const known = new Map<string, UpgradePaths>();
const MOST_KNOWN = 16;

/** The lists of upgrade paths in packages, read at most once each. A list that cannot be read is never an error. */
export class DependencyLists {
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #reads = new Map<string, Promise<UpgradePaths>>();

  /** @param signal ends all reading */
  constructor(clock: Clock, signal: AbortSignal) {
    this.#clock = clock;
    this.#signal = signal;
  }

  /** A list returned by a server. */
  async fromText(text: string): Promise<UpgradePaths> {
    const nodes = await parseDependencies(text);
    return nodes === undefined ? UNREAD : { kind: "known", nodes };
  }

  /**
   * A list in a package file. Unpacking continues after the time limit, for later callers.
   * @param budget milliseconds
   */
  async fromPackage(pkg: RpmPackage, budget?: number): Promise<UpgradePaths> {
    const pending = this.#readOnce(pkg);
    if (budget === undefined) return pending;
    const over = new AbortController();
    try {
      const late = this.#clock.sleep(budget, over.signal).then(() => UNREAD);
      late.catch(() => undefined);
      return await Promise.race([pending, late]);
    } finally {
      over.abort();
    }
  }

  #readOnce(pkg: RpmPackage): Promise<UpgradePaths> {
    const read = this.#reads.get(pkg.sha256) ?? this.#read(pkg);
    this.#reads.set(pkg.sha256, read);
    return read;
  }

  async #read(pkg: RpmPackage): Promise<UpgradePaths> {
    const before = known.get(pkg.sha256);
    if (before !== undefined) return before;
    if (!pkg.files.includes(LIST)) return UNREAD;
    try {
      const bytes = await readPackagedFile(pkg, LIST, LARGEST, this.#signal);
      const paths = bytes === undefined ? UNREAD : await this.fromText(bytes.toString("utf8"));
      remember(pkg.sha256, paths);
      return paths;
    } catch (error) {
      if (this.#signal.aborted || error instanceof UnreadablePayload || error instanceof UpgradeError) return UNREAD;
      throw error;
    }
  }
}

function remember(sha256: string, ways: UpgradePaths): void {
  const [oldest] = known.keys();
  if (known.size >= MOST_KNOWN && oldest !== undefined) known.delete(oldest);
  known.set(sha256, ways);
}

/** Sources of a list of upgrade paths. */
export interface Sources {
  readonly observation: {
    readonly readiness: { readonly uploaded: readonly UploadedPackage[] | undefined };
    readonly local: LocalPackages;
  };
  /** Uploads of this run, with the server's responses. */
  readonly receipts: readonly UploadedPackage[];
  readonly lists: DependencyLists;
  /** Time limit of unpacking, in milliseconds. */
  readonly budget: number | undefined;
}

/**
 * The upgrade paths to a target, from its main package: from the upload's response or the server's list, else from the
 * local file.
 * @returns undefined when none of them has it
 */
export async function pathsTo(
  target: Target,
  editions: readonly Edition[],
  { observation, receipts, lists, budget }: Sources,
): Promise<UpgradePaths | undefined> {
  const isMain = (name: string) => editions.some(([main]) => main === name);
  const uploaded = [...receipts, ...(observation.readiness.uploaded ?? [])].filter(
    (pkg) => isMain(pkg.name) && isOf(pkg, target),
  );
  const text = uploaded.find(({ upgrade_dep_yaml: yaml }) => yaml)?.upgrade_dep_yaml;
  if (text) return lists.fromText(text);
  const file = observation.local.packages.find(
    (pkg) => isMain(pkg.name) && pkg.version === target.version && pkg.release === target.release,
  );
  return file && lists.fromPackage(file, budget);
}
