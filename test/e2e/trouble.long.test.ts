/** @module-tag long */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { engines } from "../engine";
import { casts, openStage, type Stage, saidAtPin, TIMEOUT } from "./stage";

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
