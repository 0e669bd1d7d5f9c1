/**
 * The program of the scenarios: it declares the resources in an environment variable, so that one workspace serves a whole scenario.
 * Plain JavaScript, as any user's program would be after compilation.
 */
export const PROGRAM = `
const { oceanbase, Provider } = require("pulumi-dbversion");
const pulumi = require("@pulumi/pulumi");

const { provider, resources } = JSON.parse(process.env.DECLARED);
const explicit = provider && new Provider("explicit", provider);

const below = {};
for (const { name, type, args, options, component } of resources) {
  const { parent, children } = (component && (below[component] ??= open(component))) ?? {};
  const resource = new oceanbase[type](name, args, { ...options, provider: explicit, parent, dependsOn: [...(children ?? [])] });
  children?.push(resource);
  exports[name] = pulumi.output({
    version: resource.version,
    currentVersion: resource.currentVersion,
    status: resource.status,
    members: resource.members,
  });
}

function open(component) {
  return { parent: new pulumi.ComponentResource("shop:index:Database", component), children: [] };
}
`;

export interface Declared {
  readonly name: string;
  /** Class in `oceanbase`. */
  readonly type: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly options?: Readonly<Record<string, unknown>>;
  /** The component that it belongs to; it depends on the parts declared before it. */
  readonly component?: string;
}
