/** @module-tag long */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { rig } from "../cli/rig";
import { engines } from "../engine";
import { messagesOfResource, openStage, type Stage, TIMEOUT } from "./stage";
import { DATABASE, type VersionArgs } from "./subjects";

const MOVED: VersionArgs = {
  args: { version: "4.2.5.1", release: "101000062024102310.el7" },
  build: "4.2.5.1-101000062024102310",
};
const HOUR = 3_600_000;

/** A two-hour window in UTC that opens so many hours from now. */
function windowIn(hours: number) {
  const at = (more: number) => new Date(Date.now() + (hours + more) * HOUR).toISOString().slice(11, 16);
  return { from: at(0), to: at(2), timeZone: "UTC" };
}

describe.each(engines())("%s engine: change control", TIMEOUT, (prefer) => {
  let stage: Stage;
  let approval: unknown = { formatVersion: 1, approvals: {} };
  beforeAll(async () => {
    stage = await openStage(prefer);
  });
  afterAll(() => stage.close());

  /** The output of `pulumi stack export | pulumi-dbversion approve -`. */
  async function approve(): Promise<unknown> {
    const input = JSON.stringify(await stage.engine.exportState());
    const { code, out, err } = await rig(() => [], { input }).run("approve", "-", "--by", "Anna");
    expect(code, err).toBe(0);
    return JSON.parse(out);
  }

  test("holds an upgrade that is not approved, and shows the plan to approve", async () => {
    const run = await stage.engine.up(stage.declare({ approval }));
    expect(run).toMatchObject({ ok: true, changes: { create: 2 } });
    expect(run.outputs["orders"]).toMatchObject({ status: "held", currentVersion: DATABASE.old.args.version });
    expect(messagesOfResource(run)[0]).toBe(`${stage.plan(DATABASE.old, DATABASE.target)} · held: not approved`);
    expect(stage.writes()).toBe(0);
    approval = await approve();
  });

  test("holds a plan that differs from the approved one, and shows both", async () => {
    stage.cluster.control.setBuildVersion(MOVED.build);
    const run = await stage.engine.up(stage.declare({ approval }));
    expect(run.ok).toBe(true);
    expect(messagesOfResource(run).join()).toMatch(
      /a different plan was approved\. Planned: 4\.2\.5\.1 → .*approved by Anna on .*: 4\.2\.1\.8 → /,
    );
    expect(stage.writes()).toBe(0);
    approval = await approve();
  });

  test("holds an approved upgrade outside its window, without further requests", async () => {
    const closed = { approval, windows: [windowIn(3)] };
    // The upgrade is already held, so no request is sent to update the reason.
    const requests = stage.cluster.journal.entries.length;
    expect(await stage.engine.preview(stage.declare(closed))).toMatchObject({ ok: true, changes: { same: 2 } });
    expect(await stage.engine.up(stage.declare(closed))).toMatchObject({ ok: true, changes: { same: 2 } });
    expect(stage.cluster.journal.entries.length).toBe(requests);
    const frozen = await stage.engine.up(stage.declare({ approval, freeze: "incident 4711" }));
    expect(frozen).toMatchObject({ ok: true, changes: { same: 2 } });
    expect(stage.writes()).toBe(0);
  });

  test("holds everything while the stack is frozen", async () => {
    await stage.engine.configure("dbversion:freeze", "incident 4711");
    const frozen = { approval, windows: [windowIn(-1)] };
    expect(await stage.engine.up(stage.declare(frozen))).toMatchObject({ ok: true, changes: { same: 2 } });
    expect(stage.writes()).toBe(0);
    await stage.engine.configure("dbversion:freeze", undefined);
  });

  test("upgrades once the window is open, then reports no changes", async () => {
    const open = { approval, windows: [windowIn(-1)] };
    const run = await stage.engine.up(stage.declare(open));
    expect(run).toMatchObject({ ok: true, changes: { update: 1 } });
    expect(run.outputs["orders"]).toMatchObject({ status: "current", currentVersion: DATABASE.target.args.version });
    expect((await stage.state())?.outputs).not.toHaveProperty("heldBy");
    expect(stage.writes()).toBe(1);
    expect(await stage.engine.up(stage.declare(open))).toMatchObject({ ok: true, changes: { same: 2 } });
    expect(await stage.engine.up(stage.declare({ approval }))).toMatchObject({ ok: true, changes: { same: 2 } });
  });
});
