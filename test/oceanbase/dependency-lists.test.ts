import { rm } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { type Clock, wallClock } from "../../provider/core/runtime";
import type { RpmPackage } from "../../provider/oceanbase/packages/rpm";
import { DependencyLists } from "../../provider/oceanbase/upgrade-path/dependencies";
import { payloadOf } from "./payload/pack";
import { packageOf } from "./upload-rig";

const LIST = "./home/admin/oceanbase/etc/oceanbase_upgrade_dep.yml";
const KNOWN = { kind: "known", nodes: [{ name: "4.2.1.8", leadsTo: ["4.3.5.2"], deprecated: false }] };
const UNREAD = { kind: "unread" };
const never = new AbortController().signal;

/** A package that no other test has read. */
let serial = 0;
const fresh = (observer = 10): Promise<RpmPackage> => {
  serial += 1;
  const content = Buffer.alloc(observer, `${process.pid}/${serial} `);
  const list = "- version: 4.2.1.8\n  can_be_upgraded_to: [4.3.5.2]\n";
  return packageOf({ payload: payloadOf({ "./home/admin/oceanbase/bin/observer": content, [LIST]: list }) });
};

/** A clock on which every sleep is over at once. */
const hasty: Clock = { ...wallClock, sleep: () => Promise.resolve() };

describe("the list of ways in a package file", () => {
  it("is read", async () => {
    expect(await new DependencyLists(wallClock, never).fromPackage(await fresh())).toEqual(KNOWN);
  });

  it("that takes too long is unread, and read on for who asks again", async () => {
    const lists = new DependencyLists(hasty, never);
    const pkg = await fresh(2_000_000);
    expect(await lists.fromPackage(pkg, 1)).toEqual(UNREAD);
    expect(await lists.fromPackage(pkg)).toEqual(KNOWN);
  });

  it("is read once in a process: by content, not by path", async () => {
    const pkg = await fresh();
    await new DependencyLists(wallClock, never).fromPackage(pkg);
    await rm(pkg.path);
    const elsewhere = { ...pkg, path: "/nowhere.rpm" };
    expect(await new DependencyLists(wallClock, never).fromPackage(elsewhere)).toEqual(KNOWN);
  });

  it("of a package that has none is not looked for", async () => {
    const pkg = { ...(await fresh()), files: ["/home/admin/oceanbase/bin/observer"] };
    expect(await new DependencyLists(wallClock, never).fromPackage(pkg)).toEqual(UNREAD);
  });

  it("of a file that has gone is unread, and not remembered as such", async () => {
    const pkg = await fresh();
    const gone = { ...pkg, path: "/nowhere.rpm" };
    expect(await new DependencyLists(wallClock, never).fromPackage(gone)).toEqual(UNREAD);
    expect(await new DependencyLists(wallClock, never).fromPackage(pkg)).toEqual(KNOWN);
  });

  it("is no longer read after the signal, and not remembered as unread", async () => {
    const controller = new AbortController();
    const pkg = await fresh(5_000_000);
    const reading = new DependencyLists(wallClock, controller.signal).fromPackage(pkg);
    controller.abort(new Error("over"));
    expect(await reading).toEqual(UNREAD);
    expect(await new DependencyLists(wallClock, never).fromPackage(pkg)).toEqual(KNOWN);
  });

  it("leaves the event loop to others while it is read", async () => {
    let turns = 0;
    const timer = setInterval(() => {
      turns += 1;
    }, 1);
    await new DependencyLists(wallClock, never).fromPackage(await fresh(5_000_000));
    clearInterval(timer);
    expect(turns).toBeGreaterThan(3);
  });
});
