import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Random } from "../simulators";
import { explore, replay } from "./explore";
import type { History } from "./history";
import { installIdealRsa } from "./ideal-rsa";
import { type Mutant, mutated } from "./mutants";
import { formatFailure } from "./report";
import { Timeline } from "./timeline";
import type { WorldOfType } from "./world";
import { WORLDS } from "./worlds";

/** Histories that once broke a rule. */
const FOUND: Readonly<Record<string, History>> = {
  "the second read was damaged and showed only one of two outdated modules": {
    type: "redisenterprise:ModuleVersions",
    seed: 771282,
    scene: 1398902593,
    runs: [
      {
        op: "up",
        gap: 0,
        faults: [{ at: "request", nth: 13, effect: { kind: "damaged", damage: "version", pick: 506972866, span: 1 } }],
      },
    ],
  },
  "a window closed while an allowed request waited for another agent": {
    type: "oceanbase:AgentVersion",
    seed: 50000201,
    scene: 832250367,
    start: 1793448000000,
    runs: [
      { op: "refresh", gap: 45514, faults: [] },
      {
        op: "up",
        rules: { window: { opensIn: -1, lasts: 2, zone: "Asia/Kolkata" }, approval: "right" },
        gap: 3829,
        faults: [{ at: "request", nth: 18, effect: { kind: "slow", ms: 31027, span: 1 } }],
      },
    ],
  },
  "an agent got another key while its previous key was being read": {
    type: "oceanbase:ClusterVersion",
    seed: 99007251,
    scene: 731870083,
    runs: [
      {
        op: "up",
        gap: 0,
        faults: [
          {
            at: "request",
            nth: 38,
            effect: { kind: "vendor", event: "agent gets another key", parameter: 0.3795862572733313, delay: 0 },
          },
          { at: "write", nth: 1, effect: { kind: "no-response", processed: true, span: 1 } },
          {
            at: "write",
            nth: 1,
            effect: { kind: "vendor", event: "agent gets another key", parameter: 0.1765879108570516, delay: 0 },
          },
        ],
      },
    ],
  },
  "an upgrade request became visible only after the next run had read twice": {
    type: "taurusdb:StarRocksVersion",
    seed: 2902332,
    scene: 291033532,
    runs: [
      { op: "up", gap: 0, faults: [{ at: "write", nth: 1, effect: { kind: "kill", when: "before", delay: 759 } }] },
      {
        op: "up",
        gap: 0,
        faults: [
          { at: "request", nth: 1, effect: { kind: "refused", span: 1 } },
          { at: "request", nth: 16, effect: { kind: "reset", processed: false, span: 1 } },
        ],
      },
    ],
  },
};

function worldOf(type: string): WorldOfType {
  return WORLDS.find((world) => world.type === type) ?? expect.fail(type);
}

/** How many milliseconds late a request of a killed run may be accepted so that the next run must detect it. */
function latest({ make }: WorldOfType): number {
  const { spacing, visibilityDelay } = make(new Timeline(), new Random(1));
  return spacing - visibilityDelay;
}

let restore: (() => void) | undefined;
beforeAll(() => {
  restore = installIdealRsa();
});
afterAll(() => restore?.());

/** The number of histories per type in the tests. `FAULT_HISTORIES` changes it. */
const HISTORIES = Number(process.env["FAULT_HISTORIES"] ?? 40);
/** The maximum growth of the heap, in bytes. */
const HEAP = 64 * 2 ** 20;

describe.each(WORLDS)("$type with faults, interruptions and false responses", (world) => {
  it(`breaks no rule in ${HISTORIES} histories`, { timeout: 60_000 + 1_000 * HISTORIES }, async () => {
    const { failures, histories, heapGrowth } = await explore(world, { seed: 1, histories: HISTORIES });
    expect(failures.map((failure) => formatFailure(world.type, failure)).join("\n")).toBe("");
    expect(histories).toBe(HISTORIES);
    expect(heapGrowth).toBeLessThan(HEAP);
  });
});

describe("a history that once broke a rule", () => {
  it.each(Object.entries(FOUND))("breaks no rule: %s", async (_, history) => {
    const { violation, log } = await replay(history, worldOf(history.type));
    expect(violation, log.join("\n")).toBeUndefined();
  });
});

/** Failures after the vendor accepted an upgrade, which must not change its result. */
const DISTURBANCES: Readonly<Record<string, Mutant>> = {
  "an unexpected exception instead of the response": {
    breaks: [],
    transport: ({ send }) => ({
      send: async (request) => {
        const response = await send(request);
        if (request.method === "POST" && UPGRADE_REQUEST.test(request.target))
          throw new TypeError("x is not a function");
        return response;
      },
    }),
  },
  "connections that cannot be closed": {
    breaks: [],
    transport: () => ({ close: () => Promise.reject(new TypeError("x is not a function")) }),
  },
  "an exception while the outputs are computed": {
    breaks: [],
    kind: () => ({
      outputs: () => {
        throw new TypeError("x is not a function");
      },
    }),
  },
};
const UPGRADE_REQUEST = /\/upgrade$|\/db-upgrade$/;

describe.each(WORLDS.map((world) => [world.type, world] as const))("an upgrade of %s", (type, world) => {
  it.each(Object.entries(DISTURBANCES))("survives %s", async (_, disturbance) => {
    for (let scene = 1; scene <= 3; scene++) {
      const history = { type, seed: scene, scene, runs: [{ op: "up", gap: 0, faults: [] }] } as const;
      const { violation, log } = await replay(history, mutated(world, disturbance));
      expect(violation, log.join("\n")).toBeUndefined();
    }
  });

  it("requested by a killed run is detected by the next run, however late the request arrives", async () => {
    const delays = Array.from({ length: 12 }, (_, nth) => 5 + 10 * nth);
    for (const ms of [...delays, 0.3 * latest(world), latest(world)]) {
      const kill = { at: "write", nth: 1, effect: { kind: "kill", when: "before", delay: 1 } } as const;
      const late = { at: "write", nth: 1, effect: { kind: "delayed", ms, span: 1 } } as const;
      const runs = [
        { op: "up", gap: 0, faults: [kill, late] },
        { op: "up", gap: 0, faults: [] },
      ] as const;
      const { violation, log } = await replay({ type, seed: 1, scene: 1, runs }, world);
      expect(violation, `${ms} ms late\n${log.join("\n")}`).toBeUndefined();
    }
  });
});
