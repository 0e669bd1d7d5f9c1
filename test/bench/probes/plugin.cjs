// Preloaded into the SDK's dynamic-provider process. After that has printed its port, measures the loading of the provider.
const { createRequire } = require("node:module");
const { writeFileSync } = require("node:fs");
const from = createRequire(`${process.cwd()}/index.js`);
const write = process.stdout.write;
process.stdout.write = (...args) => {
  const started = performance.now();
  process.stdout.write = write;
  setImmediate(() => void load(started));
  return write.apply(process.stdout, args);
};

async function load(started) {
  const began = performance.now();
  const { provider } = from("pulumi-dbversion/provider");
  const loaded = performance.now();
  const modules = Object.keys(require.cache);
  const urn = process.env.PROBE_URN;
  if (urn !== undefined) await provider.check({}, { __urn: urn });
  const used = performance.now();
  const all = Object.keys(require.cache);
  const measured = { started, loading: loaded - began, using: used - loaded, modules, used: all };
  writeFileSync(process.env.PROBE_FILE, JSON.stringify(measured));
  process.exit(0);
}
