import { describe, expect, it } from "vitest";
import { backupOf } from "../../provider/redisenterprise/database/database";
import type { Rig } from "./rig";
import { rigFor, SIDES } from "./sides";

const HOUR = 3_600_000;
const RULE = { maxAge: "24h" };

type Setup = (world: Rig) => void;
type Spec = Parameters<Rig["cluster"]["control"]["addBackup"]>[1];

const backup =
  (hours: number, spec: Spec = {}): Setup =>
  ({ cluster, clock }) =>
    cluster.control.addBackup(1, { endsAt: clock.now() - hours * HOUR, ...spec });

const HELD: [string, Setup, Record<string, unknown>, string][] = [
  ["there is none", () => undefined, {}, "there is no backup"],
  ["it is too old", backup(25), {}, "the last backup is 25 h old, more than 24 h"],
  ["it is running", backup(-1), {}, "a backup is running"],
  ["an export is running", backup(-1, { what: "export" }), {}, "a backup is running"],
  ["it is running, although the rule is waived", backup(-1), { waive: "a cache" }, "a backup is running"],
  ["the only one failed", backup(1, { status: "failed" }), {}, "there is no backup"],
  [
    "the newer one failed",
    (world) => {
      backup(30)(world);
      backup(1, { status: "failed" })(world);
    },
    {},
    "the last backup is 30 h old, more than 24 h",
  ],
];

describe.each(SIDES)("the upgrade of a database (%s)", (_, side) => {
  describe.each(HELD)("whose backup does not permit it: %s", (_, setup, rule, reason) => {
    const started = () => {
      const world = rigFor(side, "behind");
      setup(world);
      return { ...world, given: side.inputs(world, { backup: { ...RULE, ...rule } }) };
    };

    it("is shown as held by the preview", async () => {
      const { lifecycle, given, messages, cluster } = started();
      expect((await lifecycle.check({}, given)).failures).toEqual([]);
      expect(messages()[0]).toBe(`${side.plan} · held: ${reason}`);
      expect(cluster.journal.count("POST")).toBe(0);
    });

    it("is not requested by `up`, which succeeds", async () => {
      const { lifecycle, given, cluster } = started();
      const { outs } = await lifecycle.create(given);
      expect(outs).toMatchObject({ status: "held", heldBy: { code: "backup", message: reason } });
      expect(outs["backup"]).toEqual(given["backup"]);
      expect(cluster.journal.count("POST")).toBe(0);
    });
  });

  it("is requested once by the next `up` after a backup", async () => {
    const world = rigFor(side, "behind");
    const given = side.inputs(world, { backup: RULE });
    const { id, outs } = await world.lifecycle.create(given);
    expect(outs).toMatchObject({ status: "held" });
    world.cluster.control.addBackup(1);
    expect(await world.lifecycle.diff(id, outs, given)).toMatchObject({ changes: true });
    const { outs: after } = await world.lifecycle.update(id, outs, given);
    expect(after).toMatchObject({ status: "current" });
    expect(world.writes()).toBe(1);
  });

  it.each([
    ["a backup", backup(1), {}],
    ["an export", backup(1, { what: "export" }), {}],
    ["a waived rule", () => undefined, { waive: "a cache" }],
  ])("is requested with %s, and the rule causes no additional request", async (_, setup, more) => {
    const requests = async (rule: Record<string, unknown>) => {
      const world = rigFor(side, "behind");
      setup(world);
      const { outs } = await world.lifecycle.create(side.inputs(world, rule));
      expect(outs).toMatchObject({ status: "current" });
      expect(world.writes()).toBe(1);
      // How often a task is read has a random part.
      const polls = (target: string) => target.startsWith("/v1/actions/");
      const others = world.received.filter(({ target }) => !polls(target));
      return others.map(({ method, target }) => `${method} ${target}`).sort();
    };
    expect(await requests({ backup: { ...RULE, ...more } })).toEqual(await requests({}));
  });

  it("is held by a backup that starts after the first read", async () => {
    const world = rigFor(side, "behind");
    backup(1)(world);
    let reads = 0;
    world.cluster.onCall(({ request: { target } }) => {
      if (target === "/v1/bdbs/1" && ++reads === 2) backup(-1)(world);
    });
    const { outs } = await world.lifecycle.create(side.inputs(world, { backup: RULE }));
    expect(outs).toMatchObject({ status: "held", heldBy: { message: "a backup is running" } });
    expect(world.writes()).toBe(0);
  });
});

describe("the backups in a database object", () => {
  const bdb = { uid: 1, status: "active" };
  const noon = Date.UTC(2026, 0, 1, 12);

  it.each([
    ["nothing", {}, { kind: "none" }],
    ["empty strings and null", { backup_status: "", last_backup_time: "", last_export_time: null }, { kind: "none" }],
    [
      "a time",
      { backup_status: "succeeded", last_backup_time: "2026-01-01T12:00:00Z" },
      { kind: "finished", at: noon },
    ],
    ["fractions", { last_backup_time: "2026-01-01T12:00:00.000001Z" }, { kind: "finished", at: noon }],
    [
      "the newer of two",
      { last_backup_time: "2025-12-01T12:00:00Z", last_export_time: "2026-01-01T12:00:00Z" },
      { kind: "finished", at: noon },
    ],
    [
      "a failure after a success",
      { backup_status: "failed", last_backup_time: "2026-01-01T12:00:00Z" },
      { kind: "finished", at: noon },
    ],
    [
      "a time that cannot be parsed",
      { last_backup_time: "yesterday" },
      { kind: "unknown", reason: "the time of the last one cannot be read: yesterday" },
    ],
  ])("%s", (_, fields, expected) => {
    expect(backupOf({ ...bdb, ...fields })).toEqual(expected);
  });
});
