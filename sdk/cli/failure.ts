/** An invalid command line. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Why a command failed, as a sentence. */
export class CommandError extends Error {
  override readonly name = "CommandError";
}

/** The program is not installed on this machine. */
export class ProgramMissing extends Error {
  override readonly name = "ProgramMissing";
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
