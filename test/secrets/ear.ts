import { DynamicProvider } from "../../provider/frontend/dynamic/dynamic-provider";
import type { Transport } from "../../provider/http/transport";
import { kindsOver } from "../systems";
import { type Canary, leaks } from "./canary";
import type { SecretType, SecretWorld } from "./worlds";

/** Where the credentials of a pin stand. Config is the stack's configuration and an explicit provider alike. */
export const PLACEMENTS = ["arguments", "config", "environment"] as const;
export type Placement = (typeof PLACEMENTS)[number];

/** Enough for an upgrade; some vendors are waited for much longer. */
const LIMITS = { create: "30m", update: "30m" };

/** A pin of a world, and all that anybody hears of it who may not know its secrets. */
export class Ear {
  readonly world: SecretWorld;
  readonly lifecycle: DynamicProvider;
  readonly inputs: Record<string, unknown>;
  /** What was heard, in order: log lines, errors, reasons, outputs that are not encrypted. */
  readonly heard: string[] = [];
  /** How often the vendor repeated what it was told in place of its answer. */
  echoes = 0;
  readonly #canaries: Canary[];

  /** @param through changes what the vendor answers */
  constructor(
    type: SecretType,
    placement: Placement,
    through: (world: SecretWorld, ear: Ear) => Transport = ({ send }) => send,
  ) {
    const world = type.open();
    this.world = world;
    this.#canaries = Object.values(world.secrets);
    const transport = through(world, this);
    const { args, config, env } = placed(type, world, placement);
    this.lifecycle = new DynamicProvider({
      kinds: kindsOver(() => transport),
      log: { write: ({ message }) => this.heard.push(message), flush: async () => undefined },
      rhythm: { change: 0, repeat: 0 },
      clock: world.clock,
      env,
      random: () => 0.5,
      onCancel: () => () => undefined,
    });
    void this.lifecycle.configure({ config: { get: (key) => config[key] } });
    const __urn = `urn:pulumi:dev::shop::pulumi-nodejs:dynamic/${type.type}::orders`;
    this.inputs = { ...world.args, unreachableTimeout: "30s", ...args, __timeouts: LIMITS, __provider: "text", __urn };
  }

  /** A secret that came up on the way: a token. */
  learn(name: string, value: string): void {
    if (this.#canaries.some((known) => known.value === value)) return;
    this.#canaries.push({ name, value, mark: value.slice(-24) });
  }

  /** Every secret, with the forms of the vendor's own making. */
  get secrets(): readonly string[] {
    return [...this.#canaries.map(({ value }) => value), ...this.world.derived];
  }

  async check(more: Record<string, unknown> = {}): Promise<readonly unknown[]> {
    const news = { ...this.inputs, ...more };
    const { failures = [] } = await this.lifecycle.check({}, news);
    // Pulumi shows the value beside the reason.
    for (const { property, reason } of failures)
      this.heard.push(`${property} ${show(news[root(property)])}: ${reason}`);
    return failures;
  }

  async create(more: Record<string, unknown> = {}): Promise<void> {
    await this.#listen(async () => (await this.lifecycle.create({ ...this.inputs, ...more })).outs);
  }

  async update(olds: Record<string, unknown>): Promise<void> {
    await this.#listen(async () => (await this.lifecycle.update("id", olds, this.inputs)).outs);
  }

  async read(): Promise<void> {
    await this.#listen(async () => {
      const { id, props, inputs } = await this.lifecycle.read("id", this.inputs);
      this.heard.push(String(id));
      return { ...props, ...inputs };
    });
  }

  async diff(olds: Record<string, unknown>): Promise<void> {
    this.heard.push(JSON.stringify(await this.lifecycle.diff("id", olds, this.inputs)));
  }

  async remove(olds: Record<string, unknown>): Promise<void> {
    await this.#listen(async () => {
      await this.lifecycle.delete("id", olds);
      return {};
    });
  }

  /** Secrets that were heard, each time. */
  leaks(): string[] {
    return this.heard.flatMap((text) => leaks(text, this.#canaries));
  }

  async #listen(work: () => Promise<Record<string, unknown>>): Promise<void> {
    try {
      this.heard.push(this.#plain(await work()));
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      this.heard.push(error.message, String(error.stack));
      if ("reasons" in error) this.heard.push(JSON.stringify(error.reasons));
      if ("id" in error) this.heard.push(String(error.id));
      if ("properties" in error) this.heard.push(this.#plain(Object(error.properties)));
    }
  }

  /** What of the outputs is stored in plain text: the resource marks its secret arguments, and nothing else. */
  #plain(outputs: Record<string, unknown>): string {
    const plain = Object.entries(outputs).filter(([key]) => !(key in this.world.secrets && key in this.inputs));
    return JSON.stringify(Object.fromEntries(plain));
  }
}

function placed({ places }: SecretType, { secrets, beside }: SecretWorld, placement: Placement) {
  const args: Record<string, unknown> = { ...beside };
  const config: Record<string, string> = {};
  const env: Record<string, string> = {};
  for (const [argument, { value }] of Object.entries(secrets)) {
    const place = places[argument];
    if (placement === "config" && place?.config !== undefined) config[place.config] = value;
    else if (placement === "environment" && place?.env !== undefined) env[place.env] = value;
    else args[argument] = value;
  }
  return { args, config, env };
}

function root(property: string): string {
  return property.split(".")[0] ?? "";
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? "";
}
