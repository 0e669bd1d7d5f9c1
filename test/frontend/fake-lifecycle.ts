import { DynamicProvider } from "../../provider/frontend/dynamic/dynamic-provider";
import type { LogLine } from "../../provider/frontend/resource/log";
import { VirtualClock } from "../support/virtual-clock";
import { type FakeWorld, fakeKind } from "./fake-kind";

export const URN = "urn:pulumi:dev::shop::pulumi-nodejs:dynamic/fake:Version::orders";

/** A lifecycle with one fictitious server, whose state is set by the test, and a virtual clock. */
export function stage(change: Partial<FakeWorld> = {}, env: NodeJS.ProcessEnv = {}) {
  const { kind, world } = fakeKind();
  Object.assign(world, change);
  const clock = new VirtualClock();
  const lines: LogLine[] = [];
  let loads = 0;
  const lifecycle = new DynamicProvider({
    kinds: {
      "fake:Version": async () => {
        loads += 1;
        return kind;
      },
    },
    log: { write: (line) => lines.push(line), flush: async () => undefined },
    rhythm: { change: 0, repeat: 60_000 },
    clock,
    env,
  });
  return {
    lifecycle,
    world,
    clock,
    lines,
    /** How often the kind was loaded. */
    loaded: () => loads,
    /** Inputs as the engine sends them, with target version 2.0. */
    inputs: (args: Record<string, unknown> = {}): Record<string, unknown> => ({
      version: "2.0",
      __provider: "text",
      __urn: URN,
      ...args,
    }),
    /** `WARNING text` of every permanent message. */
    messages: () => lines.filter((line) => !line.ephemeral).map((line) => `${line.severity} ${line.message}`),
  };
}

/** A stage whose upgrades may be held: its vendor has no maintenance window. */
export function heldStage(change: Partial<FakeWorld> = {}) {
  return stage({ schedules: false, ...change });
}

/** The plan to approve from a check or a held resource, by unit. */
export function plansOf(properties: Record<string, unknown>): Record<string, Record<string, string>> {
  // As the provider writes it.
  return properties["__plan"] as Record<string, Record<string, string>>;
}
