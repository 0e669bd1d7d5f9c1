/** @module-tag long */
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { onEachEngine } from "./each-engine";
import { type Run, UNKNOWN_VALUE } from "./index";
import { isAlive } from "./processes";
import { openTrial, type Trial } from "./trial";

const ops = (run: Run) => run.steps.map(({ op, name }) => `${op} ${name}`);

onEachEngine("a stack from beginning to end", (prefer) => {
  let trial: Trial;
  beforeAll(async () => {
    trial = await openTrial(prefer);
  });
  afterAll(() => trial.close());

  const first = {
    name: "first",
    args: { version: "1" },
    options: { customTimeouts: { create: "7m", update: "1h30m" } },
  };
  const group = { name: "group", kind: "Group" } as const;
  const second = {
    name: "second",
    args: { version: "@first.computed" },
    options: { parent: "group", dependsOn: ["first"] },
  };

  test("a preview calls check, not create, and does not know computed outputs", async () => {
    const run = await trial.engine.preview(trial.declare(first, group, second));
    expect(run).toMatchObject({ ok: true, changes: { create: 4 } });
    expect(run.outputs).toEqual({ first: UNKNOWN_VALUE, second: UNKNOWN_VALUE });
    const calls = await trial.calls();
    expect(calls.map(({ call, name }) => [call, name])).toEqual([
      ["configure", undefined],
      ["check", "first"],
      ["check", "second"],
    ]);
    expect(calls[2]).toMatchObject({ olds: {}, news: { version: UNKNOWN_VALUE } });
    expect((await trial.engine.exportState()).deployment.resources ?? []).toEqual([]);
  });

  test("an update creates what is declared, in the order of dependencies, with its timeouts in seconds", async () => {
    const run = await trial.engine.up(trial.declare(first, group, second));
    expect(run).toMatchObject({ ok: true, changes: { create: 4 } });
    expect(run.outputs).toEqual({ first: "made-1", second: "made-made-1" });
    expect(run.output).toContain("created");
    const creates = (await trial.calls()).filter(({ call }) => call === "create");
    expect(creates).toMatchObject([
      { name: "first", timeout: 420 },
      { name: "second", timeout: 0 },
    ]);
    expect(creates[0]?.["urn"]).toMatch(/::pulumi-nodejs:dynamic\/trial:Thing::first$/);
    expect(await trial.state("group")).toMatchObject({ custom: false, outputs: { members: 1 } });
    expect(await trial.state("second")).toMatchObject({
      urn: expect.stringContaining("trial:index:Group$pulumi-nodejs:dynamic/trial:Thing::second"),
      dependencies: [expect.stringMatching(/::first$/)],
      propertyDependencies: { version: [expect.stringMatching(/::first$/)] },
    });
    expect(await trial.state("first")).toMatchObject({
      id: "id-first-",
      customTimeouts: { create: 420, update: 5400 },
    });
  });

  test("an update without changes calls diff only", async () => {
    const run = await trial.engine.up(trial.declare(first, group, second));
    expect(run).toMatchObject({ ok: true, changes: { same: 4 } });
    const calls = (await trial.calls()).map(({ call, name }) => `${call} ${name}`);
    expect(calls).toEqual(
      ["check first", "diff first", "check second", "diff second"].flatMap((each, at) =>
        at === 0 ? ["configure undefined", each] : [each],
      ),
    );
  });

  test("a changed property is an update, an identity a replacement, a missing declaration a deletion", async () => {
    const changed = [
      { ...first, args: { version: "1", key: "k" } },
      { name: "second", args: { version: "2" }, options: { parent: "group" } },
    ] as const;
    const run = await trial.engine.up(trial.declare(changed[0], group, changed[1]));
    expect(run).toMatchObject({ ok: true, changes: { replace: 1, update: 1, same: 2 } });
    expect(run.steps.find(({ name, op }) => name === "second" && op === "update")).toMatchObject({ diff: ["version"] });
    // The old one is deleted last.
    expect(ops(run).filter((step) => step.endsWith("first"))).toEqual([
      "create-replacement first",
      "replace first",
      "delete-replaced first",
    ]);
    expect((await trial.calls()).filter(({ call }) => call === "delete")).toMatchObject([{ id: "id-first-" }]);
    const dropped = await trial.engine.up(trial.declare(changed[0]));
    expect(dropped).toMatchObject({ ok: true, changes: { delete: 2, same: 2 } });
    expect((await trial.calls()).filter(({ call }) => call === "delete")).toMatchObject([{ name: "second" }]);
  });

  test("a provider may require the deletion first", async () => {
    const run = await trial.engine.up(
      trial.declare({ ...first, args: { version: "1", key: "z", mode: "delete-first" } }),
    );
    expect(run).toMatchObject({ ok: true, changes: { replace: 1, same: 1 } });
    expect(ops(run)).toEqual(["same trial-dev", "delete-replaced first", "replace first", "create-replacement first"]);
    const calls = (await trial.calls()).filter(({ call }) => call === "delete" || call === "create");
    expect(calls.map(({ call }) => call)).toEqual(["delete", "create"]);
  });

  test("options: ignoreChanges keeps the old value, retainOnDelete makes no call, an alias keeps the resource", async () => {
    const renamed = {
      name: "renamed",
      args: { version: "9", key: "z", label: "first" },
      options: {
        ignoreChanges: ["version", "mode"],
        aliases: [{ name: "first" }],
        retainOnDelete: true,
        protect: true,
      },
    };
    const run = await trial.engine.up(trial.declare(renamed));
    expect(run).toMatchObject({ ok: true, changes: { same: 2 } });
    expect(await trial.state("renamed")).toMatchObject({ inputs: { version: "1" }, protect: true });
    expect(await trial.state("first")).toBeUndefined();
    await trial.calls();
    const refused = await trial.engine.destroy();
    expect(refused.ok).toBe(false);
    expect(refused.diagnostics.map(({ message }) => message).join()).toContain("because it is protected");
    const { protect: _, ...options } = renamed.options;
    expect(await trial.engine.up(trial.declare({ ...renamed, options }))).toMatchObject({ ok: true });
    expect(await trial.engine.destroy()).toMatchObject({ ok: true, changes: { delete: 2 } });
    expect((await trial.calls()).filter(({ call }) => call === "delete")).toEqual([]);
  });
});

