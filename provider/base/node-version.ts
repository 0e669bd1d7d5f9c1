/** The oldest supported Node version: the dependency undici uses features that older ones do not have. */
export const OLDEST_NODE = "22.19";

/**
 * Call this before loading anything that an older Node does not support.
 * @param what runs on this Node, for the message: "the provider process"
 * @throws Error on an older Node; without a stack, because Pulumi prints stacks
 */
export function requireNode(what: string, version = process.version): void {
  if (atLeast(version, OLDEST_NODE)) return;
  const message = `pulumi-dbversion needs Node ${OLDEST_NODE} or later; ${what} runs on ${version}`;
  const error = new Error(message);
  error.stack = message;
  throw error;
}

/** A version without three parts is assumed to be a future one and accepted. */
function atLeast(version: string, oldest: string): boolean {
  const [major = 0, minor = 0] = version.replace(/^v/, "").split(".").map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = oldest.split(".").map(Number);
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor) || Number.isNaN(major + minor);
}
