/** The program of every stack: it declares the resources of an environment variable. */
export const PROGRAM = `
const dbversion = require("pulumi-dbversion");
const pulumi = require("@pulumi/pulumi");

for (const { name, type, component, customTimeouts, args } of JSON.parse(process.env.DECLARED)) {
  const [vendor, kind] = type.split(".");
  const parent = component && new pulumi.ComponentResource("shop:index:Database", component);
  new dbversion[vendor][kind](name, args, { parent, customTimeouts });
}
`;
