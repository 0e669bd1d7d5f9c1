import { z } from "zod";

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
export interface Barrier {
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
