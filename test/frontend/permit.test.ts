import { describe, expect, it } from "vitest";
import type { Driver } from "../../provider/core/driver";
import type { Permit } from "../../provider/core/request";
import { DynamicProvider } from "../../provider/frontend/dynamic/dynamic-provider";
import type { Kinds } from "../../provider/frontend/resource/session";
import type { Transport } from "../../provider/http/transport";
import { inputsOf } from "../hostile/trial";
import { createTransport } from "../simulators";
import { simulatedTransport } from "../support/simulated-transport";
import { VirtualClock } from "../support/virtual-clock";
import { kindsOver, RESOURCE_TYPES, type ResourceType } from "../systems";

/** Kinds whose drivers get a permit that tells when it is asked. */
function telling(kinds: Kinds, asked: () => void): Kinds {
  const told = (permit: Permit) => () => {
    asked();
    permit();
  };
  return Object.fromEntries(
    Object.entries(kinds).map(([type, load]) => [
      type,
      async () => {
        const kind = await load();
        return { ...kind, open: (...given: Parameters<typeof kind.open>) => watched(kind.open(...given), told) };
      },
    ]),
  );
}

function watched(driver: Driver, told: (permit: Permit) => Permit): Driver {
  return new Proxy(driver, {
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key, target);
      if (key === "start") {
        const start: Driver["start"] = (request, seen, permit) => target.start(request, seen, told(permit));
        return start;
      }
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** What one upgrade did, in order. */
async function course(of: ResourceType): Promise<string[]> {
  const clock = new VirtualClock();
  const vendor = of.make(clock);
  const genuine = simulatedTransport(createTransport(vendor.system, { sleep: (ms) => clock.sleep(ms) }));
  const events: string[] = [];
  const transport: Transport = {
    send: async (request) => {
      events.push(of.call.test(request.target) && request.method === "POST" ? "upgrade request" : request.target);
      return genuine.send(request);
    },
    close: async () => undefined,
  };
  const provider = new DynamicProvider({
    kinds: telling(
      kindsOver(() => transport),
      () => events.push("permit"),
    ),
    log: { write: () => undefined, flush: async () => undefined },
    rhythm: { change: 0, repeat: 60_000 },
    clock,
    env: {},
  });
  const { outs } = await provider.create(inputsOf(vendor));
  expect(outs["status"]).toBe("current");
  return events;
}

describe.each(RESOURCE_TYPES)("$type", (of) => {
  it("asks immediately before an upgrade request leaves whether it may", async () => {
    const events = await course(of);
    const before = events.flatMap((event, at) => (event === "upgrade request" ? [events[at - 1]] : []));
    expect(before).toEqual(["permit"]);
  });
});
