import { describe, expect, it } from "vitest";
import { Turnstile } from "../../provider/http/turnstile";

const never = new AbortController().signal;

/** Work that ends when it is told to, and says when it has begun. */
function work() {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const state = { begun: false };
  return {
    state,
    end: resolve,
    fail: reject,
    do: () => {
      state.begun = true;
      return promise;
    },
  };
}

/** Until all that can happen without time has happened. */
const rest = () => new Promise((resolve) => setImmediate(resolve));

describe("a turnstile", () => {
  it("lets so many through at a time, first come, first served", async () => {
    const turnstile = new Turnstile(2, 60_000);
    const works = [work(), work(), work(), work()];
    const passed = works.map((each) => turnstile.pass(never, each.do));
    const begun = () => works.map(({ state }) => state.begun);
    expect(begun()).toEqual([true, true, false, false]);
    works[1]?.end("b");
    expect(await passed[1]).toBe("b");
    await rest();
    expect(begun()).toEqual([true, true, true, false]);
    works[0]?.fail(new Error("lost"));
    await expect(passed[0]).rejects.toThrow("lost");
    await rest();
    expect(begun()).toEqual([true, true, true, true]);
    works[2]?.end("c");
    works[3]?.end("d");
    expect(await Promise.all(passed.slice(2))).toEqual(["c", "d"]);
    const [last, over] = [work(), work()];
    const both = [turnstile.pass(never, last.do), turnstile.pass(never, over.do)];
    expect([last.state.begun, over.state.begun]).toEqual([true, true]);
    last.end("");
    over.end("");
    await Promise.all(both);
  });

  it("does not wait for what takes long, and counts it only once", async () => {
    const turnstile = new Turnstile(1, 10);
    const [slow, next, third] = [work(), work(), work()];
    const first = turnstile.pass(never, slow.do);
    const second = turnstile.pass(never, async () => {
      const result = next.do();
      next.end("quick");
      return result;
    });
    expect(next.state.begun).toBe(false);
    expect(await second).toBe("quick");
    slow.end("at last");
    expect(await first).toBe("at last");
    const quick = turnstile.pass(never, third.do);
    const waiting = work();
    const queued = turnstile.pass(never, waiting.do);
    await rest();
    expect([third.state.begun, waiting.state.begun]).toEqual([true, false]);
    third.end("");
    waiting.end("");
    await Promise.all([quick, queued]);
  });

  it("turns away who gives up before the turn has come", async () => {
    const turnstile = new Turnstile(1, 60_000);
    const [inside, gone, last] = [work(), work(), work()];
    const first = turnstile.pass(never, inside.do);
    const controller = new AbortController();
    const given = turnstile.pass(controller.signal, gone.do);
    const third = turnstile.pass(never, last.do);
    controller.abort(new Error("enough"));
    await expect(given).rejects.toThrow("enough");
    await expect(turnstile.pass(controller.signal, gone.do)).rejects.toThrow("enough");
    inside.end("");
    await first;
    last.end("");
    await third;
    expect(gone.state.begun).toBe(false);
    expect(last.state.begun).toBe(true);
  });
});
