/** @module-tag long */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { engines, type Run } from "../engine";
import { casts, openStage, type Stage, saidAtPin, TIMEOUT } from "./stage";

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe.each(casts())("%s engine, %s: an upgrade that outlives its run", TIMEOUT, (prefer, _, subject) => {
  const { old, target, lateStage, failing } = subject;
  const passed = new RegExp(`\\d% \\d+/${subject.stages} `);
  let stage: Stage;
  afterEach(() => stage.close());

  const open = async () => {
    stage = await openStage(prefer, { subject });
    return stage;
  };

  /** An upgrade that is held up near its end, until it is let go. */
  const openHanging = async () => {
    const opened = await open();
    opened.cluster.control.hang({ stage: lateStage });
    return opened;
  };

  const hangs = () => expect.poll(() => stage.cluster.dags.at(-1)?.hung, { timeout: 60_000 }).toBe(true);

  const letGo = async () => {
    await hangs();
    stage.cluster.control.unhang();
  };

  /** The next `up` joins and finishes what runs, with one call in all. */
  const joinsAndFinishes = async (run: Run) => {
    expect(run.ok).toBe(true);
    expect(run.outputs["orders"]).toMatchObject({ status: "current", currentVersion: target.args.version });
    expect((await stage.state())?.initErrors ?? []).toEqual([]);
    expect(stage.writes()).toBe(1);
    expect(stage.cluster.acceptedUpgrades).toHaveLength(1);
  };

  test("^C while waiting hands over; the next up joins", async () => {
    const { engine, declare, state } = await openHanging();
    const up = engine.up(declare());
    await up.seen(passed);
    up.cancel();
    const run = await up;
    expect(run.ok).toBe(false);
    expect(run.output).toMatch(/Interrupted: .* is still running upgrade 11 .* Run `pulumi up` again/);
    expect(await state()).toMatchObject({
      outputs: { status: "upgrading", currentVersion: old.args.version, lastUpgrade: { task: "11", state: "running" } },
      initErrors: [expect.stringContaining("still running")],
    });
    // Its agents restart before it is held up.
    await hangs();
    const preview = await engine.preview(declare());
    expect(saidAtPin(preview).join()).toContain("joins running upgrade 11");
    stage.cluster.control.unhang();
    await joinsAndFinishes(await engine.up(declare()));
  });

  test("a killed plugin loses nothing", async () => {
    const { engine, declare } = await openHanging();
    const up = engine.up(declare());
    await up.seen(passed);
    expect(await up.killPlugin()).toBe(1);
    expect((await up).ok).toBe(false);
    await letGo();
    await joinsAndFinishes(await engine.up(declare()));
  });

  test("a killed engine takes the plugin with it, and nothing is lost", async () => {
    const { engine, declare, cluster } = await openHanging();
    const up = engine.up(declare());
    await up.seen(passed);
    const [plugin] = await up.plugins();
    expect(plugin).toBeDefined();
    await up.kill();
    await up.catch(() => undefined);
    await expect.poll(() => isAlive(plugin ?? 0), { timeout: 5_000 }).toBe(false);
    const asked = cluster.journal.entries.length;
    await engine.unlock();
    await letGo();
    await joinsAndFinishes(await engine.up(declare()));
    expect(cluster.journal.entries.length).toBeGreaterThan(asked);
  });

  test("customTimeouts end the wait, not the upgrade", async () => {
    const { engine, declare } = await openHanging();
    const first = await engine.up(declare({}, { options: { customTimeouts: { create: "8s" } } }));
    expect(first.ok).toBe(false);
    expect(first.output).toMatch(/The time limit was reached \(customTimeouts\): .* still running upgrade 11/);
    await letGo();
    await joinsAndFinishes(await engine.up(declare()));
  });

  test("agents that are down for half a minute are waited for", async () => {
    const { engine, declare, cluster } = await openHanging();
    const up = engine.up(declare());
    await up.seen(passed);
    await hangs();
    for (const index of [0, 1, 2]) cluster.control.restartAgent(index, { gapMs: 30_000 });
    cluster.control.unhang();
    await expect.poll(() => stage.reachable()).toBe(false);
    await joinsAndFinishes(await up);
  });

  test("agents that are down for longer than the budget end the run as a hand-over", async () => {
    const { engine, declare, cluster } = await openHanging();
    // Longer than the agents' own restart in the middle of the upgrade.
    const up = engine.up(declare({ unreachableTimeout: "6s" }));
    await up.seen(passed);
    await hangs();
    for (const index of [0, 1, 2]) cluster.control.stopAgent(index);
    const run = await up;
    expect(run.ok).toBe(false);
    expect(run.output).toMatch(/could not be read for \d+ s: .*Nothing was undone/);
    for (const index of [0, 1, 2]) cluster.control.startAgent(index);
    cluster.control.unhang();
    await joinsAndFinishes(await engine.up(declare({ unreachableTimeout: "2m" })));
  });

  test("the reply to the call lost after it took effect is looked for, not sent again", async () => {
    const { engine, declare, cluster } = await open();
    cluster.faults.add({ match: { method: "POST", path: subject.path }, fault: { kind: "loseReply" } });
    const run = await engine.up(declare());
    expect(saidAtPin(run).join()).toContain("response to the upgrade request was lost");
    await joinsAndFinishes(run);
  });

  test("another maintenance task that holds the lock is waited for by its name", async () => {
    const { engine, declare, cluster } = await open();
    cluster.control.startMaintenance("Start OB");
    const up = engine.up(declare());
    await up.seen("waiting for maintenance task 11 (Start OB)");
    expect(stage.writes()).toBe(0);
    cluster.control.finish();
    const run = await up;
    expect(run.ok).toBe(true);
    expect(stage.cluster.acceptedUpgrades).toHaveLength(1);
  });

  test("that fails at the vendor is told with its stage, its code, and the ways on", async () => {
    const { engine, declare, cluster, state } = await open();
    cluster.control.fail({ stage: failing.stage });
    const run = await engine.up(declare());
    expect(run.ok).toBe(false);
    const where = `stage ${failing.number}/${subject.stages}: ${failing.stage}`;
    expect(run.output).toMatch(new RegExp(`${where} failed on 127\\.0\\.0\\.1:\\d+: \\[Common\\.Unexpected\\]`));
    expect(run.output).toContain("obshell task retry -i 11");
    expect((await state())?.outputs).toMatchObject({ status: "failed", lastUpgrade: { state: "failed" } });
    cluster.control.operate("RETRY");
    await joinsAndFinishes(await engine.up(declare()));
  });
});

