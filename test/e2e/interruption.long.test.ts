/** @module-tag long */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { engines, type Run } from "../engine";
import { messagesOfResource, openStage, type Stage, TIMEOUT, testMatrix } from "./stage";

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe.each(testMatrix())("%s engine, %s: an upgrade that outlasts its run", TIMEOUT, (prefer, _, subject) => {
  const { old, target, lateStage, failing } = subject;
  const progress = new RegExp(`\\d% \\d+/${subject.stages} `);
  let stage: Stage;
  afterEach(() => stage.close());

  const open = async () => {
    stage = await openStage(prefer, { subject });
    return stage;
  };

  /** An upgrade that hangs near its end until it is resumed. */
  const openHanging = async () => {
    const opened = await open();
    opened.cluster.control.hang({ stage: lateStage });
    return opened;
  };

  const hangs = () => expect.poll(() => stage.cluster.dags.at(-1)?.hung, { timeout: 60_000 }).toBe(true);

  const resume = async () => {
    await hangs();
    stage.cluster.control.unhang();
  };

  /** The next `up` joins the upgrade until it has succeeded, with one upgrade request in total. */
  const joinsAndFinishes = async (run: Run) => {
    expect(run.ok).toBe(true);
    expect(run.outputs["orders"]).toMatchObject({ status: "current", currentVersion: target.args.version });
    expect((await stage.state())?.initErrors ?? []).toEqual([]);
    expect(stage.writes()).toBe(1);
    expect(stage.cluster.acceptedUpgrades).toHaveLength(1);
  };

  test("^C stops waiting and stores the upgrade; the next up joins it", async () => {
    const { engine, declare, state } = await openHanging();
    const up = engine.up(declare());
    await up.seen(progress);
    up.cancel();
    const run = await up;
    expect(run.ok).toBe(false);
    expect(run.output).toMatch(/Interrupted: .*: upgrade 11 .* is still running\. .* Run `pulumi up` again/);
    expect(await state()).toMatchObject({
      outputs: {
        status: "upgrading",
        currentVersion: old.args.version,
        lastUpgrade: { task: "11", state: "running" },
      },
      initErrors: [expect.stringContaining("still running")],
    });
    // Its agents restart before it hangs.
    await hangs();
    const preview = await engine.preview(declare());
    expect(messagesOfResource(preview).join()).toContain("joins running upgrade 11");
    stage.cluster.control.unhang();
    await joinsAndFinishes(await engine.up(declare()));
  });

  test("a killed plugin does not lose the upgrade", async () => {
    const { engine, declare } = await openHanging();
    const up = engine.up(declare());
    await up.seen(progress);
    expect(await up.killPlugin()).toBe(1);
    expect((await up).ok).toBe(false);
    await resume();
    await joinsAndFinishes(await engine.up(declare()));
  });

  test("a killed engine ends the plugin, and does not lose the upgrade", async () => {
    const { engine, declare, cluster } = await openHanging();
    const up = engine.up(declare());
    await up.seen(progress);
    const [plugin] = await up.plugins();
    expect(plugin).toBeDefined();
    await up.kill();
    await up.catch(() => undefined);
    await expect.poll(() => isAlive(plugin ?? 0), { timeout: 5_000 }).toBe(false);
    const requestsBefore = cluster.journal.entries.length;
    await engine.unlock();
    await resume();
    await joinsAndFinishes(await engine.up(declare()));
    expect(cluster.journal.entries.length).toBeGreaterThan(requestsBefore);
  });

  test("customTimeouts end the wait, not the upgrade", async () => {
    const { engine, declare } = await openHanging();
    const first = await engine.up(declare({}, { options: { customTimeouts: { create: "8s" } } }));
    expect(first.ok).toBe(false);
    expect(first.output).toMatch(/The time limit was reached \(customTimeouts\): .*: upgrade 11 .* is still running/);
    await resume();
    await joinsAndFinishes(await engine.up(declare()));
  });

  test("waits for agents that are down for half a minute", async () => {
    const { engine, declare, cluster } = await openHanging();
    const up = engine.up(declare());
    await up.seen(progress);
    await hangs();
    for (const index of [0, 1, 2]) cluster.control.restartAgent(index, { gapMs: 30_000 });
    cluster.control.unhang();
    await expect.poll(() => stage.reachable()).toBe(false);
    await joinsAndFinishes(await up);
  });

  test("agents that are down for longer than the budget fail the run, and the next up resumes the upgrade", async () => {
    const { engine, declare, cluster } = await openHanging();
    // Longer than the agents' own restart in the middle of the upgrade.
    const up = engine.up(declare({ unreachableTimeout: "6s" }));
    await up.seen(progress);
    await hangs();
    for (const index of [0, 1, 2]) cluster.control.stopAgent(index);
    const run = await up;
    expect(run.ok).toBe(false);
    expect(run.output).toMatch(/could not be read for \d+ s: .*Nothing was undone/);
    for (const index of [0, 1, 2]) cluster.control.startAgent(index);
    cluster.control.unhang();
    await joinsAndFinishes(await engine.up(declare({ unreachableTimeout: "2m" })));
  });

  test("a lost response after the request took effect leads to a search, not to another request", async () => {
    const { engine, declare, cluster } = await open();
    cluster.faults.add({ match: { method: "POST", path: subject.path }, fault: { kind: "loseReply" } });
    const run = await engine.up(declare());
    expect(messagesOfResource(run).join()).toContain("response to the upgrade request was lost");
    await joinsAndFinishes(run);
  });

  test("waits for another maintenance task that holds the lock, and shows its name", async () => {
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

  test("a failure at the vendor is reported with stage, code and remedies", async () => {
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

describe.each(testMatrix())("%s engine, %s: failed reads", TIMEOUT, (prefer, _, subject) => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage(prefer, { subject });
  });
  afterAll(() => stage.close());

  test("an unreachable cluster never fails a preview", async () => {
    for (const index of [0, 1, 2]) stage.cluster.control.stopAgent(index);
    const preview = await stage.engine.preview(stage.declare());
    expect(preview.ok).toBe(true);
    expect(messagesOfResource(preview).join()).toMatch(/^cannot plan: unreachable, .*ECONNREFUSED/);
    for (const index of [0, 1, 2]) stage.cluster.control.startAgent(index);
    await expect.poll(() => stage.reachable()).toBe(true);
  });

  test("a wrong password is reported, and no upgrade request is sent", async () => {
    const run = await stage.engine.up(stage.declare({ password: "not-the-password" }));
    expect(run.ok).toBe(false);
    expect(run.output).toMatch(
      /rejected the credentials \(argument `password`\): .*OceanBase password is incorrect.*\[unauthorized\]/,
    );
    expect(run.output).not.toContain("not-the-password");
    expect(stage.cluster.writes()).toEqual([]);
  });

  test("a server that is not obshell is reported in one sentence", async () => {
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

/** Both types validate arguments in the same way; only the database has all of them. */
describe.each(engines())("%s engine: invalid arguments", TIMEOUT, (prefer) => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage(prefer);
  });
  afterAll(() => stage.close());

  // All invalid arguments of a resource are reported together.
  test.each([
    [
      "several invalid arguments",
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
      "no endpoint, and a version with a build",
      { endpoints: [], version: "4.3.5.2-1" },
      [/property endpoints .*at least one agent, such as/, /property version .*set `release` instead/],
    ],
    [
      "a negative part of a version",
      { version: "4.3.-5.2" },
      [/property version .*not an OceanBase version. Example: "4\.3\.5\.2"/],
    ],
  ])("%s fail the check in a preview", async (_, args, texts) => {
    stage.cluster.journal.clear();
    const run = await stage.engine.preview(stage.declare(args));
    expect(run.ok).toBe(false);
    for (const text of texts) expect(run.output.replaceAll("\n", " ")).toMatch(text);
    expect(stage.cluster.journal.entries).toEqual([]);
  });

  test("a time limit of zero fails the check in a preview", async () => {
    const run = await stage.engine.preview(stage.declare({}, { options: { customTimeouts: { update: "0s" } } }));
    expect(run.ok).toBe(false);
    expect(run.output).toMatch(/customTimeouts.*update must be a duration above zero, such as "3h"/);
  });
});
