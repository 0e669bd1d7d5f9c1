import { randomUUID } from "node:crypto";
import type { Checked, Diff, Provider } from "./provider";
import type { ResourceState } from "./state";
import { formatReference, type ProviderReference } from "./urn";
import { type PropertyMap, sameMaps } from "./value";

/** The id of a provider resource in a preview that creates it. */
const UNKNOWN_ID = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/**
 * The providers of one operation, each in a process of its own, and the CRUD of provider resources
 * (`providers.Registry`): a check starts a process, what follows configures it.
 */
export class Registry {
  readonly #load: (urn: string) => Promise<Provider>;
  readonly #all = new Set<Provider>();
  /** Started by a check, not configured yet. */
  readonly #unconfigured = new Map<string, Provider>();
  readonly #byReference = new Map<string, Provider>();
  readonly #aliases = new Map<string, string>();

  constructor(load: (urn: string) => Promise<Provider>) {
    this.#load = load;
  }

  get(reference: string): Provider {
    const provider = this.#byReference.get(reference);
    if (!provider) throw new Error(`unknown provider '${reference}'`);
    return provider;
  }

  has(reference: string): boolean {
    return this.#byReference.has(reference);
  }

  async check(urn: string, olds: PropertyMap, news: PropertyMap): Promise<Checked> {
    const provider = await this.#start(urn);
    const checked = await provider.checkConfig(urn, olds, news);
    if (checked.failures.length === 0) this.#unconfigured.set(urn, provider);
    return checked;
  }

  /** A provider that cannot tell is compared by its configuration: old outputs with new inputs. */
  async diff(old: ResourceState, news: PropertyMap): Promise<Diff> {
    const provider = this.#unconfigured.get(old.urn) ?? this.get(formatReference(old));
    const diff = await provider.diffConfig(old.urn, old.inputs, old.outputs, news);
    if (diff.changes !== "unknown") return diff;
    return { ...diff, changes: sameMaps(old.outputs, news) ? "none" : "some" };
  }

  /** Uses a provider as the state has it: unchanged in the program, or without a program. */
  async same(state: ResourceState): Promise<void> {
    const reference = formatReference(state);
    if (this.has(reference)) return;
    const provider = this.#take(state.urn) ?? (await this.#start(state.urn));
    provider.configure(state.urn, state.id, state.inputs);
    this.#set(state, provider);
  }

  async create(urn: string, inputs: PropertyMap, preview: boolean): Promise<{ id: string; properties: PropertyMap }> {
    const provider = this.#take(urn) ?? (await this.#start(urn));
    const id = preview ? UNKNOWN_ID : randomUUID();
    provider.configure(urn, id, inputs);
    this.#set({ urn, id }, provider);
    return { id, properties: { ...inputs } };
  }

  /** The new configuration gets a new process; the one of the old configuration, if there is one, is ended. */
  async update({ urn, id }: ProviderReference, inputs: PropertyMap): Promise<PropertyMap> {
    const provider = this.#take(urn);
    if (!provider) throw new Error(`'Check' and 'Diff' must be called before 'Update' (${urn})`);
    provider.configure(urn, id, inputs);
    const reference = formatReference({ urn, id });
    const replaced = this.#byReference.get(reference);
    this.#set({ urn, id }, provider);
    if (replaced && replaced !== provider) await this.#end(replaced);
    return { ...inputs };
  }

  async delete(reference: ProviderReference): Promise<void> {
    const key = formatReference(reference);
    const provider = this.#byReference.get(key);
    this.#byReference.delete(key);
    if (provider) await this.#end(provider);
  }

  /** Resources in the state still refer to a renamed provider by its old URN. */
  alias(urn: string, alias: string): void {
    this.#aliases.set(urn, alias);
  }

  async cancel(): Promise<void> {
    await Promise.all([...this.#all].map((provider) => provider.cancel()));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#all].map((provider) => provider.close()));
  }

  async #start(urn: string): Promise<Provider> {
    const provider = await this.#load(urn);
    this.#all.add(provider);
    return provider;
  }

  async #end(provider: Provider): Promise<void> {
    this.#all.delete(provider);
    await provider.close();
  }

  #set({ urn, id }: ProviderReference, provider: Provider): void {
    this.#byReference.set(formatReference({ urn, id }), provider);
    const alias = this.#aliases.get(urn);
    if (alias !== undefined) this.#byReference.set(formatReference({ urn: alias, id }), provider);
  }

  #take(urn: string): Provider | undefined {
    const provider = this.#unconfigured.get(urn);
    this.#unconfigured.delete(urn);
    return provider;
  }
}
