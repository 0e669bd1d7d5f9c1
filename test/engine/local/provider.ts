import { randomBytes } from "node:crypto";
import * as messages from "@pulumi/pulumi/proto/provider_pb";
import { DiffUnavailable, isUnimplemented, PartialFailure, readFailure, StepError } from "./failure";
import type { Plugin } from "./plugin";
import { unary } from "./protocol";
import { nameOf, typeOf } from "./urn";
import { annotateSecrets, containsUnknowns, type PropertyMap } from "./value";
import { decode, encode } from "./wire";

export interface CheckFailure {
  readonly property: string;
  readonly reason: string;
}

export interface Checked {
  readonly properties: PropertyMap;
  readonly failures: readonly CheckFailure[];
}

export interface Diff {
  readonly changes: "some" | "none" | "unknown";
  readonly replaceKeys: readonly string[];
  readonly changedKeys: readonly string[];
  readonly deleteBeforeReplace: boolean;
}

export interface Live {
  readonly id: string;
  readonly properties: PropertyMap;
}

/** What a provider answered to `Configure`; absent members are false. */
interface Protocol {
  readonly secrets: boolean;
  readonly resources: boolean;
  readonly preview: boolean;
}

interface Subject {
  readonly urn: string;
  readonly id: string;
}

const UNKNOWN_CONFIGURATION =
  "The provider for this resource has inputs that are not known during preview.\n" +
  "This preview may not correctly represent the changes that will be applied during an update.";

const CHANGES = ["unknown", "none", "some"] as const;

/** One configured provider: the engine's side of every call to it (`plugin.provider`). */
export class Provider {
  readonly #plugin: Plugin;
  /** Undefined when the configuration holds unknown values: then the provider is not called at all. */
  #configured: Promise<Protocol | undefined> | undefined;

  constructor(plugin: Plugin) {
    this.#plugin = plugin;
  }

