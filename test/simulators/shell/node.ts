/** The oldest supported Node. The simulators do not import the package, so they repeat it. */
export const OLDEST_NODE = "22.19";

// The first import of the simulators: other modules may fail to load on an older Node.
const [major = 0, minor = 0] = process.version.slice(1).split(".").map(Number);
const [oldestMajor = 0, oldestMinor = 0] = OLDEST_NODE.split(".").map(Number);
if (major < oldestMajor || (major === oldestMajor && minor < oldestMinor)) {
  const message = `pulumi-dbversion needs Node ${OLDEST_NODE} or later; the simulators run on ${process.version}`;
  throw Object.assign(new Error(message), { stack: message });
}
