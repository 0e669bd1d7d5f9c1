import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EventQueue } from "./queue";

describe("the event queue", () => {
  it("gives out events by time, and in order where times are equal", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20 })), (times) => {
        const queue = new EventQueue();
        const events = times.map((at, seq) => ({ at, seq, database: 1 }));
        for (const event of events) queue.push(event);
        const taken = events.map(() => queue.pop());
        expect(taken).toEqual([...events].sort((a, b) => a.at - b.at || a.seq - b.seq));
        expect([queue.peek(), queue.pop()]).toEqual([undefined, undefined]);
      }),
    );
  });
});
