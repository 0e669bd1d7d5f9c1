import { isDeepStrictEqual } from "node:util";
import type { dynamic } from "@pulumi/pulumi";
import { DynamicProvider } from "../../provider/frontend/dynamic/dynamic-provider";
import { argumentsOf } from "../../provider/frontend/resource/properties";
import { rememberedUpgrade } from "../../provider/frontend/resource/state";

type Values = Readonly<Record<string, unknown>>;

/** A resource in the state of the engine. */
export interface Stored {
  readonly id: string;
  readonly inputs: Values;
  readonly outputs: Values;
}

/**
 * What is wrong with stored values as input, as sentences: everything that is stored has to pass `check` and `diff`, unchanged,
 * also when `ignoreChanges` mixes it with what the program has. Asks no vendor.
 * @param written the program's inputs
 */
export async function faultsOfStored(lifecycle: DynamicProvider, stored: Stored, written: Values): Promise<string[]> {
  const faults: string[] = [];
  for (const [what, news] of inputsFrom(serialized(stored), serialized(written))) {
    const { inputs, failures = [] } = await lifecycle.check(news, news);
    for (const { property, reason } of failures) faults.push(`${what}: ${property} ${reason}`);
    // Each check adds the plan of a resource with approvals again.
    const { __plan: _, ...kept } = Object(inputs);
    const { __plan: __, ...given } = news;
    if (!isDeepStrictEqual(kept, given)) faults.push(`${what}: check changes it`);
    const { changes, replaces = [] } = await lifecycle.diff(stored.id, settled(stored.outputs), news);
    if (replaces.length > 0) faults.push(`${what}: replaces ${replaces.join(", ")}`);
    const same = isDeepStrictEqual(targetOf(news), targetOf(stored.outputs));
    if (changes === same) faults.push(`${what}: diff says ${changes}`);
  }
  const { lastUpgrade } = stored.outputs;
  const remembered = rememberedUpgrade(stored.outputs);
  if (!isDeepStrictEqual(remembered, lastUpgrade))
    faults.push(`the record: ${JSON.stringify({ lastUpgrade, remembered })}`);
  return faults;
}

/** Arguments that only determine when an upgrade may begin cause no changes by themselves. */
const CHANGES = ["windows", "blackouts", "freeze", "expect", "approval", "backup", "onHeld"];

function targetOf(properties: Values): Values {
  return Object.fromEntries(Object.entries(argumentsOf(properties)).filter(([name]) => !CHANGES.includes(name)));
}

/** The value as the engine receives it. */
function serialized<T>(value: T): T {
  return JSON.parse(JSON.stringify(value));
}

/** All values that may come back as inputs. */
function inputsFrom({ inputs, outputs }: Stored, written: Values): (readonly [string, Values])[] {
  const differing = Object.keys({ ...written, ...inputs }).filter(
    (name) => !isDeepStrictEqual(written[name], inputs[name]),
  );
  return [
    ["the stored inputs", inputs],
    ["the arguments among the outputs", { ...hidden(written), ...argumentsOf(outputs) }],
    ...differing.map((name) => [`with ${name} ignored`, ignoring(name, written, inputs)] as const),
  ];
}

/** What the engine sends when one property is ignored. */
function ignoring(name: string, written: Values, inputs: Values): Values {
  const { [name]: _, ...others } = written;
  return inputs[name] === undefined ? others : { ...others, [name]: inputs[name] };
}

function hidden(inputs: Values): Values {
  return Object.fromEntries(Object.entries(inputs).filter(([name]) => name.startsWith("__")));
}

/** Outputs for which `diff` sends no request. */
function settled({ __drifted: _, lastUpgrade: __, ...outputs }: Values): Values {
  return { ...outputs, status: "current" };
}

/** A lifecycle that checks everything that it stores as input, so that every test with a rig verifies this rule. */
export class FedBackLifecycle extends DynamicProvider {
  override async create(inputs: Values): ReturnType<DynamicProvider["create"]> {
    const result = await super.create(inputs).catch((error: unknown) => this.#judgeFailure(error, inputs));
    await this.#judge({ id: result.id, inputs, outputs: result.outs }, inputs);
    return result;
  }

  override async update(id: string, olds: Values, news: Values): ReturnType<DynamicProvider["update"]> {
    const result = await super.update(id, olds, news).catch((error: unknown) => this.#judgeFailure(error, news));
    await this.#judge({ id, inputs: news, outputs: result.outs }, news);
    return result;
  }

  override async read(id: string, properties: Values): Promise<dynamic.ReadResult> {
    const result = await super.read(id, properties);
    // If nothing could be read, the state does not change.
    if (result.inputs !== undefined)
      await this.#judge({ id, inputs: result.inputs, outputs: result.props }, properties);
    return result;
  }

  async #judgeFailure(error: unknown, inputs: Values): Promise<never> {
    if (error instanceof Error && "properties" in error && "id" in error) {
      await this.#judge({ id: String(error.id), inputs, outputs: Object(error.properties) }, inputs);
    }
    throw error;
  }

  async #judge(stored: Stored, before: Values): Promise<void> {
    const written = { ...hidden(stored.inputs), ...argumentsOf(before) };
    const faults = await faultsOfStored(this, stored, written);
    if (faults.length > 0) throw new Error(`what is stored is not valid as input: ${faults.join("; ")}`);
  }
}
