/** @module-tag long */
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { onEachEngine } from "./each-engine";
import type { Run } from "./index";
import { isAlive } from "./processes";
import { openTrial, type Trial } from "./trial";

const errors = (run: Run) =>
  run.diagnostics
    .filter(({ severity }) => severity === "error")
    .map(({ urn, message }) => [urn.split("::").pop(), message]);

onEachEngine("failures", (prefer) => {
  let trial: Trial;
  beforeAll(async () => {
    trial = await openTrial(prefer);
  });
  afterAll(() => trial.close());
  const thing = (args: Record<string, unknown>) => trial.declare({ name: "thing", args });

  test("a failed check names the property and its value, and ends the preview", async () => {
    const run = await trial.engine.preview(thing({ version: "bad" }));
    expect(run.ok).toBe(false);
    const message =
      "pulumi-nodejs:dynamic/trial:Thing resource 'thing': property version value {bad} has a problem: is bad";
    expect(errors(run)).toEqual([["thing", message]]);
    expect(run.output).toContain(message);
  });

  test("a check that throws is an error of the resource, and ends the preview", async () => {
    const run = await trial.engine.preview(thing({ version: "explode" }));
    expect(run.ok).toBe(false);
    expect(errors(run)).toEqual([["thing", "boom in check"]]);
  });

  test("a create that throws leaves nothing; one without an id fails", async () => {
    const thrown = await trial.engine.up(thing({ version: "1", mode: "throw" }));
    expect(thrown.ok).toBe(false);
    expect(errors(thrown)).toEqual([
      ["thing", "boom"],
      ["", "update failed"],
    ]);
    expect(thrown.steps.at(-1)).toMatchObject({ op: "create", status: "failed" });
    expect(await trial.state("thing")).toBeUndefined();
    const empty = await trial.engine.up(thing({ version: "1", mode: "noid" }));
    expect(errors(empty)[0]).toEqual([
      "thing",
      expect.stringContaining("plugin returned empty resource.ID from create"),
    ]);
    expect(await trial.state("thing")).toBeUndefined();
  });

  test("a partly failed create is saved with the new inputs, and the next update continues although nothing changed", async () => {
    const run = await trial.engine.up(thing({ version: "1", mode: "partial" }));
    expect(run.ok).toBe(false);
    expect(errors(run)).toEqual([
      ["thing", "2 errors occurred:\n\t* first\n\t* second"],
      ["", "update failed"],
    ]);
    expect(await trial.state("thing")).toMatchObject({
      id: "id-thing-",
      inputs: { version: "1", mode: "partial" },
      outputs: { version: "1", computed: "half" },
      initErrors: ["first", "second"],
    });
    await trial.calls();
    const next = await trial.engine.up(thing({ version: "1" }));
    expect(next).toMatchObject({ ok: true, changes: { update: 1, same: 1 } });
    const [diff, update] = (await trial.calls()).filter(({ call }) => call === "diff" || call === "update");
    expect(diff).toMatchObject({ call: "diff", olds: { computed: "half" } });
    expect(update).toMatchObject({ call: "update", olds: { computed: "half" }, news: { version: "1" } });
    const state = await trial.state("thing");
    expect(state).toMatchObject({ outputs: { computed: "made-1" } });
    expect(state?.initErrors ?? []).toEqual([]);
  });

  test("a partly failed update keeps the old inputs and has the new outputs", async () => {
    const run = await trial.engine.up(thing({ version: "2", mode: "partial" }));
    expect(run.ok).toBe(false);
    expect(await trial.state("thing")).toMatchObject({
      inputs: { version: "1" },
      outputs: { version: "2", computed: "half" },
      initErrors: ["first", "second"],
    });
    expect(await trial.engine.refresh()).toMatchObject({ ok: true });
    // The read of a dynamic provider cannot fail partially, so the errors are removed.
    expect((await trial.state("thing"))?.initErrors ?? []).toEqual([]);
  });

  test("an update that throws leaves the old state", async () => {
    expect(await trial.engine.up(thing({ version: "3" }))).toMatchObject({ ok: true });
    const before = await trial.state("thing");
    const run = await trial.engine.up(thing({ version: "4", mode: "throw" }));
    expect(errors(run)).toEqual([
      ["thing", "boom"],
      ["", "update failed"],
    ]);
    const after = await trial.state("thing");
    expect(after).toMatchObject({ inputs: before?.inputs, outputs: before?.outputs });
  });

  test("without a diff from the provider the engine compares the inputs, and unchanged ones keep the outputs", async () => {
    expect(await trial.engine.up(thing({ version: "3", mode: "undecided" }))).toMatchObject({ changes: { update: 1 } });
    expect(await trial.engine.up(thing({ version: "3", mode: "undecided" }))).toMatchObject({ changes: { same: 2 } });
    // If a provider reports "no changes", its new inputs are saved without an update.
    expect(await trial.engine.up(thing({ version: "3", mode: "other" }))).toMatchObject({ changes: { same: 2 } });
    expect(await trial.state("thing")).toMatchObject({ inputs: { mode: "other" }, outputs: { mode: "undecided" } });
  });

  test("a program that throws fails the update and deletes nothing", async () => {
    const run = await trial.engine.up({ env: { TRIAL_RESOURCES: "not JSON" } });
    expect(run.ok).toBe(false);
    expect(errors(run).join()).toContain("not valid JSON");
    expect(await trial.state("thing")).toBeDefined();
  });
});

