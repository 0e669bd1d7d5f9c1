import * as pulumi from "@pulumi/pulumi";
import { suggestion } from "../provider/base/closest";

/**
 * Credentials for a group of resources. Each part concerns one vendor, `dbversion` all of them. All are kept encrypted in the
 * state.
 */
export interface ProviderArgs {
  readonly oceanbase?: {
    // generated: settings of provider/oceanbase/arguments.ts
    /** Password of root@sys. */
    readonly password?: pulumi.Input<string>;
    /** The agents' own password, used with agents that have one set (obshell 4.2.6.0 and later). */
    readonly agentPassword?: pulumi.Input<string>;
    // end
  };
  /** For TaurusDB and its StarRocks: an access key, or an IAM user with a password; and where the instances are. */
  readonly huaweicloud?: {
    // generated: settings of provider/taurusdb/arguments.ts
    /** The region of the instances. */
    readonly region?: pulumi.Input<string>;
    /** The project of the instances, 32 letters and digits. */
    readonly projectId?: pulumi.Input<string>;
    /**
     * Address of the service, for regions that this package does not know and for networks with an endpoint of their
     * own.
     */
    readonly endpoint?: pulumi.Input<string>;
    /** Address of IAM, which provides the project id and tokens. */
    readonly iamEndpoint?: pulumi.Input<string>;
    /** Access key (AK). */
    readonly accessKey?: pulumi.Input<string>;
    /** Secret key (SK) of the access key. */
    readonly secretKey?: pulumi.Input<string>;
    /** Token of a temporary access key. */
    readonly securityToken?: pulumi.Input<string>;
    /** An IAM user, instead of an access key. */
    readonly userName?: pulumi.Input<string>;
    /** Password of the IAM user. */
    readonly password?: pulumi.Input<string>;
    /** The account that the IAM user belongs to. */
    readonly domainName?: pulumi.Input<string>;
    // end
  };
  /** For Redis Enterprise: a user of the cluster, and where its nodes are. */
  readonly redisenterprise?: {
    // generated: settings of provider/redisenterprise/arguments.ts
    /** API addresses of the cluster's nodes, with commas between them. */
    readonly endpoints?: pulumi.Input<string>;
    /** E-mail of a user with the role db_member, cluster_member or admin. */
    readonly username?: pulumi.Input<string>;
    /** Password of the user. */
    readonly password?: pulumi.Input<string>;
    /** Accept any certificate: `"true"` or `"false"`. */
    readonly allowUntrustedCertificate?: pulumi.Input<string>;
    // end
  };
  readonly dbversion?: {
    // generated: settings of provider/frontend/resource/stack-settings.ts
    /** Periods in which no upgrade may begin, as JSON, for resources without `blackouts` of their own. */
    readonly blackouts?: pulumi.Input<string>;
    /** The reason why no upgrade may begin now: no upgrade request is sent in the whole stack. */
    readonly freeze?: pulumi.Input<string>;
    /**
     * What previews and refreshes do when a system cannot be read, for resources without `onUnreachable` of their own:
     * "warn" or "fail".
     */
    readonly onUnreachable?: pulumi.Input<string>;
    /**
     * The HTTP proxy for all requests, such as `http://user:password@proxy.example.com:3128`; an empty string for none.
     */
    readonly proxy?: pulumi.Input<string>;
    /** When upgrades may begin, as JSON, for resources without `windows` of their own. */
    readonly windows?: pulumi.Input<string>;
    // end
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
    super("pulumi-nodejs", name, { ...settingsOf(name, args), ...stackRules(args.dbversion) }, options);
  }
}

/**
 * Rules of the stack also apply to resources with an explicit provider: a freeze in addition to that of the provider,
 * windows and blackouts where it has none.
 */
function stackRules({ freeze, windows, blackouts }: NonNullable<ProviderArgs["dbversion"]> = {}): pulumi.Inputs {
  const stack = new pulumi.Config("dbversion");
  const rules = {
    freeze: joined(freeze, stack.get("freeze")),
    windows: windows ?? stack.get("windows"),
    blackouts: blackouts ?? stack.get("blackouts"),
  };
  return Object.fromEntries(given(rules).map(([key, value]) => [`dbversion:${key}`, pulumi.secret(value)]));
}

type Freeze = NonNullable<ProviderArgs["dbversion"]>["freeze"];

function joined(own: Freeze, stack: string | undefined): Freeze {
  if (!stack) return own;
  return pulumi.output(own).apply((text) => (text ? `${text}; ${stack}` : stack));
}

type Vendor = keyof ProviderArgs;

/** Every known setting: no compiler checks programs in JavaScript. */
const SETTINGS: Readonly<Record<Vendor, readonly string[]>> = {
  // generated: settings
  oceanbase: ["password", "agentPassword"],
  huaweicloud: [
    "region",
    "projectId",
    "endpoint",
    "iamEndpoint",
    "accessKey",
    "secretKey",
    "securityToken",
    "userName",
    "password",
    "domainName",
  ],
  redisenterprise: ["endpoints", "username", "password", "allowUntrustedCertificate"],
  dbversion: ["blackouts", "freeze", "onUnreachable", "proxy", "windows"],
  // end
};

/**
 * `{ oceanbase: { password } }` as `{ "oceanbase:password": secret }`: the keys under which `configure` finds them. What is
 * undefined is omitted: programs pass on optional configuration values.
 * @throws pulumi.RunError for an unknown setting: it would be silently ignored, and other credentials would be used
 */
function settingsOf(name: string, args: ProviderArgs): pulumi.Inputs {
  const refuse = (problem: string) => new pulumi.RunError(`Provider "${name}": ${problem}`);
  const settings = given(args).flatMap(([vendor, values]) => {
    const known = isVendor(vendor) ? SETTINGS[vendor] : undefined;
    if (known === undefined) throw refuse(`${vendor} is not a vendor; ${suggestion(vendor, Object.keys(SETTINGS))}`);
    if (!isTable(values)) throw refuse(`${vendor} must be an object with ${known.join(", ")}`);
    return given(values).map(([key, value]) => {
      if (!known.includes(key)) throw refuse(`${vendor}.${key} is not a setting; ${suggestion(key, known)}`);
      const text = (found: unknown) => {
        if (found === null || found === undefined || typeof found === "string") return found;
        throw refuse(
          `${vendor}.${key} must be a string, not ${Array.isArray(found) ? "a list" : `of type ${typeof found}`}`,
        );
      };
      const isLater = pulumi.Output.isInstance(value) || value instanceof Promise;
      return [`${vendor}:${key}`, pulumi.secret(isLater ? pulumi.output(value).apply(text) : text(value))] as const;
    });
  });
  return Object.fromEntries(settings);
}

function given(values: object): [string, unknown][] {
  return Object.entries(values).filter(([, value]) => value !== undefined && value !== null);
}

function isVendor(name: string): name is Vendor {
  return Object.hasOwn(SETTINGS, name);
}

/** A table without promises: the keys of a later one could not be checked in time. */
function isTable(value: unknown): value is object {
  return (
    typeof value === "object" &&
    !Array.isArray(value) &&
    !pulumi.Output.isInstance(value) &&
    !(value instanceof Promise)
  );
}
