import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { report, SHOP_EXPORT } from "../../report/export";
import { COMMAND } from "./command";

let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "report-"));
  await writeFile(join(dir, "stack.json"), SHOP_EXPORT);
});
afterAll(() => rm(dir, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(args: readonly string[], { input = "", close = false } = {}): Promise<Ended> {
  const child = spawn(process.execPath, [COMMAND, ...args], { cwd: dir });
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  if (close) child.stdout.destroy();
  const code = new Promise<number | null>((resolve) => child.once("close", resolve));
  const [stdout, stderr] = await Promise.all([close ? "" : text(child.stdout), text(child.stderr)]);
  return { code: await code, stdout, stderr };
}

describe("pulumi-dbversion", () => {
  it("writes the page to the standard output, and nothing else", async () => {
    expect(await run(["report", "stack.json"])).toEqual({ code: 0, stdout: report(SHOP_EXPORT, ""), stderr: "" });
  });

  it("reads a pipe and writes a file", async () => {
    expect(await run(["report", "-", "-o", "page.html"], { input: SHOP_EXPORT })).toEqual({
      code: 0,
      stdout: "",
      stderr: "",
    });
    expect(await readFile(join(dir, "page.html"), "utf8")).toBe(report(SHOP_EXPORT, ""));
  });

  it("ends quietly when nobody reads its output", async () => {
    expect(await run(["report", "stack.json"], { close: true })).toMatchObject({ code: 0, stderr: "" });
  });

  it.each([
    [["report", "none.json"], /^pulumi-dbversion report: The stack export could not be read: ENOENT.*none\.json.*\n$/],
    [
      ["report", "stack.json", "-o", "no/page.html"],
      /^pulumi-dbversion report: The page could not be written: ENOENT.*\n$/,
    ],
    [["report", "-"], /^pulumi-dbversion report: Standard input is empty\. .*\n$/],
  ])("%j ends with 1 and a sentence", async (args, message) => {
    expect(await run(args)).toEqual({ code: 1, stdout: "", stderr: expect.stringMatching(message) });
  });

  it("ends with 2 and a suggestion when it is not understood", async () => {
    const { code, stdout, stderr } = await run(["raport"]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toBe(
      'pulumi-dbversion: unknown command "raport"; did you mean report?\nRun `pulumi-dbversion --help` for usage.\n',
    );
  });

  it("has a help and a version", async () => {
    expect((await run(["report", "--help"])).stdout).toMatch(/^usage: pulumi-dbversion report .*exit codes/s);
    const { version } = JSON.parse(await readFile(join(__dirname, "..", "..", "..", "package.json"), "utf8"));
    expect(await run(["--version"])).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
  });
});