onEachEngine("interruptions", (prefer) => {
  let trial: Trial;
  beforeAll(async () => {
    trial = await openTrial(prefer);
  });
  afterAll(() => trial.close());
  afterEach(async () => void (await trial.calls()));
  const thing = (args: Record<string, unknown>) => trial.declare({ name: "thing", args });
  const pending = async () =>
    ((await trial.engine.exportState()).deployment.pending_operations ?? []).map(({ type, resource }) => [
      type,
      resource.urn.split("::").pop(),
    ]);

  test("^C reaches the provider, whose partial result is saved", async () => {
    const up = trial.engine.up(thing({ version: "1", mode: "wait" }));
    await up.seen("waiting");
    up.cancel();
    const run = await up;
    expect(run.ok).toBe(false);
    expect(run.diagnostics.map(({ message }) => message)).toContain("1 error occurred:\n\t* interrupted");
    expect(await trial.state("thing")).toMatchObject({ id: "id-thing-", initErrors: ["interrupted"] });
    expect(await pending()).toEqual([]);
  });

  test("a second ^C does not wait: the operation stays pending, the next update warns and runs it again", async () => {
    const up = trial.engine.up(thing({ version: "1", mode: "hang" }));
    await up.seen("hanging");
    const plugins = await up.plugins();
    expect(plugins).toHaveLength(1);
    up.cancel();
    await up.seen("^C received; cancelling");
    up.cancel();
    expect((await up).ok).toBe(false);
    expect(await pending()).toEqual([["updating", "thing"]]);
    expect(plugins.filter(isAlive)).toEqual([]);
    const next = await trial.engine.up(thing({ version: "1" }));
    expect(next).toMatchObject({ ok: true, changes: { update: 1, same: 1 } });
    const warnings = next.diagnostics.filter(({ severity }) => severity === "warning").map(({ message }) => message);
    expect(warnings.join()).toContain("with 1 pending operations from previous deployment");
    expect(await pending()).toEqual([]);
  });

  test("a killed engine leaves its provider, a lock and a pending operation", async () => {
    const up = trial.engine.up(thing({ version: "2", mode: "hang" }));
    await up.seen("hanging");
    const plugins = await up.plugins();
    await up.kill();
    expect((await up).ok).toBe(false);
    expect(plugins.filter(isAlive)).toEqual(plugins);
    expect(await pending()).toEqual([["updating", "thing"]]);
    const locked = await trial.engine.up(thing({ version: "2" }));
    expect(locked.ok).toBe(false);
    expect(locked.output).toContain("the stack is currently locked by 1 lock(s)");
    await trial.engine.unlock();
    expect(await trial.engine.up(thing({ version: "2" }))).toMatchObject({ ok: true, changes: { update: 1, same: 1 } });
    for (const pid of plugins) process.kill(pid, "SIGKILL");
  });

  test("a provider that dies fails the step, and unfinished operations are not recorded", async () => {
    const up = trial.engine.up(thing({ version: "3", mode: "hang" }));
    await up.seen("hanging");
    expect(await up.killPlugin()).toBe(1);
    const run = await up;
    expect(run.ok).toBe(false);
    expect(run.steps.at(-1)).toMatchObject({ op: "update", status: "failed" });
    expect(await trial.state("thing")).toMatchObject({ inputs: { version: "2" } });
    expect(await pending()).toEqual([]);
  });

  test("a pending create stays until it is cleared", async () => {
    const other = { name: "other", args: { version: "1", mode: "hang" } };
    const up = trial.engine.up(trial.declare({ name: "thing", args: { version: "2" } }, other));
    await up.seen("hanging");
    await up.kill();
    await trial.engine.unlock();
    expect(await pending()).toEqual([["creating", "other"]]);
    expect(await trial.engine.refresh()).toMatchObject({ ok: true });
    expect(await pending()).toEqual([["creating", "other"]]);
    expect(await trial.engine.refresh({ clearPendingCreates: true })).toMatchObject({ ok: true });
    expect(await pending()).toEqual([]);
  });
});
