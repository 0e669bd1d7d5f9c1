import * as pulumi from "@pulumi/pulumi";

/** Credentials for a group of resources. Each part concerns one vendor; all are kept encrypted in the state. */
export interface ProviderArgs {
  readonly oceanbase?: {
    /** Password of root@sys. */
    readonly password?: pulumi.Input<string>;
    /** The agents' own password, where they have one. */
    readonly agentPassword?: pulumi.Input<string>;
  };
  /** For TaurusDB and its StarRocks: an access key, or an IAM user with a password; and where the instances are. */
  readonly huaweicloud?: {
    readonly region?: pulumi.Input<string>;
    readonly projectId?: pulumi.Input<string>;
    /** Address of the service, where it is not the region's. */
    readonly endpoint?: pulumi.Input<string>;
    /** Address of IAM, where it is not the region's. */
    readonly iamEndpoint?: pulumi.Input<string>;
    readonly accessKey?: pulumi.Input<string>;
    readonly secretKey?: pulumi.Input<string>;
    /** Goes with a temporary access key. */
    readonly securityToken?: pulumi.Input<string>;
    readonly userName?: pulumi.Input<string>;
    readonly password?: pulumi.Input<string>;
    /** The account that the IAM user belongs to. */
    readonly domainName?: pulumi.Input<string>;
  };
  /** For Redis Enterprise: a user of the cluster, and where its nodes are. */
  readonly redisenterprise?: {
    readonly username?: pulumi.Input<string>;
    readonly password?: pulumi.Input<string>;
    /** API addresses of the nodes, with commas between them. */
    readonly endpoints?: pulumi.Input<string>;
    /** `"true"` accepts any certificate. */
    readonly allowUntrustedCertificate?: pulumi.Input<string>;
  };
}

/**
 * An explicit provider: resources that name it in their `provider` option take their credentials from it instead of the
 * stack's configuration.
 *
 * @example
 * ```ts
 * const production = new Provider("production", { oceanbase: { password: config.requireSecret("obPassword") } });
 * new oceanbase.ClusterVersion("orders", { endpoints, version: "4.3.5.2" }, { provider: production });
 * ```
 */
export class Provider extends pulumi.ProviderResource {
  constructor(name: string, args: ProviderArgs, options?: pulumi.ResourceOptions) {
    super("pulumi-nodejs", name, settingsOf(args), options);
  }
}

/**
 * `{ oceanbase: { password } }` as `{ "oceanbase:password": secret }`: the keys under which `configure` finds them. What is
 * undefined is not given: programs pass on what their configuration may not have.
 */
function settingsOf(args: ProviderArgs): pulumi.Inputs {
  const settings = Object.entries(args).flatMap(([vendor, values]) =>
    Object.entries(values ?? {}).flatMap(([key, value]) =>
      value === undefined ? [] : [[`${vendor}:${key}`, pulumi.secret(value)] as const],
    ),
  );
  return Object.fromEntries(settings);
}
