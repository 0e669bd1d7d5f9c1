import { describe, expect, it } from "vitest";
import { SingleFlight } from "../../provider/huaweicloud/shared-read";

function open<T>() {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  let end: AbortSignal | undefined;
  const flight = new SingleFlight<T>((signal) => {
    end = signal;
    return promise;
  });
  return { flight, resolve, reject, ended: () => end?.aborted };
}

describe("work for everybody who waits", () => {
  it("goes on while one of them is left, and ends at the very moment at which the last one leaves", async () => {
    const { flight, ended } = open<string>();
    const [first, last] = [new AbortController(), new AbortController()];
    const waits = [flight.for(first.signal), flight.for(last.signal)].map((wait) => wait.catch(String));
    first.abort("one");
    expect([ended(), flight.abandoned]).toEqual([false, false]);
    last.abort("two");
    expect([ended(), flight.abandoned]).toEqual([true, true]);
    expect(await Promise.all(waits)).toEqual(["one", "two"]);
  });

  it("gives all of them what came of it", async () => {
    const { flight, resolve, ended } = open<string>();
    const leaver = new AbortController();
    const waits = [flight.for(leaver.signal), flight.for(new AbortController().signal)];
    resolve("done");
    expect(await Promise.all(waits)).toEqual(["done", "done"]);
    leaver.abort();
    expect(ended()).toBe(false);
  });

  it("is not waited for by one who has gone", async () => {
    const { flight, reject, ended } = open<string>();
    await expect(flight.for(AbortSignal.abort(new Error("gone")))).rejects.toThrow("gone");
    expect(ended()).toBe(false);
    reject(new Error("failed"));
    await expect(flight.for(new AbortController().signal)).rejects.toThrow("failed");
  });
});
