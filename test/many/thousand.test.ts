import { describe, expect, it } from "vitest";
import { DynamicProvider } from "../../provider/frontend/dynamic/dynamic-provider";
import { HeldClock } from "../hostile/held-clock";
import { kindsOver } from "../systems";
import { Fleet } from "./fleet";

/** Most requests that one pin may take on average, from behind to current. */
const REQUESTS_EACH = 150;
/** Log lines of one pin, at most, on average. */
const LINES_EACH = 200;
/** Memory that all pins may hold while they run, simulators and their journals included. */
const MEMORY = 600 << 20;

/** Resources, and the vendors that they are spread over; TaurusDB's have as many of each of its two types. */
const SIZES = [
  { pins: 100, obshells: 5, instances: 10, clusters: 7, databases: 10, tags: [] },
  { pins: 1_000, obshells: 50, instances: 100, clusters: 28, databases: 25, tags: ["long"] },
];

describe.each(SIZES)(
  "$pins pins of all types in one process",
  ({ pins, obshells, instances, clusters, databases, tags }) => {
    it("all get there, with one accepted upgrade each", { timeout: 300_000, tags }, async () => {
      const clock = new HeldClock();
      const fleet = new Fleet(clock);
      fleet.addObshell(obshells, "database");
      fleet.addObshell(obshells, "agents");
      fleet.addTaurus(instances, instances);
      fleet.addRedis(clusters, databases);
      expect(fleet.pins).toHaveLength(pins);
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
      expect(fleet.accepted).toBe(pins);
      expect(fleet.strangers).toEqual([]);
      expect(fleet.requests / pins).toBeLessThan(REQUESTS_EACH);
      expect(highest).toBeLessThan(MEMORY);
      expect(lines / pins).toBeLessThan(LINES_EACH);

      // At rest nothing is asked for.
      const asked = fleet.requests;
      for (const [index, pin] of fleet.pins.entries()) {
        const { id = "", outs = {} } = created[index] ?? {};
        expect(await lifecycle.diff(id, outs, inputsOf(pin))).toMatchObject({ changes: false });
      }
      expect(fleet.requests).toBe(asked);
      console.log(`${pins} pins: ${asked} requests, ${lines} lines, ${highest >> 20} MB more`);
    });
  },
);
