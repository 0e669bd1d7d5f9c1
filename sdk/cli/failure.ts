/** A command line that cannot be understood. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** What keeps a command from doing its work, as a sentence. */
export class CommandError extends Error {
  override readonly name = "CommandError";
}

/** There is no such program on this machine. */
export class ProgramMissing extends Error {
  override readonly name = "ProgramMissing";
}
