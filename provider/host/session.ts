import type { CommonArguments } from "../core/arguments";
import { type Clock, wallClock } from "../core/clock";
import type { PinKind } from "../core/kind";
import type { Observation, Pin } from "../core/pin";
import { redactor } from "../core/redact";
import type { Runtime } from "../core/runtime";
import { currentCall } from "./bridge";
import { type ConfigReader, fillCredentials } from "./credentials";
import type { EngineLog } from "./engine-log";
import { plainFailure } from "./failure";
import { type Limits, limits } from "./limits";
import { argumentsOf, type Properties, typeOfUrn, UNKNOWN, URN } from "./properties";
import { type Rhythm, reporter } from "./reporter";
import { type CheckFailure, validateArguments } from "./validation";

/** Resource type (`oceanbase:ClusterVersion`) to its pin kind, loaded when first used. */
export type Kinds = Readonly<Record<string, () => Promise<PinKind>>>;

/** What the process gives to every session. */
export interface Surroundings {
  readonly kinds: Kinds;
  readonly log: EngineLog;
  readonly rhythm: Rhythm;
  readonly clock?: Clock;
  readonly env?: NodeJS.ProcessEnv;
}

/** One resource in one call of the engine: its kind, its arguments, and how its news is told. */
export interface Session {
  readonly kind: PinKind;
  readonly urn: string | undefined;
  /** Absent when they are invalid, or not known yet at preview. */
  readonly args?: CommonArguments;
  readonly failures: CheckFailure[];
  readonly news: Pick<Runtime, "report" | "inform" | "warn">;
  readonly redact: (text: string) => string;
}

/** @throws Error when the properties are of no type that this package has */
export async function openSession(
  properties: Properties,
  config: ConfigReader,
  { kinds, log, rhythm, clock = wallClock, env = process.env }: Surroundings,
): Promise<Session> {
  const urn = urnOf(properties);
  const type = typeOfUrn(urn ?? "") ?? "";
  const load = kinds[type];
  if (load === undefined) throw plainFailure(`pulumi-dbversion has no resource type ${type || "without a name"}`);
  const kind = await load();
  const raw = fillCredentials(argumentsOf(properties), kind.credentials, config, env);
  const { args, failures } = validateArguments(kind.inputs, raw, kind.secrets);
  const secrets = kind.secrets.map((name) => raw[name]).filter((value) => typeof value === "string");
  const redact = redactor(secrets);
  const news = reporter({ log, urn, clock, rhythm, redact });
  return { kind, urn, failures, news, redact, ...(args === undefined ? {} : { args }) };
}

/** The engine's own URN where the call tells it; the hidden input can be from before a rename. */
export function urnOf(properties: Properties): string | undefined {
  const hidden = properties[URN];
  return currentCall()?.urn ?? (typeof hidden === "string" && hidden !== UNKNOWN ? hidden : undefined);
}

/** Opens the pin of a session for one run, and closes it and its limits whatever happens. */
export async function withPin<T>(
  session: Session,
  clock: Clock,
  limit: number,
  use: (pin: Pin<Observation>, runtime: Runtime) => Promise<T>,
): Promise<T> {
  if (session.args === undefined) {
    throw plainFailure(session.failures.map(({ property, reason }) => `${property} ${reason}`).join("; "));
  }
  const bounds: Limits = limits(clock, limit);
  const runtime: Runtime = { clock, signal: bounds.signal, random: Math.random, ...session.news };
  const pin = session.kind.open(session.args, runtime);
  try {
    return await use(pin, runtime);
  } finally {
    bounds.release();
    await pin.close();
  }
}
