import { describe, expect, it } from "vitest";
import type { Driver } from "../../provider/core/driver";
import type { Permit } from "../../provider/core/request";
import type { Kinds } from "../../provider/frontend/resource/session";
import { inputsOf } from "../hostile/trial";
import { VirtualClock } from "../support/virtual-clock";
import { kindsOver, RESOURCE_TYPES, type ResourceType } from "../systems";
import { sceneOf } from "../systems/scene";

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
  const events: string[] = [];
  const { vendor, transport, process } = sceneOf(of, new VirtualClock(), (request, genuine) => {
    events.push(of.call.test(request.target) && request.method === "POST" ? "upgrade request" : request.target);
    return genuine(request);
  });
  const kinds = telling(
    kindsOver(() => transport),
    () => events.push("permit"),
  );
  const provider = process({ kinds });
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
