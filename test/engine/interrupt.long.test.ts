/** @module-tag long */
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { onEachEngine } from "./each-engine";
import { isAlive } from "./processes";
import { openTrial, type Trial } from "./trial";

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

  test("a provider that dies fails the step; what it had not finished is not recorded", async () => {
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
