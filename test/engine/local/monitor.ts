import { ResourceMonitorService } from "@pulumi/pulumi/proto/resource_grpc_pb";
import * as messages from "@pulumi/pulumi/proto/resource_pb";
import type { ReadGoal } from "./generator";
import { defaultProviderName, type Goal, readGoal, refuseUnsupported } from "./goal";
import { Empty, grpc, RpcError, service } from "./protocol";
import { type OperationRequest, ORGANIZATION } from "./request";
import type { ResourceState } from "./state";
import { formatReference, isProviderType, packageOf, parseReference } from "./urn";
import { downgrade, mapValues, type PropertyMap } from "./value";
import { decode, encode } from "./wire";

/** What the program says, handed to the deployment, which takes one event after the other. */
export interface Source {
  register(goal: Goal): Promise<ResourceState>;
  read(goal: ReadGoal): Promise<ResourceState>;
  registerOutputs(urn: string, outputs: PropertyMap): Promise<void>;
  registerDefaultProvider(pkg: string, name: string, version: string): Promise<ResourceState>;
  /** The program has nothing more to say; resolves when it may exit. */
  finished(): Promise<void>;
}

/** What the real engine has and this one carries out; the SDK says so by itself when a program needs another. */
const FEATURES = {
  secrets: messages.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_SECRETS,
  resourceReferences: messages.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
  outputValues: messages.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_OUTPUT_VALUES,
  aliasSpecs: messages.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
  deletedWith: messages.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
};

/** Serves the resource monitor to the SDK in the program (`deploy.resmon`). */
export class Monitor {
  readonly #request: OperationRequest;
  readonly #source: Source;
  readonly #goals = new Map<string, Goal>();
  /** The `providers` option of components, by URN, for what is in them. */
  readonly #componentProviders = new Map<string, Map<string, string>>();
  readonly #defaultProviders = new Map<string, Promise<string>>();

  constructor(request: OperationRequest, source: Source) {
    this.#request = request;
    this.#source = source;
  }

  service(): import("@grpc/grpc-js").UntypedServiceImplementation {
    return service(ResourceMonitorService, {
      supportsFeature: (request: messages.SupportsFeatureRequest) =>
        new messages.SupportsFeatureResponse().setHassupport(request.getId() in FEATURES),
      getDeploymentInfo: () => this.#deploymentInfo(),
      registerResource: (request: messages.RegisterResourceRequest) => this.#register(request),
      registerResourceOutputs: (request: messages.RegisterResourceOutputsRequest) => this.#registerOutputs(request),
      readResource: (request: messages.ReadResourceRequest) => this.#read(request),
      signalAndWaitForShutdown: async () => {
        await this.#source.finished();
        return new Empty();
      },
      invoke: (request: messages.ResourceInvokeRequest) => refuse(`invoke of '${request.getTok()}'`),
      call: (request: messages.ResourceCallRequest) => refuse(`call of '${request.getTok()}'`),
    });
  }

  #deploymentInfo(): messages.DeploymentInfo {
    const { project, stack, config, secretKeys, kind, parallel } = this.#request;
    const info = new messages.DeploymentInfo().setProject(project).setStack(stack).setOrganization(ORGANIZATION);
    info
      .setConfigsecretkeysList([...secretKeys])
      .setDryrun(kind === "preview")
      .setParallel(parallel);
    info.setSupportedfeaturesList(Object.values(FEATURES));
    for (const [key, value] of Object.entries(config)) info.getConfigMap().set(key, value);
    return info;
  }

  async #register(request: messages.RegisterResourceRequest): Promise<messages.RegisterResourceResponse> {
    refuseUnsupported(request);
    const read = readGoal(request, this.#goals.get(request.getParent()));
    const goal = { ...read, ...(await this.#provide(request, read)) };
    const state = await this.#source.register(goal);
    this.#goals.set(state.urn, goal);
    if (!goal.custom) this.#rememberProviders(state.urn, goal.parent, request);
    // A component's old outputs may refer to what is not registered yet: they come with registerResourceOutputs.
    const outputs = encode(goal.custom ? state.outputs : {}, {
      unknowns: true,
      secrets: request.getAcceptsecrets(),
      resources: request.getAcceptresources(),
    });
    return new messages.RegisterResourceResponse().setUrn(state.urn).setId(state.id).setObject(outputs);
  }

  /** The provider that serves a custom resource; for a provider resource, the version asked for. */
  async #provide(request: messages.RegisterResourceRequest, goal: Goal): Promise<Partial<Goal>> {
    const version = request.getVersion();
    if (isProviderType(goal.type)) return version ? { properties: { ...goal.properties, version } } : {};
    if (!goal.custom) return { provider: "" };
    const pkg = packageOf(goal.type);
    const named =
      goal.provider ||
      request.getProvidersMap().get(pkg) ||
      this.#componentProviders.get(goal.parent)?.get(pkg) ||
      (await this.#defaultProvider(pkg, version));
    return { provider: formatReference(parseReference(named)) };
  }

  #defaultProvider(pkg: string, version: string): Promise<string> {
    const key = `${pkg}@${version}`;
    const known = this.#defaultProviders.get(key);
    if (known) return known;
    const name = defaultProviderName(version);
    const registered = this.#source.registerDefaultProvider(pkg, name, version).then(formatReference);
    this.#defaultProviders.set(key, registered);
    return registered;
  }

  #rememberProviders(urn: string, parent: string, request: messages.RegisterResourceRequest): void {
    const providers = new Map(this.#componentProviders.get(parent));
    request.getProvidersMap().forEach((reference, pkg) => void providers.set(pkg, reference));
    this.#componentProviders.set(urn, providers);
  }

  async #registerOutputs(request: messages.RegisterResourceOutputsRequest): Promise<InstanceType<typeof Empty>> {
    const outputs = decode(request.getOutputs(), { unknowns: "keep" }) ?? {};
    await this.#source.registerOutputs(request.getUrn(), mapValues(outputs, downgrade));
    return new Empty();
  }

  async #read(request: messages.ReadResourceRequest): Promise<messages.ReadResourceResponse> {
    const type = request.getType();
    if (request.getPackageref() || request.getPlugindownloadurl()) refuse("packageRef and pluginDownloadURL of a read");
    const properties = decode(request.getProperties(), { unknowns: "keep" }) ?? {};
    const state = await this.#source.read({
      type,
      name: request.getName(),
      id: request.getId(),
      parent: request.getParent(),
      provider: request.getProvider() || (await this.#defaultProvider(packageOf(type), request.getVersion())),
      properties: mapValues(properties, downgrade),
      dependencies: request.getDependenciesList(),
      additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
    });
    const outputs = encode(state.outputs, {
      unknowns: true,
      secrets: request.getAcceptsecrets(),
      resources: request.getAcceptresources(),
    });
    return new messages.ReadResourceResponse().setUrn(state.urn).setProperties(outputs);
  }
}

function refuse(what: string): never {
  throw new RpcError(grpc.status.UNIMPLEMENTED, `the local engine does not support ${what}`);
}
