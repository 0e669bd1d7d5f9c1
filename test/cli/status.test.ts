import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { open, resource, SHOP, SHOP_EXPORT, stackExport } from "../report/export";
import { rig } from "./rig";

describe("status", () => {
  it("shows every database of a stack, those that need attention first", async () => {
    const { code, out, err } = await rig(() => [], { input: SHOP_EXPORT }).run("status", "--file", "-");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const [head, , headings, ...rows] = out.split("\n");
    expect(head).toBe(
      "shop / production, state of 2026-03-14 18:05 UTC: 1 failed, 1 behind, 1 upgrading, 1 deferred, 1 unknown, 1 newer, 2 current",
    );
    expect(headings).toMatch(/^DATABASE +TYPE +TARGET +CURRENT +STATUS +LAST UPGRADE$/);
    expect(rows[0]).toMatch(
      /^fleet +taurusdb\.KernelVersion +>=2\.0\.75 +2\.0\.69\.240900 +failed +2\.0\.69\.240900 → 2\.0\.75\.260300, failed/,
    );
    expect(rows[1]).toMatch(/^cache-modules +redisenterprise\.ModuleVersions +\S.* +behind, drift$/);
    expect(out.replaceAll(/\s+/g, " ")).toContain(
      "in07: upgrade 7c1e failed: the instance has too little free space. payments: ",
    );
    expect(rows.filter((row) => /OceanBase|orders/.test(row)).length).toBeGreaterThan(1);
  });

  it.each([
    ["freeze", "changes are frozen: year-end"],
    ["window", "window opens Sat 2026-12-05 02:00 (Asia/Shanghai)"],
    ["blackout", "blackout until 2027-01-05 (UTC): year-end"],
    ["approval", "not approved"],
    ["backup", "the newest backup is 40 h old, at most 24 h are allowed"],
  ])("shows the reason of a held upgrade: %s", async (code, message) => {
    const [orders] = SHOP;
    const observed = { status: "held", heldBy: { code, message, until: "2026-12-04T18:00:00.000Z" } };
    const input = stackExport([resource({ ...orders, observed } as never)]);
    const shown = await rig(() => [], { input }).run("status", "--file", "-");
    expect(shown.out).toMatch(/: 1 held\n/);
    expect(shown.out.replaceAll(/\s+/g, " ")).toContain(`orders: held: ${message}`);
    const { databases } = JSON.parse((await rig(() => [], { input }).run("status", "--file", "-", "--json")).out);
    expect(databases[0].heldBy).toEqual({ message, until: "2026-12-04T18:00:00.000Z" });
  });

  it("prints JSON", async () => {
    const { out } = await rig(() => [], { input: SHOP_EXPORT }).run("status", "--file", "-", "--json");
    const { stack, databases } = JSON.parse(out);
    expect(stack).toBe("shop / production");
    expect(databases).toHaveLength(SHOP.length);
    expect(databases[0]).toMatchObject({ name: "fleet", type: "taurusdb:KernelVersion", status: "failed" });
  });

  it("reads the stack through the Pulumi CLI, without its secrets", async () => {
    const programs = { "pulumi stack export --stack dev": SHOP_EXPORT };
    expect((await rig(() => [], { programs }).run("status", "--stack", "dev")).out).toContain("orders-agents");
    const selected = { "pulumi stack export": SHOP_EXPORT };
    expect((await rig(() => [], { programs: selected }).run("status")).out).toContain("orders-agents");
  });

  it("shows no secret, and no control sequence", async () => {
    const hostile = {
      type: "oceanbase:ClusterVersion",
      name: "orders",
      args: { endpoints: ["http://10.0.0.1:2886"], password: open("hunter2-secret"), version: "4.3.5.2" },
      more: { initErrors: ["password hunter2-secret was \u001b[31mrefused"] },
    };
    const input = stackExport([resource(hostile)]);
    for (const form of [[], ["--json"]]) {
      const { out } = await rig(() => [], { input }).run("status", "--file", "-", ...form);
      expect(out).toContain("refused");
      expect([out.includes("hunter2"), out.includes("\u001b")]).toEqual([false, false]);
    }
  });

  it("with --watch reads every five seconds and prints changes until ^C", async () => {
    const dir = await mkdtemp(join(tmpdir(), "status-"));
    onTestFinished(() => rm(dir, { recursive: true, force: true }));
    const file = join(dir, "stack.json");
    const [orders] = SHOP;
    const exportOf = (state: string) => stackExport([resource({ ...orders, observed: { status: state } } as never)]);
    await writeFile(file, exportOf("upgrading"));
    const interrupt = new AbortController();
    const printed: string[] = [];
    const { run, clock } = rig(() => [], {
      signal: interrupt.signal,
      onPrint: (text) => void printed.push(text),
    });
    const start = clock.now();
    const ended = run("status", "--file", file, "--watch");
    await clock.sleep(12_000);
    await writeFile(file, exportOf("current"));
    await clock.sleep(12_000);
    interrupt.abort();
    expect((await ended).code).toBe(0);
    expect(printed.map((text) => /: 1 (\w+)/.exec(text)?.[1])).toEqual(["upgrading", "current"]);
    expect(clock.since(start)).toBe(24_000);
  });

  it("with --watch ends when its output is closed", async () => {
    const printed: string[] = [];
    const onPrint = (text: string) => printed.push(text) < 1;
    const programs = { "pulumi stack export": SHOP_EXPORT };
    const { run } = rig(() => [], { programs, onPrint });
    expect((await run("status", "--watch")).code).toBe(0);
    expect(printed).toHaveLength(1);
  });

  it.each([
    [["status", "orders"], 2, 'unexpected argument "orders"'],
    [["status", "--file", "/nowhere.json"], 1, "The stack export could not be read: ENOENT"],
    [["status"], 1, "The Pulumi CLI was not found."],
  ])("%j is rejected", async (args, code, message) => {
    const ended = await rig(() => []).run(...args);
    expect([ended.code, ended.out]).toEqual([code, ""]);
    expect(ended.err).toContain(message);
  });
});