onEachEngine("refresh, logs, parallel steps", (prefer) => {
  let trial: Trial;
  beforeAll(async () => {
    trial = await openTrial(prefer);
  });
  afterAll(() => trial.close());
  const moved = { name: "moved", args: { version: "2" } };
  const gone = { name: "gone", args: { version: "1", mode: "log" } };

  test("messages have the resource's URN, severity, and whether they are ephemeral", async () => {
    const run = await trial.engine.up(trial.declare(moved, gone));
    expect(run.ok).toBe(true);
    const urn = expect.stringMatching(/::gone$/);
    expect(run.diagnostics).toEqual(
      expect.arrayContaining([
        { severity: "info", urn, message: "kept for the end", ephemeral: false },
        { severity: "info", urn, message: "passing by", ephemeral: true },
        { severity: "warning", urn, message: "take care", ephemeral: false },
      ]),
    );
    expect(run.output).toMatch(/passing by[\s\S]*Diagnostics:[\s\S]*kept for the end/);
    expect(run.output.slice(run.output.indexOf("Diagnostics:"))).not.toContain("passing by");
  });

  test("a refresh stores what was read, including inputs, and removes missing resources", async () => {
    await trial.find({ moved: "1", gone: null });
    const run = await trial.engine.refresh();
    expect(run).toMatchObject({ ok: true, changes: { update: 1, delete: 1, same: 1 } });
    expect(run.steps.map(({ op, name, diff }) => [name, op, diff])).toEqual(
      expect.arrayContaining([
        ["moved", "update", ["version"]],
        ["gone", "delete", []],
      ]),
    );
    const found = await trial.state("moved");
    expect(found).toMatchObject({ inputs: { version: "1" }, outputs: { version: "1" } });
    // A refresh removes the entries of properties without dependencies.
    expect(found).not.toHaveProperty("propertyDependencies");
    expect(await trial.state("gone")).toBeUndefined();
  });

  test("a preview then shows the drift, and an update fixes it", async () => {
    const preview = await trial.engine.preview(trial.declare(moved));
    expect(preview.steps.find(({ name }) => name === "moved")).toMatchObject({ op: "update", diff: ["version"] });
    expect(preview.output).toContain("[diff: ~version]");
    expect(await trial.engine.up(trial.declare(moved))).toMatchObject({ ok: true, changes: { update: 1, same: 1 } });
  });

  test("independent resources are processed concurrently", async () => {
    const meeting = [moved, ...["left", "right"].map((name) => ({ name, args: { version: "1", mode: "meet" } }))];
    expect(await trial.engine.up(trial.declare(...meeting))).toMatchObject({
      ok: true,
      changes: { create: 2, same: 2 },
    });
  });

  test("a resource can be read by its id", async () => {
    const found = { name: "found", args: { version: "0" }, options: { id: "id-found-" } };
    const run = await trial.engine.up(trial.declare(moved, found));
    expect(run.ok).toBe(true);
    expect(await trial.state("found")).toMatchObject({ external: true, id: "id-found-" });
  });
});

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
