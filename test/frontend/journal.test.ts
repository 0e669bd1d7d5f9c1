import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { Journal, RunNotes } from "../../provider/frontend/resource/run-notes";

const ENGINE = "127.0.0.1:4711";
/** Both are running. */
const [PID, OTHER] = [process.pid, process.ppid];

function temporary(): string {
  const root = mkdtempSync(join(tmpdir(), "notes-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  return root;
}

/** The id of a process that has ended. */
function ended(): number {
  return spawnSync(process.execPath, ["-e", ""]).pid;
}

/** The processes of an operation, by their ids. */
function notesOf(root: string, ...pids: number[]): RunNotes[] {
  return pids.map((pid) => new RunNotes(new Journal(ENGINE, root, pid)));
}

describe("notes of an operation", () => {
  it("can be read by its other processes, in any order", () => {
    const [one, other] = notesOf(temporary(), PID, OTHER);
    one?.note("topic", "a", { x: "1", y: "2" });
    expect(other?.about("topic", ["x", "z"])).toEqual([{ subject: "x", author: "a", text: "1" }]);
    other?.note("topic", "b", { x: "é" });
    expect(one?.about("topic", ["x"])).toEqual([
      { subject: "x", author: "a", text: "1" },
      { subject: "x", author: "b", text: "é" },
    ]);
    expect(one?.about("another", ["x"])).toEqual([]);
    expect([one?.complete, other?.complete]).toEqual([true, true]);
  });

  it("are replaced by the process that wrote them, and removed permanently by any process", () => {
    const [one, other] = notesOf(temporary(), PID, OTHER);
    one?.note("topic", "a", { x: "1" });
    one?.note("topic", "a", { y: "2" });
    expect(other?.about("topic", ["x", "y"])).toEqual([{ subject: "y", author: "a", text: "2" }]);
    other?.remove("topic", "a");
    expect(one?.about("topic", ["y"])).toEqual([]);
    one?.note("topic", "a", { y: "2" });
    expect(other?.about("topic", ["y"])).toEqual([]);
  });

  it("are not visible to another operation", () => {
    const root = temporary();
    const [one] = notesOf(root, PID);
    one?.note("topic", "a", { x: "1" });
    const later = new RunNotes(new Journal("127.0.0.1:4712", root, OTHER));
    expect(later.about("topic", ["x"])).toEqual([]);
  });

  it("of an earlier operation at the same address are removed, unless their process is running", () => {
    const root = temporary();
    const [dead, living] = notesOf(root, ended(), OTHER);
    dead?.note("topic", "dead", { x: "1" });
    living?.note("topic", "living", { x: "2" });
    const [now] = notesOf(root, PID);
    expect(now?.about("topic", ["x"])).toEqual([{ subject: "x", author: "living", text: "2" }]);
  });

  it("of processes that ended long ago are removed by any later operation", () => {
    const root = temporary();
    const [dead] = notesOf(root, ended());
    dead?.note("topic", "dead", { x: "1" });
    const [before = ""] = readdirSync(root);
    utimesSync(join(root, before), new Date(0), new Date(0));
    new RunNotes(new Journal("127.0.0.1:4712", root, PID)).note("topic", "a", { x: "1" });
    expect(readdirSync(root)).not.toContain(before);
  });

  it("with invalid content are ignored", () => {
    const root = temporary();
    const [one, other] = notesOf(root, PID, OTHER);
    one?.note("topic", "a", { x: "1" });
    const [directory = ""] = readdirSync(root);
    const file = join(root, directory, String(PID));
    appendFileSync(file, '\nnot JSON\n{"topic":1}\n["topic","b",{"x":7}]\n["topic","c",{"x":"half');
    expect(other?.about("topic", ["x"]).map(({ author }) => author)).toEqual(["a"]);
    appendFileSync(file, ' a line"}]\n');
    expect(other?.about("topic", ["x"]).map(({ text }) => text)).toEqual(["1", "half a line"]);
  });

  it.skipIf(process.platform === "win32")("can only be read by this user", () => {
    const root = join(temporary(), "below");
    notesOf(root, PID)[0]?.note("topic", "a", { x: "1" });
    const [directory = ""] = readdirSync(root);
    const modes = [root, join(root, directory), join(root, directory, String(PID))].map((path) => statSync(path).mode);
    expect(modes.map((mode) => mode & 0o777)).toEqual([0o700, 0o700, 0o600]);
  });

  it.each<[string, (path: string) => void]>([
    ["is a file", (path) => writeFileSync(path, "")],
    ["is a symbolic link", (path) => symlinkSync(temporary(), path)],
    ["can be read by other users", (path) => mkdirSync(path, { mode: 0o755 })],
  ])("are reported as incomplete if their directory %s, and nothing fails", (_, spoil) => {
    const root = join(temporary(), "spoiled");
    spoil(root);
    const [one] = notesOf(root, PID);
    one?.note("topic", "a", { x: "1" });
    expect(one?.complete).toBe(false);
    expect(one?.about("topic", ["x"])).toEqual([{ subject: "x", author: "a", text: "1" }]);
  });

  it("are reported as incomplete after the directory was removed", () => {
    const root = temporary();
    const [one] = notesOf(root, PID);
    one?.note("topic", "a", { x: "1" });
    rmSync(root, { recursive: true });
    expect(one?.about("topic", ["x"])).toHaveLength(1);
    expect(one?.complete).toBe(false);
  });
});
