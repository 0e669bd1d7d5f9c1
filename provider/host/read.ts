import type { dynamic } from "@pulumi/pulumi";
import type { Clock } from "../core/clock";
import { describePlan } from "../core/describe";
import { asPinError, PinError } from "../core/errors";
import type { Status } from "../core/outcome";
import type { Observation, Plan } from "../core/pin";
import { goesOn, see } from "../core/run";
import { newerNote } from "../core/sentences";
import { plainFailure, textOf } from "./failure";
import { argumentsOf, DRIFTED, hiddenOf, type Properties } from "./properties";
import { type Session, withPin } from "./session";
import { outputsOf, rememberedUpgrade } from "./state";
import { toWire } from "./wire";

/** How long a refresh may look at one system, in milliseconds. */
const BUDGET = 30_000;

/** What a plan says about the state of what runs. */
const STATUS: Record<Exclude<Plan["kind"], "unknown">, Status> = {
  satisfied: "current",
  newer: "newer",
  join: "upgrading",
  deferred: "deferred",
  withdraw: "behind",
  failed: "failed",
  wait: "behind",
  upgrade: "behind",
};

/** Errors that mean "not known just now": the state keeps what it had. Everything else is told as an error. */
const KEEP = new Set(["unreachable", "deadline", "interrupted", "engine-gone"]);

/**
 * What runs now, for a refresh. While the pin holds, the inputs come back as written. Where it does not, they come back
 * with what was observed, so that the next preview shows `~ version: "4.2.1.8" => "4.3.5.2"`.
 */
export async function readBack(
  session: Session,
  clock: Clock,
  id: string,
  properties: Properties,
): Promise<dynamic.ReadResult> {
  if (session.args === undefined) {
    session.news.warn("its stored arguments are not valid in this version of the package; the state was left as it is");
    return { id, props: properties };
  }
  try {
    return await withPin(session, clock, BUDGET, async (driver) => {
      const { title } = driver;
      const { observation, plan } = await see(driver);
      if (plan.kind === "unknown") throw new PinError("unreachable", `${title}: ${plan.reason}`);
      if (plan.kind === "newer" && session.args?.onNewer !== "accept") session.news.warn(newerNote(title, plan));
      if (plan.kind === "failed") session.news.warn(describePlan(plan));
      const holds = plan.kind === "satisfied" || plan.kind === "newer";
      const open = holds && goesOn(driver, rememberedUpgrade(properties));
      return result(session, id, properties, observation, open ? "join" : plan.kind);
    });
  } catch (thrown) {
    const error = asPinError(thrown);
    const reason = session.redact(error.code === "unreachable" ? error.message : textOf(error));
    if (!KEEP.has(error.code)) throw plainFailure(reason);
    session.news.warn(`could not be read, the state was left as it is: ${reason}`);
    return { id, props: properties };
  }
}

function result(
  { kind, args }: Session,
  id: string,
  properties: Properties,
  observation: Observation,
  plan: keyof typeof STATUS,
): dynamic.ReadResult {
  const outputs = outputsOf(kind, properties, { status: STATUS[plan], observation }, properties);
  const expected = plan === "deferred" || (plan === "newer" && args?.onNewer === "accept");
  const observed = args === undefined || expected ? undefined : kind.drifted(args, observation);
  return {
    id,
    props: toWire(observed === undefined ? outputs : { ...outputs, [DRIFTED]: true }),
    inputs: toWire({ ...hiddenOf(properties), ...argumentsOf(properties), ...observed }),
  };
}
