import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Random } from "../simulators";
import { explore, replay } from "./explore";
import type { History } from "./history";
import { installIdealRsa } from "./ideal-rsa";
import { type Mutant, mutated } from "./mutants";
import { tellFailure } from "./report";
import { Timeline } from "./timeline";
import type { WorldOfType } from "./world";
import { WORLDS } from "./worlds";

/** Histories that broke a rule once. */
const FOUND: Readonly<Record<string, History>> = {
  "a second look was damaged, and showed only one of two modules behind": {
    type: "redisenterprise:ModuleVersions",
    seed: 771282,
    scene: 1398902593,
    runs: [
      {
        op: "up",
        gap: 0,
        faults: [{ at: "request", nth: 13, harm: { kind: "damaged", damage: "version", pick: 506972866, span: 1 } }],
      },
    ],
  },
  "a window closed while a request that was allowed waited for another agent": {
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
        faults: [{ at: "request", nth: 18, harm: { kind: "slow", ms: 31027, span: 1 } }],
      },
    ],
  },
  "an agent got another key a second time, while the first one was asked for again": {
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
            harm: { kind: "vendor", trouble: "agent gets another key", dial: 0.3795862572733313, delay: 0 },
          },
          { at: "write", nth: 1, harm: { kind: "silence", processed: true, span: 1 } },
          {
            at: "write",
            nth: 1,
            harm: { kind: "vendor", trouble: "agent gets another key", dial: 0.1765879108570516, delay: 0 },
          },
        ],
      },
    ],
  },
  "a call showed only after the next run had looked twice": {
    type: "taurusdb:StarRocksVersion",
    seed: 2902332,
    scene: 291033532,
    runs: [
      { op: "up", gap: 0, faults: [{ at: "write", nth: 1, harm: { kind: "kill", when: "before", delay: 759 } }] },
      {
        op: "up",
        gap: 0,
        faults: [
          { at: "request", nth: 1, harm: { kind: "refused", span: 1 } },
          { at: "request", nth: 16, harm: { kind: "reset", processed: false, span: 1 } },
        ],
      },
    ],
  },
};

function worldOf(type: string): WorldOfType {
  return WORLDS.find((world) => world.type === type) ?? expect.fail(type);
}

/** How late, in milliseconds, a call of a killed run may be accepted, so that the next run has to know of it. */
function latest({ make }: WorldOfType): number {
  const { spacing, lag } = make(new Timeline(), new Random(1));
  return spacing - lag;
}

let restore: (() => void) | undefined;
beforeAll(() => {
  restore = installIdealRsa();
});
afterAll(() => restore?.());

/** Histories of a type that belong to every run of the tests. `FAULT_HISTORIES` changes it. */
const HISTORIES = Number(process.env["FAULT_HISTORIES"] ?? 40);
/** What may still be held after them more than after the first ones, in bytes. */
const HEAP = 64 * 2 ** 20;

describe.each(WORLDS)("$type through faults, interruptions and lies", (world) => {
  it(`holds every rule in ${HISTORIES} histories`, { timeout: 60_000 + 1_000 * HISTORIES }, async () => {
    const { failures, histories, heapGrowth } = await explore(world, { seed: 1, histories: HISTORIES });
    expect(failures.map((failure) => tellFailure(world.type, failure)).join("\n")).toBe("");
    expect(histories).toBe(HISTORIES);
    expect(heapGrowth).toBeLessThan(HEAP);
  });
});

describe("a history that broke a rule once", () => {
  it.each(Object.entries(FOUND))("breaks none: %s", async (_, history) => {
    const { violation, story } = await replay(history, worldOf(history.type));
    expect(violation, story.join("\n")).toBeUndefined();
  });
});

/** What may fail beside an upgrade that the vendor has accepted, and must not change what becomes of it. */
const DISTURBANCES: Readonly<Record<string, Mutant>> = {
  "an exception of an unknown kind in the place of the answer": {
    breaks: [],
    transport: ({ send }) => ({
      send: async (request) => {
        const response = await send(request);
        if (request.method === "POST" && CALL.test(request.target)) throw new TypeError("x is not a function");
        return response;
      },
    }),
  },
  "connections that cannot be closed": {
    breaks: [],
    transport: () => ({ close: () => Promise.reject(new TypeError("x is not a function")) }),
  },
  "outputs that cannot be made": {
    breaks: [],
    kind: () => ({
      outputs: () => {
        throw new TypeError("x is not a function");
      },
    }),
  },
};
const CALL = /\/upgrade$|\/db-upgrade$/;

describe.each(WORLDS.map((world) => [world.type, world] as const))("an upgrade of %s", (type, world) => {
  it.each(Object.entries(DISTURBANCES))("survives %s", async (_, disturbance) => {
    for (let scene = 1; scene <= 3; scene++) {
      const history = { type, seed: scene, scene, runs: [{ op: "up", gap: 0, faults: [] }] } as const;
      const { violation, story } = await replay(history, mutated(world, disturbance));
      expect(violation, story.join("\n")).toBeUndefined();
    }
  });

  it("that a killed run has sent is found by the next one, however late it arrives", async () => {
    const soon = Array.from({ length: 12 }, (_, nth) => 5 + 10 * nth);
    for (const ms of [...soon, 0.3 * latest(world), latest(world)]) {
      const kill = { at: "write", nth: 1, harm: { kind: "kill", when: "before", delay: 1 } } as const;
      const late = { at: "write", nth: 1, harm: { kind: "delayed", ms, span: 1 } } as const;
      const runs = [
        { op: "up", gap: 0, faults: [kill, late] },
        { op: "up", gap: 0, faults: [] },
      ] as const;
      const { violation, story } = await replay({ type, seed: 1, scene: 1, runs }, world);
      expect(violation, `${ms} ms late\n${story.join("\n")}`).toBeUndefined();
    }
  });
});
