import { describe, expect, it } from "vitest";
import { findInCpio } from "../../../provider/oceanbase/packages/payload";
import { cpioOf } from "./pack";

const LIST = "/home/admin/oceanbase/etc/oceanbase_upgrade_dep.yml";
const FILES = {
  "./home/admin/oceanbase/bin/observer": Buffer.alloc(100_001, 7),
  "./home/admin/oceanbase/etc/oceanbase_upgrade_dep.yml": "- version: 4.2.1.1\n",
  "./home/admin/oceanbase/etc/upgrade_pre.py": "",
};

async function* flow(bytes: Buffer, size = 1000): AsyncGenerator<Uint8Array, void, void> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const find = (bytes: Buffer, wanted = LIST, largest = 1_000) => findInCpio(flow(bytes), wanted, largest);

describe("a file in a package's archive", () => {
  it.each([
    ["behind others", LIST, "- version: 4.2.1.1\n"],
    ["that is empty", "/home/admin/oceanbase/etc/upgrade_pre.py", ""],
    ["that is not there", "/etc/passwd", undefined],
  ])("%s", async (_, wanted, content) => {
    expect((await find(cpioOf(FILES), wanted))?.toString()).toBe(content);
  });

  it.each(["/home/a", "home/a", "./home/a"])("is found as %s", async (name) => {
    expect((await find(cpioOf({ [name]: "x" }), "/home/a"))?.toString()).toBe("x");
  });

  it("ends the reading: what comes after it is not asked for", async () => {
    let asked = 0;
    let closed = false;
    async function* counted() {
      try {
        for await (const piece of flow(Buffer.concat([cpioOf(FILES), Buffer.alloc(50_000)]))) {
          asked += 1;
          yield piece;
        }
      } finally {
        closed = true;
      }
    }
    await findInCpio(counted(), LIST, 1_000);
    expect(asked).toBeLessThan(105);
    expect(closed).toBe(true);
  });

  it.each([
    ["is too large", cpioOf({ [`.${LIST}`]: "x".repeat(1_001) }), /has 1001 bytes/],
    ["lies in no cpio archive", Buffer.alloc(500, 65), /not an archive in cpio format/],
    ["lies in an archive that is cut off", cpioOf(FILES).subarray(0, 300), /ends early/],
    ["lies behind a damaged header", Buffer.from(`070701${"z".repeat(104)}`), /header in it is damaged/],
    [
      "lies behind a name without end",
      Buffer.from(`070701${"0".repeat(88)}7fffffff${"0".repeat(8)}`),
      /name in it is too long/,
    ],
  ])("%s", async (_, bytes, why) => {
    await expect(find(bytes)).rejects.toThrow(why);
  });
});
