import { parse } from "yaml";
import { z } from "zod";
import type { UpgradeNode } from "./route";
import { HOME } from "./world";

/**
 * What obshell reads from the payload of an uploaded OceanBase package (`GetUpgradeDepYml`). The simulator has no
 * decompressor: it reads xz with uncompressed chunks, which tests create; any other payload is
 * ignored, and every version upgrades directly to the package.
 */
export interface UpgradeDep {
  readonly text: string;
  readonly nodes: readonly UpgradeNode[];
}

const LIST = `.${HOME}/etc/oceanbase_upgrade_dep.yml`;
const AGENT = `.${HOME}/bin/obshell`;

export function upgradeDepOf(payload: Buffer): UpgradeDep | undefined {
  const archive = unstore(payload);
  const text = archive && fileIn(archive, LIST)?.toString("utf8");
  return text === undefined ? undefined : { text, nodes: nodesOf(text) };
}

/**
 * VERSION-RELEASE of the obshell inside, which a server gets by running it. The simulator runs nothing: it reads
 * a script that prints the version with `echo`.
 */
export function bundledAgentOf(payload: Buffer): string | undefined {
  const archive = unstore(payload);
  const script = archive && fileIn(archive, AGENT)?.toString("latin1");
  return script && /^\s*echo (\d+(?:\.\d+){3}-\d+)\s*$/m.exec(script)?.[1];
}

/** Stream header (12 bytes), block header (its length in its first byte), then chunks: 1 or 2, length less one, bytes. */
function unstore(payload: Buffer): Buffer | undefined {
  if (payload.subarray(0, 6).toString("latin1") !== "\xfd7zXZ\0") return undefined;
  let at = 12 + ((payload[12] ?? 0) + 1) * 4;
  const pieces: Buffer[] = [];
  for (let kind = payload[at]; kind === 1 || kind === 2; kind = payload[at]) {
    const end = at + 3 + payload.readUInt16BE(at + 1) + 1;
    pieces.push(payload.subarray(at + 3, end));
    at = end;
  }
  return payload[at] === 0 ? Buffer.concat(pieces) : undefined;
}

function fileIn(archive: Buffer, wanted: string): Buffer | undefined {
  const four = (bytes: number) => Math.ceil(bytes / 4) * 4;
  for (let at = 0; at + 110 <= archive.length; ) {
    const field = (index: number) =>
      Number.parseInt(archive.toString("latin1", at + 6 + index * 8, at + 14 + index * 8), 16);
    const [size, nameSize] = [field(6), field(11)];
    const name = archive.toString("utf8", at + 110, at + 109 + nameSize);
    const content = four(at + 110 + nameSize);
    if (name === wanted) return archive.subarray(content, content + size);
    at = four(content + size);
  }
  return undefined;
}

const truth = z.union([z.boolean(), z.object({ value: z.boolean(), when_come_from: z.array(z.string()).default([]) })]);
const entries = z.array(
  z.object({
    version: z.string(),
    can_be_upgraded_to: z.array(z.string()).nullish(),
    deprecated: z.boolean().nullish(),
    require_from_binary: truth.nullish(),
  }),
);

function nodesOf(text: string): readonly UpgradeNode[] {
  return entries.parse(parse(text, { version: "1.1" })).map((entry) => {
    const rule = entry.require_from_binary;
    return {
      version: entry.version,
      canBeUpgradedTo: entry.can_be_upgraded_to ?? [],
      deprecated: entry.deprecated ?? false,
      ...(rule == null
        ? {}
        : {
            requireFromBinary:
              typeof rule === "boolean" ? rule : { value: rule.value, whenComeFrom: rule.when_come_from },
          }),
    };
  });
}
