import type { Alias as AliasMessage } from "@pulumi/pulumi/proto/alias_pb";
import type { RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb";
import { grpc, RpcError } from "./protocol";
import { type CustomTimeouts, NO_TIMEOUTS } from "./state";
import { packageOf, parseReference, providerPackage, typeOf } from "./urn";
import { dependenciesOf, downgrade, mapValues, type PropertyMap } from "./value";
import { decode } from "./wire";

/** What the program wants a resource to be (`resource.Goal`). */
export interface Goal {
  readonly type: string;
  readonly name: string;
  readonly custom: boolean;
  readonly properties: PropertyMap;
  readonly parent: string;
  readonly protect: boolean | undefined;
  readonly dependencies: readonly string[];
  readonly provider: string;
  readonly propertyDependencies: Readonly<Record<string, string[]>>;
  readonly deleteBeforeReplace: boolean | undefined;
  readonly ignoreChanges: readonly string[];
  readonly additionalSecretOutputs: readonly string[];
  readonly aliases: readonly Alias[];
  readonly customTimeouts: CustomTimeouts;
  readonly replaceOnChanges: readonly string[];
  readonly retainOnDelete: boolean | undefined;
  readonly deletedWith: string;
}

/** Either a whole URN or the parts in which the old one differed. */
export type Alias =
  | { readonly urn: string }
  | {
      readonly name: string;
      readonly type: string;
      readonly stack: string;
      readonly project: string;
      readonly parent: string;
      readonly noParent: boolean;
    };

/** Options that this engine does not carry out: each is refused by its name, none is passed over. */
const UNSUPPORTED: readonly [string, (request: RegisterResourceRequest) => boolean][] = [
  ["import", (request) => request.getImportid() !== ""],
  ["remote", (request) => request.getRemote()],
  ["transforms", (request) => request.getTransformsList().length > 0],
  ["hooks", (request) => Object.values(request.getHooks()?.toObject() ?? {}).some((names) => names.length > 0)],
  ["replaceWith", (request) => request.getReplaceWithList().length > 0],
  ["replacementTrigger", (request) => request.hasReplacementTrigger()],
  ["hideDiffs", (request) => request.getHidediffsList().length > 0],
  ["pluginDownloadURL", (request) => request.getPlugindownloadurl() !== ""],
  ["packageRef", (request) => request.getPackageref() !== ""],
  ["envVarMappings", (request) => (request.getEnvvarmappingsMap?.().getLength() ?? 0) > 0],
  ["stateMigrations", (request) => (request.getStateMigrationsList?.().length ?? 0) > 0],
];

export function refuseUnsupported(request: RegisterResourceRequest): void {
  const found = UNSUPPORTED.filter(([, isUsed]) => isUsed(request)).map(([option]) => option);
  if (found.length > 0) {
    throw new RpcError(
      grpc.status.UNIMPLEMENTED,
      `the local engine does not support ${found.join(", ")} (resource '${request.getName()}')`,
    );
  }
}

/** Reads a registration, with what it inherits from its parent; `provider` is filled in by the caller. */
export function readGoal(request: RegisterResourceRequest, parent: Goal | undefined): Goal {
  const wire = decode(request.getObject(), { unknowns: "keep" }) ?? {};
  const dependencies = request.getDependenciesList();
  return {
    type: request.getType(),
    name: request.getName(),
    custom: request.getCustom(),
    properties: mapValues(wire, downgrade),
    parent: request.getParent(),
    protect: request.hasProtect() ? request.getProtect() : parent?.protect,
    dependencies,
    provider: request.getProvider() || inheritedProvider(request, parent),
    propertyDependencies: propertyDependencies(request, wire),
    deleteBeforeReplace:
      request.getDeletebeforereplacedefined() || request.getDeletebeforereplace()
        ? request.getDeletebeforereplace()
        : undefined,
    ignoreChanges: request.getIgnorechangesList(),
    additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
    aliases: [
      ...request.getAliasurnsList().map((urn) => ({ urn })),
      ...request.getAliasesList().map((alias) => readAlias(alias)),
    ],
    customTimeouts: readTimeouts(request.getCustomtimeouts()),
    replaceOnChanges: request.getReplaceonchangesList(),
    retainOnDelete: request.hasRetainondelete() ? request.getRetainondelete() : parent?.retainOnDelete,
    deletedWith: request.getDeletedwith() || (parent?.deletedWith ?? ""),
  };
}

/** A parent's provider is inherited by components, and by resources of the provider's package. */
function inheritedProvider(request: RegisterResourceRequest, parent: Goal | undefined): string {
  if (!parent?.provider) return "";
  const pkg = providerPackage(typeOf(parseReference(parent.provider).urn));
  return !request.getCustom() || pkg === packageOf(request.getType()) ? parent.provider : "";
}

/** A request that names no dependency per property makes each property depend on all of them. */
function propertyDependencies(request: RegisterResourceRequest, properties: PropertyMap): Record<string, string[]> {
  const named = request.getPropertydependenciesMap();
  const byKey = new Map<string, Set<string>>();
  if (named.getLength() === 0) {
    for (const key of Object.keys(properties)) byKey.set(key, new Set(request.getDependenciesList()));
  } else named.forEach((urns, key) => void byKey.set(key, new Set(urns.getUrnsList())));
  for (const [key, value] of Object.entries(properties)) {
    const urns = byKey.get(key) ?? new Set();
    dependenciesOf(value, urns);
    byKey.set(key, urns);
  }
  return Object.fromEntries([...byKey].map(([key, urns]) => [key, [...urns]]));
}

function readAlias(message: AliasMessage): Alias {
  const spec = message.getSpec();
  if (!spec) return { urn: message.getUrn() };
  return {
    name: spec.getName(),
    type: spec.getType(),
    stack: spec.getStack(),
    project: spec.getProject(),
    parent: spec.getParenturn(),
    noParent: spec.getNoparent(),
  };
}

function readTimeouts(message: RegisterResourceRequest.CustomTimeouts | undefined): CustomTimeouts {
  if (!message) return NO_TIMEOUTS;
  return {
    create: seconds(message.getCreate()),
    update: seconds(message.getUpdate()),
    delete: seconds(message.getDelete()),
    read: seconds(message.getRead()),
  };
}

const UNITS: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1, ms: 1e-3, us: 1e-6, µs: 1e-6, ns: 1e-9 };

/** A Go duration (`time.ParseDuration`), such as "1h30m", in seconds. */
function seconds(text: string): number {
  if (!text) return 0;
  const parts = [...text.matchAll(/(\d+(?:\.\d*)?|\.\d+)(h|ms|us|µs|ns|m|s)/g)];
  if (parts.map(([part]) => part).join("") !== text)
    throw new RpcError(grpc.status.UNKNOWN, `unable to parse customTimeout value ${text}`);
  return parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (UNITS[unit ?? ""] ?? 0), 0);
}

/** The provider resource a custom resource gets when it names none: one per package and version. */
export function defaultProviderName(version: string): string {
  return version ? `default_${version.replace(/[.+-]/g, "_")}` : "default";
}
