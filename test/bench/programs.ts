/** Programs that declare many pins, or what stands in for them. Plain JavaScript, as a user's program after compilation. */

/** What every resource of a program is given; `PINS` of them are declared. */
const COMMON = `
const pulumi = require("@pulumi/pulumi");
const args = JSON.parse(process.env.ARGS);
const secret = ({ password, ...values }) =>
  password === undefined ? values : { ...values, password: pulumi.secret(password) };
// Outputs are on a resource only where its inputs name them.
const observed = {
  currentVersion: undefined, members: undefined, status: undefined, lastUpgrade: undefined, heldBy: undefined,
};
const declare = (make) => {
  for (let i = 0; i < Number(process.env.PINS); i++) make("pin" + i);
};
`;

/** A provider as one writes it into a program. Everything that it needs is in it: none could be captured in less. */
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
  /** The least that a dynamic resource with the same arguments and outputs can be: a constant text, and nothing happens. */
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
  /** The same without outputs besides its arguments: a program pays the SDK for each one that it can read. */
  mute: `${COMMON}
const __provider = 'exports.handler=()=>({create:async(outs)=>({id:"mute",outs})})';
class Mute extends pulumi.CustomResource {
  constructor(name, values) {
    super("pulumi-nodejs:dynamic/bench:Mute", name, { ...secret(values), __provider });
  }
}
declare((name) => new Mute(name, args));
`,
  /** `pulumi.dynamic.Resource` as its documentation shows it, with one provider for all resources. */
  capturedOnce: `${COMMON}
const provider = ${OWN_LOGIC};
class Captured extends pulumi.dynamic.Resource {
  constructor(name, values) {
    super(provider, name, { ...observed, ...secret(values) });
  }
}
declare((name) => new Captured(name, args));
`,
  /** The same with a provider made in each constructor. */
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
