// Measures the import of the SDK, then that of this package. Runs in a directory where both are installed.
const { createRequire } = require("node:module");
const from = createRequire(`${process.cwd()}/index.js`);
const began = performance.now();
from("@pulumi/pulumi");
const sdk = performance.now();
from("pulumi-dbversion");
const ours = performance.now();
process.stdout.write(JSON.stringify({ sdk: sdk - began, ours: ours - sdk, modules: Object.keys(require.cache) }), () =>
  process.exit(0),
);
