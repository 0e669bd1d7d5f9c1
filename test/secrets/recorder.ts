import { DynamicProvider } from "../../provider/frontend/dynamic/dynamic-provider";
import type { Transport } from "../../provider/http/transport";
import { kindsOver } from "../systems";
import { type Canary, leaks } from "./canary";
import type { SecretType, SecretWorld } from "./worlds";

/** The sources of a resource's credentials. Config is the stack's configuration or an explicit provider. */
export const PLACEMENTS = ["arguments", "config", "environment"] as const;
export type Placement = (typeof PLACEMENTS)[number];

/** Long enough for an upgrade, and shorter than the default of some vendors. */
const LIMITS = { create: "30m", update: "30m" };

/** A resource with secrets, and a record of all its output that must not contain them. */
export class Recorder {
  readonly world: SecretWorld;
  readonly lifecycle: DynamicProvider;
  readonly inputs: Record<string, unknown>;
  /** The output in order: log lines, errors, reasons, outputs that are not encrypted. */
  readonly output: string[] = [];
  /** The number of responses that repeated the secrets. */
  echoes = 0;
  readonly #canaries: Canary[];

  /** @param through changes the vendor's responses */
  constructor(
    type: SecretType,
    placement: Placement,
    through: (world: SecretWorld, recorder: Recorder) => Transport = ({ send }) => send,
  ) {
    const world = type.open();
    this.world = world;
    this.#canaries = Object.values(world.secrets);
    const transport = through(world, this);
    const { args, config, env } = placed(type, world, placement);
    this.lifecycle = new DynamicProvider({
      kinds: kindsOver(() => transport),
      log: { write: ({ message }) => this.output.push(message), flush: async () => undefined },
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

  /** Adds a secret that was discovered during the run, such as a token. */
  addSecret(name: string, value: string): void {
    if (this.#canaries.some((known) => known.value === value)) return;
    this.#canaries.push({ name, value, mark: value.slice(-24) });
  }

  /** Every secret, with the forms that the vendor derives. */
  get secrets(): readonly string[] {
    return [...this.#canaries.map(({ value }) => value), ...this.world.derived];
  }

  async check(more: Record<string, unknown> = {}): Promise<readonly unknown[]> {
    const news = { ...this.inputs, ...more };
    const { failures = [] } = await this.lifecycle.check({}, news);
    // Pulumi shows the value next to the reason.
    for (const { property, reason } of failures)
      this.output.push(`${property} ${show(news[root(property)])}: ${reason}`);
    return failures;
  }

  async create(more: Record<string, unknown> = {}): Promise<void> {
    await this.#record(async () => (await this.lifecycle.create({ ...this.inputs, ...more })).outs);
  }

  async update(olds: Record<string, unknown>): Promise<void> {
    await this.#record(async () => (await this.lifecycle.update("id", olds, this.inputs)).outs);
  }

  async read(): Promise<void> {
    await this.#record(async () => {
      const { id, props, inputs } = await this.lifecycle.read("id", this.inputs);
      this.output.push(String(id));
      return { ...props, ...inputs };
    });
  }

  async diff(olds: Record<string, unknown>): Promise<void> {
    this.output.push(JSON.stringify(await this.lifecycle.diff("id", olds, this.inputs)));
  }

  async remove(olds: Record<string, unknown>): Promise<void> {
    await this.#record(async () => {
      await this.lifecycle.delete("id", olds);
      return {};
    });
  }

  /** Every secret in the output, with its context. */
  leaks(): string[] {
    return this.output.flatMap((text) => leaks(text, this.#canaries));
  }

  async #record(work: () => Promise<Record<string, unknown>>): Promise<void> {
    try {
      this.output.push(this.#plain(await work()));
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      this.output.push(error.message, String(error.stack));
      if ("reasons" in error) this.output.push(JSON.stringify(error.reasons));
      if ("id" in error) this.output.push(String(error.id));
      if ("properties" in error) this.output.push(this.#plain(Object(error.properties)));
    }
  }

  /** The outputs that are stored in plain text: only the secret arguments of the resource are encrypted. */
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