describe.each(casts())("%s engine, %s: trouble", TIMEOUT, (prefer, _, subject) => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage(prefer, { subject });
  });
  afterAll(() => stage.close());

  test("an unreachable cluster never fails a preview", async () => {
    for (const index of [0, 1, 2]) stage.cluster.control.stopAgent(index);
    const preview = await stage.engine.preview(stage.declare());
    expect(preview.ok).toBe(true);
    expect(saidAtPin(preview).join()).toMatch(/^cannot plan: unreachable, .*ECONNREFUSED/);
    for (const index of [0, 1, 2]) stage.cluster.control.startAgent(index);
    await expect.poll(() => stage.reachable()).toBe(true);
  });

  test("a wrong password is told as such, and nothing is called", async () => {
    const run = await stage.engine.up(stage.declare({ password: "not-the-password" }));
    expect(run.ok).toBe(false);
    expect(run.output).toMatch(
      /rejected the credentials \(argument `password`\): .*OceanBase password is incorrect.*\[unauthorized\]/,
    );
    expect(run.output).not.toContain("not-the-password");
    expect(stage.cluster.writes()).toEqual([]);
  });

  test("a server that is no obshell is told in one sentence", async () => {
    const web = createServer((_, response) => {
      response.writeHead(200, { "content-type": "text/html" });
      response.end("<!doctype html><title>Welcome</title>");
    });
    await new Promise<void>((resolve) => web.listen(0, "127.0.0.1", resolve));
    // A listening TCP server has an AddressInfo.
    const { port } = web.address() as AddressInfo;
    const origin = `http://127.0.0.1:${port}`;
    const run = await stage.engine.up(stage.declare({ endpoints: [origin] }));
    web.close();
    expect(run.ok).toBe(false);
    expect(run.output).toContain(
      `${origin} is not an obshell agent: expected JSON in obshell's envelope, found HTTP 200, text/html: “Welcome”.`,
    );
  });
});

/** Arguments are checked the same way for both types; only the database has them all. */
describe.each(engines())("%s engine: arguments that are wrong", TIMEOUT, (prefer) => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage(prefer);
  });
  afterAll(() => stage.close());

  // What is wrong with one resource is told in one go.
  test.each([
    [
      "all at once",
      {
        upgradeDirectory: "/data/x",
        endpoints: ["10.0.0.1"],
        version: "4.3",
        release: "102000042025031214",
        mode: "fast",
        upgradeDir: "/data",
      },
      [
        /property upgradeDirectory .*did you mean upgradeDir\?/,
        /property endpoints\.0 .*is not a URL. Example: "http:/,
        /property version .*must have 4 parts.*"4\.3\.5\.2"/,
        /property release .*"102000042025031214\.el7"/,
        /property mode .*must be "rolling" or "stopService"/,
        /property upgradeDir .*first-level directory/,
      ],
    ],
    [
      "no endpoint, and a version with its build",
      { endpoints: [], version: "4.3.5.2-1" },
      [/property endpoints .*at least one agent, such as/, /property version .*set `release` instead/],
    ],
    [
      "a negative part",
      { version: "4.3.-5.2" },
      [/property version .*not an OceanBase version. Example: "4\.3\.5\.2"/],
    ],
  ])("%s: a check failure at preview", async (_, args, texts) => {
    stage.cluster.journal.clear();
    const run = await stage.engine.preview(stage.declare(args));
    expect(run.ok).toBe(false);
    for (const text of texts) expect(run.output.replaceAll("\n", " ")).toMatch(text);
    expect(stage.cluster.journal.entries).toEqual([]);
  });

  test("a time limit of zero is a check failure at preview", async () => {
    const run = await stage.engine.preview(stage.declare({}, { options: { customTimeouts: { update: "0s" } } }));
    expect(run.ok).toBe(false);
    expect(run.output).toMatch(/customTimeouts.*update must be a duration above zero, such as "3h"/);
  });
});
