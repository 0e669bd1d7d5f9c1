/** The oldest Node on which the package runs. The simulators stand alone, so they say it themselves. */
export const OLDEST_NODE = "22.19";

// The first import of the simulators: what others load may not be there on an older Node.
const [major = 0, minor = 0] = process.version.slice(1).split(".").map(Number);
const [oldestMajor = 0, oldestMinor = 0] = OLDEST_NODE.split(".").map(Number);
if (major < oldestMajor || (major === oldestMajor && minor < oldestMinor)) {
  const message = `pulumi-dbversion needs Node ${OLDEST_NODE} or later; the simulators run on ${process.version}`;
  throw Object.assign(new Error(message), { stack: message });
}
