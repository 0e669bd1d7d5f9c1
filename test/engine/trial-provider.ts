/**
 * A small package as a user could have it in `node_modules`: a resource class with the constant provider text, and a
 * dynamic provider whose behavior depends on the inputs. Plain CommonJS text, because it runs in other processes.
 */
export const TRIAL_PACKAGE = {
  "node_modules/trial/package.json": '{ "name": "trial", "version": "1.0.0", "main": "index.js" }\n',
  "node_modules/trial/index.js": `
const pulumi = require("@pulumi/pulumi");
class Thing extends pulumi.CustomResource {
  constructor(name, args, opts) {
    const __provider = 'exports.handler=()=>require("trial/provider").provider';
    super("pulumi-nodejs:dynamic/trial:Thing", name, { computed: undefined, ...args, __provider }, opts);
  }
}
class Group extends pulumi.ComponentResource {
  constructor(name, args, opts) { super("trial:index:Group", name, args, opts); }
}
class Provider extends pulumi.ProviderResource {
  constructor(name, args, opts) { super("pulumi-nodejs", name, args, opts); }
}
module.exports = { Thing, Group, Provider };
`,
  "node_modules/trial/provider.js": `
const fs = require("node:fs");
const note = (call, data) => fs.appendFileSync(process.env.TRIAL_JOURNAL, JSON.stringify({ call, ...data }) + "\\n");
const world = () => JSON.parse(fs.readFileSync(process.env.TRIAL_WORLD, "utf8"));
const bridge = require("./bridge");
let config, met = [];

async function apply(call, id, inputs) {
  if (inputs.mode === "throw") throw new Error("boom");
  if (inputs.mode === "partial") throw Object.assign(new Error("hidden"), { id, properties: { ...inputs, computed: "half" }, reasons: ["first", "second"] });
  if (inputs.mode === "log") {
    await bridge.log("INFO", "kept for the end", false);
    await bridge.log("INFO", "passing by", true);
    await bridge.log("WARNING", "take care", false);
  }
  if (inputs.mode === "meet") await new Promise((go) => { met.push(go); if (met.length === 2) for (const each of met) each(); });
  if (inputs.mode === "wait") {
    await bridge.log("INFO", "waiting", true);
    await bridge.cancelled;
    throw Object.assign(new Error("hidden"), { id, properties: { ...inputs, computed: "half" }, reasons: ["interrupted"] });
  }
  if (inputs.mode === "hang") { await bridge.log("INFO", "hanging", true); await new Promise((go) => setTimeout(go, 3600000)); }
  return { ...inputs, computed: "made-" + inputs.version + (inputs.mode === "config" ? ":" + config.get("trial:token") : "") };
}

exports.provider = {
  async configure(req) { config = req.config; note("configure", { token: config.get("trial:token") }); },
  async check(olds, news) {
    note("check", { name: news.label, olds, news });
    if (news.version === "explode") throw new Error("boom in check");
    return news.version === "bad" ? { failures: [{ property: "version", reason: "is bad" }] } : { inputs: news };
  },
  async diff(id, olds, news) {
    note("diff", { name: news.label, olds, news });
    if (news.mode === "undecided") return {};
    const replaces = olds.key !== news.key ? ["key"] : [];
    return { changes: replaces.length > 0 || olds.version !== news.version, replaces, deleteBeforeReplace: news.mode === "delete-first" };
  },
  async create(inputs) {
    note("create", { name: inputs.label, inputs, ...bridge.current() });
    if (inputs.mode === "noid") return { id: "", outs: inputs };
    const id = "id-" + inputs.label + "-" + (inputs.key ?? "");
    return { id, outs: await apply("create", id, inputs) };
  },
  async update(id, olds, news) {
    note("update", { name: news.label, olds, news, ...bridge.current() });
    return { outs: await apply("update", id, news) };
  },
  async read(id, props) {
    note("read", { name: props.label });
    const now = world()[props.label];
    if (now === null) return {};
    if (now === undefined) return { id, props };
    const { computed, ...inputs } = props;
    return { id, props: { ...props, version: now, computed: "made-" + now }, inputs: { ...inputs, version: now } };
  },
  async delete(id, props) { note("delete", { name: props.label, id }); },
};
`,
  "node_modules/trial/bridge.js": `
// What the dynamic-provider process does not hand on: which resource a call is for, and that it is cancelled.
const { AsyncLocalStorage } = require("node:async_hooks");
const from = (name) => require(require.resolve(name, { paths: [require.main.filename] }));
const grpc = from("@grpc/grpc-js");
const calls = new AsyncLocalStorage();
let cancel;
exports.cancelled = new Promise((resolve) => { cancel = resolve; });
exports.current = () => calls.getStore() ?? {};
const lookUp = grpc.Server.prototype._retrieveHandler;
const wrapped = new WeakSet();
grpc.Server.prototype._retrieveHandler = function (path) {
  const handler = lookUp.call(this, path);
  if (!handler || wrapped.has(handler)) return handler;
  wrapped.add(handler);
  const { func } = handler;
  handler.func = function (call, done) {
    if (path.endsWith("/Cancel")) cancel();
    const { request } = call;
    const context = { urn: request.getUrn?.() ?? "", timeout: request.getTimeout?.() ?? 0 };
    return calls.run(context, () => func.call(this, call, done));
  };
  return handler;
};
const messages = from("@pulumi/pulumi/proto/engine_pb");
const { EngineClient } = from("@pulumi/pulumi/proto/engine_grpc_pb");
const client = new EngineClient(process.argv.slice(2).find((arg) => !arg.startsWith("-")), grpc.credentials.createInsecure());
exports.log = (severity, message, ephemeral) => new Promise((resolve) => {
  const request = new messages.LogRequest();
  request.setSeverity(messages.LogSeverity[severity]);
  request.setUrn(exports.current().urn ?? "");
  request.setMessage(message);
  request.setEphemeral(ephemeral);
  client.log(request, resolve);
});
`,
};

/** Builds the resources that the environment describes; `@name.property` refers to one built before. */
export const TRIAL_PROGRAM = `
const pulumi = require("@pulumi/pulumi");
const trial = require("trial");
const made = {};
const value = (v) => {
  if (typeof v === "string" && v.startsWith("@")) { const [name, key] = v.slice(1).split("."); return made[name][key]; }
  if (Array.isArray(v)) return v.map(value);
  if (v && typeof v === "object") return "$secret" in v ? pulumi.secret(v.$secret) : all(v);
  return v;
};
const all = (o) => Object.fromEntries(Object.entries(o).map(([k, v]) => [k, value(v)]));
const named = (n) => n && made[n];
for (const { name, kind = "Thing", args = {}, options = {} } of JSON.parse(process.env.TRIAL_RESOURCES)) {
  const { provider, parent, dependsOn, ...rest } = options;
  const opts = { ...rest, provider: named(provider), parent: named(parent), dependsOn: (dependsOn ?? []).map(named) };
  const label = kind === "Thing" ? { label: name } : {};
  made[name] = new trial[kind](name, { ...label, ...all(args) }, opts);
  if (kind === "Group") made[name].registerOutputs({ members: 1 });
  if (kind === "Thing") exports[name] = made[name].computed;
}
const config = new pulumi.Config();
exports.plain = config.get("plain");
exports.hidden = config.getSecret("hidden");
`;
