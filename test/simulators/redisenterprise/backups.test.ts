import { expect, it } from "vitest";
import { CACHE, Trial } from "./trial";

const HOUR = 3_600_000;

it("a database shows its last backup and its last export, and nothing before the first one", async () => {
  const trial = new Trial({ databases: [CACHE] });
  const { control } = trial.cluster;
  const fields = async () => {
    const view = await trial.data<Record<string, unknown>>("GET", "/v1/bdbs/1");
    return Object.fromEntries(Object.entries(view).filter(([name]) => /backup_|export_/.test(name)));
  };
  expect(await fields()).toEqual({});
  const text = (at: number) => new Date(at).toISOString().replace(/\.\d+Z$/, "Z");
  const first = trial.clock.now();
  control.addBackup(1);
  expect(await fields()).toEqual({
    backup_status: "succeeded",
    backup_progress: 100,
    last_backup_time: text(first),
  });
  control.addBackup(1, { status: "failed" });
  control.addBackup(1, { what: "export", startedAt: first, endsAt: first + HOUR });
  trial.clock.advance(HOUR / 2);
  expect(await fields()).toEqual({
    backup_status: "failed",
    backup_progress: 100,
    backup_failure_reason: "no-permission",
    last_backup_time: text(first),
    export_status: "exporting",
    export_progress: 50,
  });
  trial.clock.advance(HOUR / 2);
  expect(await fields()).toMatchObject({ export_status: "succeeded", last_export_time: text(first + HOUR) });
});
