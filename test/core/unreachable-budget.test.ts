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

const noResponse = () => new Unreachable("connection refused", { sent: false, responded: false });
const databaseDown = () => new Unreachable("its database is down", { sent: true, responded: true });

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

describe("UnreachableBudget", () => {
  it("returns the first response without waiting", async () => {
    const { budget, waited } = setUp();
    expect(await budget.retry(async () => 42)).toBe(42);
    expect(waited()).toBe(0);
  });

  it("retries while unreachable, and reports that", async () => {
    const { budget, clock, reports } = setUp();
    expect(await budget.retry(failingFor(clock, 5_000, noResponse))).toBe("answer");
    expect(reports[0]).toBe("no response");
    expect(reports.length).toBeGreaterThan(5);
    expect(new Set(reports)).toEqual(new Set([reports[0]]));
  });

  it("retries less often the longer the run lasts, but at least every five seconds", async () => {
    const { budget, clock, reports } = setUp(true);
    await clock.sleep(10 * MINUTE);
    expect(await budget.retry(failingFor(clock, MINUTE, noResponse))).toBe("answer");
    expect(reports.length).toBeGreaterThanOrEqual(12);
    expect(reports.length).toBeLessThanOrEqual(14);
  });

  it("limits the first contact to its own, shorter budget", async () => {
    const { budget, waited } = setUp();
    const cause = noResponse();
    const error = await thrownBy(budget.retry(() => Promise.reject(cause)));
    expect(error).toMatchObject({ code: "unreachable", cause });
    expect(error.sentence).toMatch(
      /^Orders database could not be read for 1 min.*: connection refused\. Nothing was undone/,
    );
    expect(waited()).toBeGreaterThanOrEqual(MINUTE);
    expect(waited()).toBeLessThan(1.2 * MINUTE);
  });

  it.each([
    ["if an upgrade is known to be in progress", true, noResponse],
    ["if the vendor itself responds that it does not know", false, databaseDown],
  ])("uses the full budget %s", async (_, expected, failure) => {
    const { budget, waited } = setUp(expected);
    const error = await thrownBy(budget.retry(() => Promise.reject(failure())));
    expect(error.code).toBe("unreachable");
    expect(waited()).toBeGreaterThanOrEqual(20 * MINUTE);
    expect(waited()).toBeLessThan(20.5 * MINUTE);
  });

  it("uses the full budget after a single response from the vendor, even if it is unreachable afterwards", async () => {
    const { budget, waited } = setUp();
    let first = true;
    const read = async () => {
      const failure = first ? databaseDown() : noResponse();
      first = false;
      throw failure;
    };
    await thrownBy(budget.retry(read));
    expect(waited()).toBeGreaterThanOrEqual(20 * MINUTE);
  });

  it("counts the budget from the last response", async () => {
    const { budget, clock } = setUp();
    await budget.retry(async () => "here");
    expect(await budget.retry(failingFor(clock, 19 * MINUTE, noResponse))).toBe("answer");
    expect(await budget.retry(failingFor(clock, 19 * MINUTE, noResponse))).toBe("answer");
    expect(budget.unreachableFor).toBe(0);
  });

  it("counts the budget from its creation if no response has arrived yet", async () => {
    const { budget, clock, waited } = setUp();
    await clock.sleep(50_000);
    await thrownBy(budget.retry(() => Promise.reject(noResponse())));
    expect(waited()).toBeLessThan(1.2 * MINUTE);
  });

  it("rethrows every other error immediately", async () => {
    const { budget, waited } = setUp();
    const refusal = new UpgradeError("unauthorized", "wrong password");
    expect(await thrownBy(budget.retry(() => Promise.reject(refusal)))).toBe(refusal);
    const bug = new TypeError("x is not a function");
    await expect(budget.retry(() => Promise.reject(bug))).rejects.toBe(bug);
    expect(waited()).toBe(0);
  });

  it("sends nothing after the signal is aborted", async () => {
    const { budget, controller } = setUp();
    const reason = new UpgradeError("interrupted", "Interrupted.");
    controller.abort(reason);
    let attempts = 0;
    const read = async () => {
      attempts += 1;
    };
    expect(await thrownBy(budget.retry(read))).toBe(reason);
    expect(attempts).toBe(0);
  });

  it("rejects with the signal's reason when aborted while waiting", async () => {
    const { budget, controller, clock, waited } = setUp(true);
    const reason = new UpgradeError("deadline", "The time limit was reached.");
    clock.after(90_000, () => controller.abort(reason));
    expect(await thrownBy(budget.retry(() => Promise.reject(noResponse())))).toBe(reason);
    expect(waited()).toBe(90_000);
  });

  it("rejects with the signal's reason, not with the error of the aborted read", async () => {
    const { budget, controller } = setUp();
    const reason = new UpgradeError("interrupted", "Interrupted.");
    const read = async () => {
      controller.abort(reason);
      throw new Error("socket closed");
    };
    expect(await thrownBy(budget.retry(read))).toBe(reason);
  });
});

const timedOut = new Unreachable("no response", { sent: true, responded: false });

it.each([timedOut, new UpgradeError("unauthorized", "no"), new UpgradeError("not-the-vendor", "another shape")])(
  "ifReadable returns undefined if the vendor does not provide the value: %s",
  async (error) => {
    expect(await ifReadable(Promise.reject(error))).toBeUndefined();
  },
);

it("ifReadable rethrows a bug of this tool", async () => {
  await expect(ifReadable(Promise.reject(new TypeError("x is not a function")))).rejects.toThrow("not a function");
  expect(await ifReadable(Promise.resolve(1))).toBe(1);
});
