import { describe, expect, it } from "vitest";
import { ifReadable, Unreachable, UpgradeError } from "../../provider/core/errors";
import type { Policy } from "../../provider/core/policy";
import { UnreachableBudget } from "../../provider/core/reconcile/observer";
import { VirtualClock } from "../support/virtual-clock";
import { NO_RULES } from "./scripted-driver";

const MINUTE = 60_000;
const policy: Policy = {
  onNewer: "report",
  onFailure: "report",
  wait: true,
  unreachableBudget: 20 * MINUTE,
  firstContact: MINUTE,
  lostReplyWindow: 30_000,
  settleTime: MINUTE,
  spacing: 0,
  changes: NO_RULES,
};

const silent = () => new Unreachable("connection refused", { sent: false, responded: false });
const away = () => new Unreachable("its database is down", { sent: true, responded: true });

function setUp(expected = false) {
  const clock = new VirtualClock();
  const controller = new AbortController();
  const reports: string[] = [];
  const budget = new UnreachableBudget(
    "Orders database",
    policy,
    {
      clock,
      wall: clock,
      signal: controller.signal,
      random: () => 0.5,
      report: ({ message }) => reports.push(message),
      inform: () => undefined,
      warn: () => undefined,
      conceal: () => undefined,
    },
    expected,
  );
  const began = clock.now();
  return { clock, controller, budget, reports, waited: () => clock.since(began) };
}

/** Fails until so many milliseconds have passed. */
function failingFor(clock: VirtualClock, milliseconds: number, failure: () => Error): () => Promise<string> {
  const began = clock.now();
  return async () => {
    if (clock.since(began) < milliseconds) throw failure();
    return "answer";
  };
}

async function thrownBy(promise: Promise<unknown>): Promise<UpgradeError> {
  const thrown: unknown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(thrown instanceof UpgradeError)) throw new Error(`expected an UpgradeError, got ${String(thrown)}`);
  return thrown;
}

describe("patience", () => {
  it("gives the first answer without waiting", async () => {
    const { budget, waited } = setUp();
    expect(await budget.retry(async () => 42)).toBe(42);
    expect(waited()).toBe(0);
  });

  it("asks again after silence, and tells of it", async () => {
    const { budget, clock, reports } = setUp();
    expect(await budget.retry(failingFor(clock, 5_000, silent))).toBe("answer");
    expect(reports[0]).toBe("no response");
    expect(reports.length).toBeGreaterThan(5);
    expect(new Set(reports)).toEqual(new Set([reports[0]]));
  });

  it("asks the less often the longer the run lasts, but at least every five seconds", async () => {
    const { budget, clock, reports } = setUp(true);
    await clock.sleep(10 * MINUTE);
    expect(await budget.retry(failingFor(clock, MINUTE, silent))).toBe("answer");
    expect(reports.length).toBeGreaterThanOrEqual(12);
    expect(reports.length).toBeLessThanOrEqual(14);
  });

  it("gives up a first contact after its own, short budget", async () => {
    const { budget, waited } = setUp();
    const cause = silent();
    const error = await thrownBy(budget.retry(() => Promise.reject(cause)));
    expect(error).toMatchObject({ code: "unreachable", cause });
    expect(error.sentence).toMatch(
      /^Orders database could not be read for 1 min.*: connection refused\. Nothing was undone/,
    );
    expect(waited()).toBeGreaterThanOrEqual(MINUTE);
    expect(waited()).toBeLessThan(1.2 * MINUTE);
  });

  it.each([
    ["when an upgrade is known to run", true, silent],
    ["when the vendor itself says that it cannot know", false, away],
  ])("has the long budget %s", async (_, expected, failure) => {
    const { budget, waited } = setUp(expected);
    const error = await thrownBy(budget.retry(() => Promise.reject(failure())));
    expect(error.code).toBe("unreachable");
    expect(waited()).toBeGreaterThanOrEqual(20 * MINUTE);
    expect(waited()).toBeLessThan(20.5 * MINUTE);
  });

  it("has the long budget after a single word from the vendor, even if silence follows", async () => {
    const { budget, waited } = setUp();
    let first = true;
    const question = async () => {
      const failure = first ? away() : silent();
      first = false;
      throw failure;
    };
    await thrownBy(budget.retry(question));
    expect(waited()).toBeGreaterThanOrEqual(20 * MINUTE);
  });

  it("counts the budget from the last answer", async () => {
    const { budget, clock } = setUp();
    await budget.retry(async () => "here");
    expect(await budget.retry(failingFor(clock, 19 * MINUTE, silent))).toBe("answer");
    expect(await budget.retry(failingFor(clock, 19 * MINUTE, silent))).toBe("answer");
    expect(budget.unreachableFor).toBe(0);
  });

  it("counts silence across two questions that nobody answers", async () => {
    const { budget, clock, waited } = setUp();
    await clock.sleep(50_000);
    await thrownBy(budget.retry(() => Promise.reject(silent())));
    expect(waited()).toBeLessThan(1.2 * MINUTE);
  });

  it("lets every other error through at once", async () => {
    const { budget, waited } = setUp();
    const refusal = new UpgradeError("unauthorized", "wrong password");
    expect(await thrownBy(budget.retry(() => Promise.reject(refusal)))).toBe(refusal);
    const bug = new TypeError("x is not a function");
    await expect(budget.retry(() => Promise.reject(bug))).rejects.toBe(bug);
    expect(waited()).toBe(0);
  });

  it("asks nothing after the signal is aborted", async () => {
    const { budget, controller } = setUp();
    const reason = new UpgradeError("interrupted", "Interrupted.");
    controller.abort(reason);
    let asked = 0;
    const question = async () => {
      asked += 1;
    };
    expect(await thrownBy(budget.retry(question))).toBe(reason);
    expect(asked).toBe(0);
  });

  it("ends with the signal's reason when it is aborted while waiting", async () => {
    const { budget, controller, clock, waited } = setUp(true);
    const reason = new UpgradeError("deadline", "The time limit was reached.");
    clock.after(90_000, () => controller.abort(reason));
    expect(await thrownBy(budget.retry(() => Promise.reject(silent())))).toBe(reason);
    expect(waited()).toBe(90_000);
  });

  it("ends with the signal's reason, not with what the aborted question threw", async () => {
    const { budget, controller } = setUp();
    const reason = new UpgradeError("interrupted", "Interrupted.");
    const question = async () => {
      controller.abort(reason);
      throw new Error("socket closed");
    };
    expect(await thrownBy(budget.retry(question))).toBe(reason);
  });
});

const unanswered = new Unreachable("nobody answers", { sent: true, responded: false });

it.each([unanswered, new UpgradeError("unauthorized", "no"), new UpgradeError("not-the-vendor", "another shape")])(
  "advice that a vendor does not give is left out: %s",
  async (error) => {
    expect(await ifReadable(Promise.reject(error))).toBeUndefined();
  },
);

it("a fault of this tool in such a read is told", async () => {
  await expect(ifReadable(Promise.reject(new TypeError("x is not a function")))).rejects.toThrow("not a function");
  expect(await ifReadable(Promise.resolve(1))).toBe(1);
});
