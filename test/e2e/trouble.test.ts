import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { engines } from "../engine";
import { openStage, type Stage, saidAtPin } from "./stage";

describe.each(engines())("%s engine: trouble", { timeout: 90_000 }, (prefer) => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage(prefer);
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
    expect(run.output).toMatch(/refused the credentials: .*OceanBase password is incorrect.*OCEANBASE_PASSWORD/);
    expect(run.output).not.toContain("not-the-password");
    expect(stage.cluster.writes()).toEqual([]);
  });

  test.each([
    ["a misspelt argument", { upgradeDirectory: "/data/x" }, /property upgradeDirectory .*did you mean upgradeDir\?/],
    ["no endpoint", { endpoints: [] }, /property endpoints .*at least one agent, such as/],
    ["not a URL", { endpoints: ["10.0.0.1"] }, /property endpoints\.0 .*is not a URL; right is "http:/],
    [
      "a version of two parts",
      { version: "4.3", release: undefined },
      /property version .*must have 4 parts.*"4\.3\.5\.2"/,
    ],
    ["a version with its build", { version: "4.3.5.2-1" }, /property version .*belongs in `release`/],
    ["a negative part", { version: "4.3.-5.2" }, /property version .*not an OceanBase version; right is "4\.3\.5\.2"/],
    [
      "a release without distribution",
      { release: "102000042025031214" },
      /property release .*"102000042025031214\.el7"/,
    ],
    ["an unknown mode", { mode: "fast" }, /property mode .*must be "rolling" or "stopService"/],
    ["a directory that is too high", { upgradeDir: "/data" }, /property upgradeDir .*first-level directory/],
  ])("%s is a check failure at preview", async (_, args, text) => {
    stage.cluster.journal.clear();
    const run = await stage.engine.preview(stage.declare(args));
    expect(run.ok).toBe(false);
    expect(run.output.replaceAll("\n", " ")).toMatch(text);
    expect(stage.cluster.journal.entries).toEqual([]);
  });

  test("a time limit of zero is a check failure at preview", async () => {
    const run = await stage.engine.preview(stage.declare({}, { options: { customTimeouts: { update: "0s" } } }));
    expect(run.ok).toBe(false);
    expect(run.output).toMatch(/customTimeouts.*update must be a duration above zero, such as "3h"/);
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
      `${origin} is not an obshell agent: expected JSON in obshell's envelope, found HTTP 200, text/html: “<!doctype html><title>Welcome</title>”.`,
    );
  });
});
