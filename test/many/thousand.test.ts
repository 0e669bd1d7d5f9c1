import { describe, expect, it } from "vitest";
import { DynamicProvider } from "../../provider/frontend/dynamic/dynamic-provider";
import { HeldClock } from "../hostile/held-clock";
import { kindsOver } from "../systems";
import { Fleet } from "./fleet";

/** Maximum average number of requests of one resource, from outdated to up to date. */
const REQUESTS_EACH = 150;
/** Maximum average number of log lines of one resource. */
const LINES_EACH = 200;
/** Maximum memory of all resources during the run, simulators and their journals included. */
const MEMORY = 600 << 20;

/** Resources, and the vendors that they are distributed over; TaurusDB has the same number of both of its types. */
const SIZES = [
  { count: 100, obshells: 5, instances: 10, clusters: 7, databases: 10, tags: [] },
  { count: 1_000, obshells: 50, instances: 100, clusters: 28, databases: 25, tags: ["long"] },
];

describe.each(SIZES)(
  "$count resources of all types in one process",
  ({ count, obshells, instances, clusters, databases, tags }) => {
    it("all reach their target version with one accepted upgrade each", { timeout: 300_000, tags }, async () => {
      const clock = new HeldClock();
      const fleet = new Fleet(clock);
      fleet.addObshell(obshells, "database");
      fleet.addObshell(obshells, "agents");
      fleet.addTaurus(instances, instances);
      fleet.addRedis(clusters, databases);
      expect(fleet.resources).toHaveLength(count);
      expect(new Set(fleet.resources.map(({ type }) => type)).size).toBe(6);
      const kinds = kindsOver(fleet.connect);
      let lines = 0;
      const countLine = () => {
        lines += 1;
      };
      const log = { write: countLine, flush: async () => undefined };
      const lifecycle = new DynamicProvider({ kinds, log, rhythm: { change: 2_000, repeat: 60_000 }, clock, env: {} });

      let highest = 0;
      const before = process.memoryUsage().rss;
      const watch = setInterval(() => {
        highest = Math.max(highest, process.memoryUsage().rss - before);
      }, 100);
      const inputsOf = ({ type, name, args }: (typeof fleet.resources)[number]) => ({
        ...args,
        __urn: `urn:pulumi:dev::shop::pulumi-nodejs:dynamic/${type}::${name}`,
        __provider: "text",
      });
      const created = await Promise.all(
        fleet.resources.map(async (resource) => {
          try {
            const { id, outs } = await lifecycle.create(inputsOf(resource));
            return { id, outs, status: String(outs["status"]) };
          } catch (error) {
            const { reasons } = error as { readonly reasons?: readonly string[] };
            return { id: "", outs: {}, status: `${resource.type}: ${reasons?.[0] ?? String(error)}` };
          }
        }),
      ).finally(() => clearInterval(watch));

      const statuses = created.map(({ status }) => status);
      expect(statuses.filter((status) => status !== "current").slice(0, 5)).toEqual([]);
      expect(fleet.accepted).toBe(count);
      expect(fleet.rejectedCredentials).toEqual([]);
      expect(fleet.requests / count).toBeLessThan(REQUESTS_EACH);
      expect(highest).toBeLessThan(MEMORY);
      expect(lines / count).toBeLessThan(LINES_EACH);

      // Settled resources send no requests.
      const requests = fleet.requests;
      for (const [index, resource] of fleet.resources.entries()) {
        const { id = "", outs = {} } = created[index] ?? {};
        expect(await lifecycle.diff(id, outs, inputsOf(resource))).toMatchObject({ changes: false });
      }
      expect(fleet.requests).toBe(requests);
      console.log(`${count} resources: ${requests} requests, ${lines} lines, ${highest >> 20} MB more`);
    });
  },
);
