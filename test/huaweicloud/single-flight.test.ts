import { describe, expect, it } from "vitest";
import { Joint } from "../../provider/huaweicloud/single-flight";

function open<T>() {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  let end: AbortSignal | undefined;
  const joint = new Joint<T>((signal) => {
    end = signal;
    return promise;
  });
  return { joint, resolve, reject, ended: () => end?.aborted };
}

describe("work for everybody who waits", () => {
  it("goes on while one of them is left, and ends at the very moment at which the last one leaves", async () => {
    const { joint, ended } = open<string>();
    const [first, last] = [new AbortController(), new AbortController()];
    const waits = [joint.for(first.signal), joint.for(last.signal)].map((wait) => wait.catch(String));
    first.abort("one");
    expect([ended(), joint.abandoned]).toEqual([false, false]);
    last.abort("two");
    expect([ended(), joint.abandoned]).toEqual([true, true]);
    expect(await Promise.all(waits)).toEqual(["one", "two"]);
  });

  it("gives all of them what came of it", async () => {
    const { joint, resolve, ended } = open<string>();
    const leaver = new AbortController();
    const waits = [joint.for(leaver.signal), joint.for(new AbortController().signal)];
    resolve("done");
    expect(await Promise.all(waits)).toEqual(["done", "done"]);
    leaver.abort();
    expect(ended()).toBe(false);
  });

  it("is not waited for by one who has gone", async () => {
    const { joint, reject, ended } = open<string>();
    await expect(joint.for(AbortSignal.abort(new Error("gone")))).rejects.toThrow("gone");
    expect(ended()).toBe(false);
    reject(new Error("failed"));
    await expect(joint.for(new AbortController().signal)).rejects.toThrow("failed");
  });
});
