import { describe, expect, it } from "vitest";
import { DynamicProvider } from "../../provider/frontend/dynamic/dynamic-provider";
import { HeldClock } from "../hostile/held-clock";
import { kindsOver } from "../systems";
import { Fleet } from "./fleet";

/** Most requests that one pin may take on average, from behind to current. */
const REQUESTS_EACH = 150;
/** Memory that a thousand pins may hold while they run, simulators and their journals included. */
const MEMORY = 600 << 20;

describe("a thousand pins of all types in one process", () => {
  it("all get there, with one accepted upgrade each", { timeout: 300_000 }, async () => {
    const clock = new HeldClock();
    const fleet = new Fleet(clock);
    fleet.addObshell(50, "database");
    fleet.addObshell(50, "agents");
    fleet.addTaurus(100, 100);
    fleet.addRedis(28, 25);
    expect(fleet.pins).toHaveLength(1_000);
    expect(new Set(fleet.pins.map(({ type }) => type)).size).toBe(6);
    const kinds = kindsOver(fleet.connect);
    let lines = 0;
    const count = () => {
      lines += 1;
    };
    const log = { write: count, flush: async () => undefined };
    const lifecycle = new DynamicProvider({ kinds, log, rhythm: { change: 2_000, repeat: 60_000 }, clock, env: {} });

    let highest = 0;
    const before = process.memoryUsage().rss;
    const watch = setInterval(() => {
      highest = Math.max(highest, process.memoryUsage().rss - before);
    }, 100);
    const inputsOf = ({ type, name, args }: (typeof fleet.pins)[number]) => ({
      ...args,
      __urn: `urn:pulumi:dev::shop::pulumi-nodejs:dynamic/${type}::${name}`,
      __provider: "text",
    });
    const created = await Promise.all(
      fleet.pins.map(async (pin) => {
        try {
          const { id, outs } = await lifecycle.create(inputsOf(pin));
          return { id, outs, status: String(outs["status"]) };
        } catch (error) {
          const { reasons } = error as { readonly reasons?: readonly string[] };
          return { id: "", outs: {}, status: `${pin.type}: ${reasons?.[0] ?? String(error)}` };
        }
      }),
    ).finally(() => clearInterval(watch));

    const statuses = created.map(({ status }) => status);
    expect(statuses.filter((status) => status !== "current").slice(0, 5)).toEqual([]);
    expect(fleet.accepted).toBe(1_000);
    expect(fleet.strangers).toEqual([]);
    expect(fleet.requests / 1_000).toBeLessThan(REQUESTS_EACH);
    expect(highest).toBeLessThan(MEMORY);
    expect(lines).toBeLessThan(200_000);

    // At rest nothing is asked for.
    const asked = fleet.requests;
    for (const [index, pin] of fleet.pins.entries()) {
      const { id = "", outs = {} } = created[index] ?? {};
      expect(await lifecycle.diff(id, outs, inputsOf(pin))).toMatchObject({ changes: false });
    }
    expect(fleet.requests).toBe(asked);
    console.log(`1000 pins: ${asked} requests, ${lines} lines, ${highest >> 20} MB more`);
  });
});
