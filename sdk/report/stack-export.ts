import { isTable } from "../../provider/base/json";

/** The parts of a stack export that are needed here. Its values are not trusted. */
export interface StackExport {
  /** When the state was written, as found. */
  readonly time: string | undefined;
  /** Without replaced resources that are pending deletion: they manage nothing. */
  readonly resources: readonly Json[];
  /** What an interrupted operation was doing, by URN: `updating`. */
  readonly pending: ReadonlyMap<string, string>;
  /** All of it. */
  readonly deployment: Json;
}

/** Formats of the deployment; the additions of 4 to 3 do not matter here. */
const FORMATS: readonly unknown[] = [3, 4];
/** What to do if the input is something else. */
export const HOW = "Pass the output of `pulumi stack export`.";

/**
 * @param root parsed JSON
 * @param name of the input, for messages
 * @throws ReportError
 */
export function stackExportIn(root: unknown, name: string): StackExport {
  const deployment = member(root, "deployment");
  if (!isTable(root) || !isTable(deployment)) {
    const checkpoint = isTable(member(root, "checkpoint")) ? " It is a checkpoint file of a state backend." : "";
    throw new ReportError(`${name} is JSON, but not a stack export: it has no "deployment".${checkpoint} ${HOW}`);
  }
  if (!FORMATS.includes(root["version"])) {
    const version = textOf(root["version"], 20) ?? "none";
    throw new ReportError(`${name} has deployment format ${version}; supported formats are 3 and 4. ${HOW}`);
  }
  return {
    time: textOf(member(deployment["manifest"], "time"), 40),
    resources: listOf(member(deployment, "resources"))
      .filter(isTable)
      .filter((resource) => resource["delete"] !== true),
    pending: pendingOf(deployment),
    deployment,
  };
}

/**
 * @param name of the input, for messages
 * @param how what to pass, as a sentence
 * @throws ReportError
 */
export function parseInput(text: string, name: string, how: string): unknown {
  if (text.trim() === "") throw new ReportError(`${name} is empty. ${how}`);
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message quotes the text, which may contain secrets.
    throw new ReportError(`${name} is not JSON. ${how}`);
  }
}

function pendingOf(deployment: Json): Map<string, string> {
  const operations = listOf(member(deployment, "pending_operations"));
  return new Map(
    operations.flatMap((operation) => {
      const urn = textOf(member(member(operation, "resource"), "urn"), 2_000);
      const type = textOf(member(operation, "type"), 40);
      return urn === undefined || type === undefined ? [] : [[urn, type] as const];
    }),
  );
}

/** A JSON object from an untrusted source. */
export type Json = Readonly<Record<string, unknown>>;

/** Its own member of that name: nothing that every object inherits. */
export function member(object: unknown, name: string): unknown {
  return isTable(object) && Object.hasOwn(object, name) ? object[name] : undefined;
}

/** The members of a list; anything else has none. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A text or number as text, as short as `longest`; undefined for anything else, and for an empty text. */
export function textOf(value: unknown, longest = 200): string | undefined {
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (typeof value !== "string" || value === "") return undefined;
  return value.length <= longest ? value : `${value.slice(0, longest).toWellFormed()}…`;
}

/** Milliseconds since 1970 of an ISO 8601 time; undefined for anything else and for times that no upgrade can have. */
export function parseTime(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{4}-\d\d-\d\dT/.test(text)) return undefined;
  const time = Date.parse(text);
  return time >= 0 ? time : undefined;
}

/** Why no report was created, as a sentence. */
export class ReportError extends Error {
  override readonly name = "ReportError";
}

/** Text of a file as shells write it: UTF-8, or UTF-16 where PowerShell redirected it, with or without a byte order mark. */
export function decodeText(bytes: Uint8Array): string {
  return new TextDecoder(encodingOf(bytes)).decode(bytes);
}

function encodingOf([first, second]: Uint8Array): string {
  if (first === 0xff && second === 0xfe) return "utf-16le";
  if (first === 0xfe && second === 0xff) return "utf-16be";
  return "utf-8";
}
