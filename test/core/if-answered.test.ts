import { expect, it } from "vitest";
import { ifAnswered, Unreachable, UpgradeError } from "../../provider/core/errors";

const away = new Unreachable("nobody answers", { sent: true, heard: false });

it.each([away, new UpgradeError("unauthorized", "no"), new UpgradeError("not-the-vendor", "another shape")])(
  "advice that a vendor does not give is left out: %s",
  async (error) => {
    expect(await ifAnswered(Promise.reject(error))).toBeUndefined();
  },
);

it("a fault of this tool in such a read is told", async () => {
  await expect(ifAnswered(Promise.reject(new TypeError("x is not a function")))).rejects.toThrow("not a function");
  expect(await ifAnswered(Promise.resolve(1))).toBe(1);
});
