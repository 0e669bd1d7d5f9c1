/** The oldest Node on which the package runs: undici, which it depends on, uses what older ones do not have. */
export const OLDEST_NODE = "22.19";

/**
 * Call this before anything that an older Node cannot load.
 * @param what runs on this Node, for people: "the provider process"
 * @throws Error on an older Node; without a stack, because Pulumi prints stacks
 */
export function requireNode(what: string, version = process.version): void {
  if (atLeast(version, OLDEST_NODE)) return;
  const message = `pulumi-dbversion needs Node ${OLDEST_NODE} or later; ${what} runs on ${version}`;
  const error = new Error(message);
  error.stack = message;
  throw error;
}

/** A version without three parts is one of the future: nothing is said against it. */
function atLeast(version: string, oldest: string): boolean {
  const [major = 0, minor = 0] = version.replace(/^v/, "").split(".").map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = oldest.split(".").map(Number);
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor) || Number.isNaN(major + minor);
}
