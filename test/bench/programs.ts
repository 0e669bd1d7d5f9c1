/** Programs that declare many resources of this package or of a baseline, in JavaScript, like a compiled program. */

/** The common part of all programs, which declare `RESOURCES` resources. */
const COMMON = `
const pulumi = require("@pulumi/pulumi");
const args = JSON.parse(process.env.ARGS);
const secret = ({ password, ...values }) =>
  password === undefined ? values : { ...values, password: pulumi.secret(password) };
// A resource has an output only if its inputs name it.
const observed = {
  currentVersion: undefined, members: undefined, status: undefined, lastUpgrade: undefined, heldBy: undefined,
};
const declare = (make) => {
  for (let i = 0; i < Number(process.env.RESOURCES); i++) make("res" + i);
};
`;

/** A small provider in a program. It refers to nothing outside, so that little has to be captured. */
const OWN_LOGIC = `{
  async check(_olds, news) {
    return { inputs: news, failures: [] };
  },
  async diff(_id, olds, news) {
    return { changes: ["endpoints", "version", "release"].some((key) => String(olds[key]) !== String(news[key])) };
  },
  async create(inputs) {
    const seen = { currentVersion: inputs.version, members: { "127.0.0.1:2882": inputs.version }, status: "current" };
    return { id: inputs.endpoints[0], outs: { ...inputs, ...seen } };
  },
}`;

export const VARIANTS = {
  /** This package. */
  ours: `${COMMON}
const { oceanbase } = require("pulumi-dbversion");
declare((name) => new oceanbase.ClusterVersion(name, args));
`,
  /** The minimal dynamic resource with the same arguments and outputs: a constant string without logic. */
  bare: `${COMMON}
const seen = 'currentVersion:inputs.version,members:{"127.0.0.1:2882":inputs.version},status:"current"';
const __provider = "exports.handler=()=>({create:async(inputs)=>({id:'bare',outs:{...inputs," + seen + "}})})";
class Bare extends pulumi.CustomResource {
  constructor(name, values) {
    super("pulumi-nodejs:dynamic/bench:Bare", name, { ...observed, ...secret(values), __provider });
  }
}
declare((name) => new Bare(name, args));
`,
  /** The same without additional outputs, because the SDK has costs for each output. */
  withoutOutputs: `${COMMON}
const __provider = 'exports.handler=()=>({create:async(outs)=>({id:"none",outs})})';
class WithoutOutputs extends pulumi.CustomResource {
  constructor(name, values) {
    super("pulumi-nodejs:dynamic/bench:NoOutputs", name, { ...secret(values), __provider });
  }
}
declare((name) => new WithoutOutputs(name, args));
`,
  /** `pulumi.dynamic.Resource` as in its documentation, with one provider for all resources. */
  capturedOnce: `${COMMON}
const provider = ${OWN_LOGIC};
class Captured extends pulumi.dynamic.Resource {
  constructor(name, values) {
    super(provider, name, { ...observed, ...secret(values) });
  }
}
declare((name) => new Captured(name, args));
`,
  /** The same with a provider that is created in each constructor. */
  capturedEach: `${COMMON}
class Captured extends pulumi.dynamic.Resource {
  constructor(name, values) {
    super(${OWN_LOGIC}, name, { ...observed, ...secret(values) });
  }
}
declare((name) => new Captured(name, args));
`,
} as const;

export type Variant = keyof typeof VARIANTS;
