import { type ParseArgsConfig, parseArgs } from "node:util";

/** An invalid command line. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Options by name; an unknown one, a positional or a missing value is a UsageError. */
export function parseOptions<T extends NonNullable<ParseArgsConfig["options"]>>(args: readonly string[], options: T) {
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** A number of at least `least`, or the default. */
export function numberOption(name: string, value: string | undefined, fallback: number, least: number): number {
  if (value === undefined) return fallback;
  const number = Number(value);
  if (value.trim() === "" || !Number.isFinite(number) || number < least) {
    throw new UsageError(`--${name} must be a number of at least ${least}, not "${value}"`);
  }
  return number;
}

/** A whole number of at least `least`, or the default. */
export function integerOption(name: string, value: string | undefined, fallback: number, least: number): number {
  const number = numberOption(name, value, fallback, least);
  if (!Number.isInteger(number)) throw new UsageError(`--${name} must be a whole number, not "${value}"`);
  return number;
}

/** Resolves at the first SIGINT or SIGTERM. */
export function interrupted(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve(signal));
  });
}

/** What a program needs to connect to the simulated system. */
export interface Hint {
  /** Secrets of a stack's configuration. */
  readonly secrets: Readonly<Record<string, string>>;
  /** A program in TypeScript. */
  readonly program: string;
}

/** A list of strings as source code. */
export function listText(texts: readonly string[]): string {
  return `[${texts.map((text) => JSON.stringify(text)).join(", ")}]`;
}

/** Prints how a program connects to the simulated system, to copy and paste. */
export function showHint({ secrets, program }: Hint): void {
  const commands = Object.entries(secrets).map(([key, value]) => `  pulumi config set --secret ${key} '${value}'`);
  const lines = program.trimEnd().split("\n");
  console.log(`
credentials, for the stack configuration:
${commands.join("\n")}

a program (index.ts):
${lines.map((line) => (line === "" ? "" : `  ${line}`)).join("\n")}

Stop with ^C.`);
}