  get #client(): Plugin["client"] {
    return this.#plugin.client;
  }

  cancel(): Promise<void> {
    return this.#plugin.cancel();
  }

  close(): Promise<void> {
    return this.#plugin.close();
  }

  async checkConfig(urn: string, olds: PropertyMap, news: PropertyMap): Promise<Checked> {
    const options = { unknowns: true, secrets: false, resources: false };
    const request = named(new messages.CheckRequest(), urn);
    request.setOlds(encode(olds, options)).setNews(encode(news, options));
    try {
      const response = await unary<messages.CheckResponse>((done) => this.#client.checkConfig(request, done));
      const properties = decode(response.getInputs(), { unknowns: "keep" }) ?? {};
      annotateSecrets(properties, news);
      return { properties, failures: failuresOf(response) };
    } catch (error) {
      if (isUnimplemented(error)) return { properties: news, failures: [] };
      throw readFailure(error);
    }
  }

  async diffConfig(urn: string, oldInputs: PropertyMap, olds: PropertyMap, news: PropertyMap): Promise<Diff> {
    const options = { unknowns: true, secrets: false, resources: false };
    const request = named(new messages.DiffRequest(), urn);
    request.setOldInputs(encode(oldInputs, options)).setOlds(encode(olds, options)).setNews(encode(news, options));
    try {
      return diffOf(await unary<messages.DiffResponse>((done) => this.#client.diffConfig(request, done)));
    } catch (error) {
      if (isUnimplemented(error))
        return { changes: "unknown", replaceKeys: [], changedKeys: [], deleteBeforeReplace: false };
      throw readFailure(error);
    }
  }

  /** Begins to configure; a failure shows when the provider is used. Secrets travel marked. */
  configure(urn: string, id: string, inputs: PropertyMap): void {
    this.#configured = this.#configure(urn, id, inputs);
    this.#configured.catch(() => {});
  }

  async #configure(urn: string, id: string, inputs: PropertyMap): Promise<Protocol | undefined> {
    if (Object.values(inputs).some(containsUnknowns)) return undefined;
    const request = new messages.ConfigureRequest();
    request.setAcceptsecrets(true).setAcceptresources(true);
    request.setSendsOldInputs(true).setSendsOldInputsToDelete(true);
    request.setUrn(urn).setId(id).setName(nameOf(urn)).setType(typeOf(urn));
    request.setArgs(encode(inputs, { unknowns: true, secrets: true, resources: true }));
    try {
      const response = await unary<messages.ConfigureResponse>((done) => this.#client.configure(request, done));
      return {
        secrets: response.getAcceptsecrets(),
        resources: response.getAcceptresources(),
        preview: response.getSupportspreview(),
      };
    } catch (error) {
      throw readFailure(error);
    }
  }

  #protocol(): Promise<Protocol | undefined> {
    if (!this.#configured) throw new Error("a provider was used before it was configured");
    return this.#configured;
  }

  /** For calls that make no sense without a configuration. */
  async #known(): Promise<Protocol> {
    const protocol = await this.#protocol();
    if (!protocol) throw new Error("the provider cannot be called while its configuration is unknown");
    return protocol;
  }

  async check(urn: string, olds: PropertyMap | undefined, news: PropertyMap, preview: boolean): Promise<Checked> {
    const protocol = await this.#protocol();
    if (!protocol) return { properties: news, failures: [] };
    const options = { ...protocol, unknowns: preview };
    const request = named(new messages.CheckRequest(), urn);
    // Unlike elsewhere, no old inputs are sent as an empty struct.
    request.setOlds(encode(olds ?? {}, options)).setNews(encode(news, options));
    request.setRandomseed(randomBytes(32));
    const response = await this.#call<messages.CheckResponse>((done) => this.#client.check(request, done));
    const properties = decode(response.getInputs(), unknowns(preview)) ?? {};
    if (!protocol.secrets) annotateSecrets(properties, news);
    return { properties, failures: failuresOf(response) };
  }

  async diff(
    { urn, id }: Subject,
    old: { readonly inputs: PropertyMap; readonly outputs: PropertyMap },
    news: PropertyMap,
    { preview, ignoreChanges }: { readonly preview: boolean; readonly ignoreChanges: readonly string[] },
  ): Promise<Diff> {
    const protocol = await this.#protocol();
    if (!protocol) throw new DiffUnavailable(UNKNOWN_CONFIGURATION);
    const options = { ...protocol, unknowns: preview };
    const request = named(new messages.DiffRequest(), urn)
      .setId(id)
      .setIgnorechangesList([...ignoreChanges]);
    request.setOldInputs(encode(old.inputs, options)).setOlds(encode(old.outputs, options));
    request.setNews(encode(news, options));
    return diffOf(await this.#call<messages.DiffResponse>((done) => this.#client.diff(request, done)));
  }

  /** In a preview the outputs are the inputs, unless the provider says that it can preview. */
  async create(urn: string, inputs: PropertyMap, timeout: number, preview: boolean): Promise<Live> {
    const protocol = preview ? await this.#protocol() : await this.#known();
    if (!protocol) return { id: "", properties: {} };
    if (preview && !protocol.preview) return { id: "", properties: { ...inputs } };
    const request = named(new messages.CreateRequest(), urn).setTimeout(timeout).setPreview(preview);
    request.setProperties(encode(inputs, { ...protocol, unknowns: preview }));
    try {
      const response = await this.#call<messages.CreateResponse>((done) => this.#client.create(request, done));
      const id = response.getId();
      if (!id && !preview) throw new StepError("unknown", `plugin returned empty resource.ID from create '${urn}'`);
      const properties = decode(response.getProperties(), unknowns(preview)) ?? {};
      if (!protocol.secrets) annotateSecrets(properties, inputs);
      return { id, properties };
    } catch (error) {
      if (error instanceof PartialFailure && !protocol.secrets) annotateSecrets(error.properties, inputs);
      throw error;
    }
  }

  async update(
    { urn, id }: Subject,
    old: { readonly inputs: PropertyMap; readonly outputs: PropertyMap },
    news: PropertyMap,
    { timeout, ignoreChanges, preview }: { timeout: number; ignoreChanges: readonly string[]; preview: boolean },
  ): Promise<PropertyMap> {
    const protocol = preview ? await this.#protocol() : await this.#known();
    if (!protocol) return {};
    if (preview && !protocol.preview) return { ...news };
    const stored = { ...protocol, unknowns: false };
    const request = named(new messages.UpdateRequest(), urn).setId(id).setTimeout(timeout).setPreview(preview);
    request.setIgnorechangesList([...ignoreChanges]);
    request.setOldInputs(encode(old.inputs, stored)).setOlds(encode(old.outputs, stored));
    request.setNews(encode(news, { ...protocol, unknowns: preview }));
    try {
      const response = await this.#call<messages.UpdateResponse>((done) => this.#client.update(request, done));
      const properties = decode(response.getProperties(), unknowns(preview)) ?? {};
      if (!protocol.secrets) annotateSecrets(properties, news);
      return properties;
    } catch (error) {
      if (error instanceof PartialFailure && !protocol.secrets) annotateSecrets(error.properties, news);
      throw error;
    }
  }

  async read(
    { urn, id }: Subject,
    state: { readonly inputs: PropertyMap; readonly outputs: PropertyMap },
    timeout: number,
  ): Promise<{ id: string; inputs: PropertyMap | undefined; outputs: PropertyMap | undefined }> {
    const protocol = await this.#protocol();
    if (!protocol) return { id: "", inputs: {}, outputs: {} };
    const options = { ...protocol, unknowns: false };
    const request = named(new messages.ReadRequest(), urn).setId(id).setTimeout(timeout);
    request.setInputs(encode(state.inputs, options)).setProperties(encode(state.outputs, options));
    const response = await this.#call<messages.ReadResponse>((done) => this.#client.read(request, done));
    const outputs = decode(response.getProperties(), unknowns(false));
    const inputs = decode(response.getInputs(), unknowns(false));
    if (!protocol.secrets) {
      annotateSecrets(inputs, state.inputs);
      annotateSecrets(outputs, state.outputs);
    }
    return { id: response.getId(), inputs, outputs };
  }

  async delete(
    { urn, id }: Subject,
    old: { readonly inputs: PropertyMap; readonly outputs: PropertyMap },
    timeout: number,
  ): Promise<void> {
    const options = { ...(await this.#known()), unknowns: false };
    const request = named(new messages.DeleteRequest(), urn).setId(id).setTimeout(timeout);
    request.setOldInputs(encode(old.inputs, options)).setProperties(encode(old.outputs, options));
    await this.#call((done) => this.#client.delete(request, done));
  }

  /** No deadline: a call may take hours. */
  async #call<R>(send: Parameters<typeof unary<R>>[0]): Promise<R> {
    try {
      return await unary<R>(send);
    } catch (error) {
      throw readFailure(error);
    }
  }
}

function unknowns(preview: boolean): { unknowns: "keep" | "reject" } {
  return { unknowns: preview ? "keep" : "reject" };
}

interface Named<T> {
  setUrn(urn: string): T;
  setName(name: string): T;
  setType(type: string): T;
}

function named<T extends Named<T>>(request: T, urn: string): T {
  return request.setUrn(urn).setName(nameOf(urn)).setType(typeOf(urn));
}

function failuresOf(response: messages.CheckResponse): CheckFailure[] {
  return response
    .getFailuresList()
    .map((failure) => ({ property: failure.getProperty(), reason: failure.getReason() }));
}

function diffOf(response: messages.DiffResponse): Diff {
  return {
    changes: CHANGES[response.getChanges()] ?? "unknown",
    replaceKeys: response.getReplacesList(),
    changedKeys: response.getDiffsList(),
    deleteBeforeReplace: response.getDeletebeforereplace(),
  };
}
