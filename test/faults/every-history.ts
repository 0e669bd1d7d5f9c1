import { describe, expect, it } from "vitest";
import { explore } from "./explore";
import { tellFailure } from "./report";
import type { WorldOfType } from "./world";

/** Histories of a type that belong to every run of the tests. `FAULT_HISTORIES` changes it. */
const HISTORIES = Number(process.env["FAULT_HISTORIES"] ?? 40);
const PARTS = 2;
const TIMEOUT = 20 * 60_000;
/** What may still be held after a part more than after its first histories. */
const HEAP = 64 * 2 ** 20;

/** Demands that every rule holds in the histories of the first seeds. */
export function everyHistoryHolds(type: WorldOfType): void {
  describe(`${type.type} through faults, interruptions and lies`, () => {
    const size = Math.ceil(HISTORIES / PARTS);
    it.each(Array.from({ length: PARTS }, (_, part) => 1 + part * size))(
      `holds every rule in the ${size} histories from seed %i on`,
      { timeout: TIMEOUT },
      async (seed) => {
        const { failures, histories, heapGrowth } = await explore(type, { seed, histories: size });
        expect(failures.map((failure) => tellFailure(type.type, failure)).join("\n")).toBe("");
        expect(histories).toBe(size);
        expect(heapGrowth).toBeLessThan(HEAP);
      },
    );
  });
}
