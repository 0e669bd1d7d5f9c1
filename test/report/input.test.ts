import { describe, expect, it } from "vitest";
import { parseCommand } from "../../sdk/report/command";
import { decodeText } from "../../sdk/report/encoding";
import { ReportError, UsageError } from "../../sdk/report/failure";
import { report } from "../../sdk/report/report";
import { SHOP_EXPORT, stackExport } from "./export";

function refusal(text: string): string {
  try {
    report(text, "stack.json");
  } catch (error) {
    if (error instanceof ReportError) return error.message;
    throw error;
  }
  throw new Error("a page was drawn");
}

describe("what is no stack with databases is refused in a sentence", () => {
  it.each([
    ["", "stack.json is empty. Give it what `pulumi stack export` prints."],
    ["\n", "stack.json is empty. Give it what `pulumi stack export` prints."],
    ["error: no stack selected", "stack.json is not JSON. Give it what `pulumi stack export` prints."],
    [SHOP_EXPORT.slice(0, -5), "stack.json is not JSON. Give it what `pulumi stack export` prints."],
    [
      "null",
      'stack.json is JSON, but no stack export: it has no "deployment". Give it what `pulumi stack export` prints.',
    ],
    [
      "[]",
      'stack.json is JSON, but no stack export: it has no "deployment". Give it what `pulumi stack export` prints.',
    ],
    [
      '{"version":3,"checkpoint":{"latest":{}}}',
      'stack.json is JSON, but no stack export: it has no "deployment". It is a checkpoint file of a state backend. Give it what `pulumi stack export` prints.',
    ],
    [
      '{"version":2,"deployment":{}}',
      "stack.json has a deployment of format 2; the formats 3 and 4 are known. Give it what `pulumi stack export` prints.",
    ],
    [
      '{"deployment":{}}',
      "stack.json has a deployment of format none; the formats 3 and 4 are known. Give it what `pulumi stack export` prints.",
    ],
    [
      '{"version":3,"deployment":{"manifest":{}}}',
      "stack.json is a stack export with 0 resources, none of which is of pulumi-dbversion: there is nothing to report.",
    ],
    [
      stackExport([]),
      "stack.json is a stack export with 2 resources, none of which is of pulumi-dbversion: there is nothing to report.",
    ],
  ])("%.30s", (text, message) => {
    expect(refusal(text)).toBe(message);
  });

  it("and never with a piece of it", () => {
    expect(refusal('{"deployment": {"password": "hunter2" "x"}}')).not.toContain("hunter2");
  });
});

describe("the text of a file", () => {
  const text = '{"name":"café"}';
  it.each([
    ["UTF-8", Buffer.from(text)],
    ["UTF-8 with a mark", Buffer.from(`\ufeff${text}`)],
    ["UTF-16, as PowerShell redirects", Buffer.from(`\ufeff${text}`, "utf16le")],
    ["UTF-16, the other way round", Buffer.from(`\ufeff${text}`, "utf16le").swap16()],
  ])("is read as %s", (_, bytes) => {
    expect(decodeText(bytes)).toBe(text);
  });
});

describe("the command line", () => {
  it.each([
    [["report", "a.json"], { kind: "report", input: "a.json" }],
    [["report", "-"], { kind: "report", input: "-" }],
    [["report", "-", "-o", "b.html"], { kind: "report", input: "-", output: "b.html" }],
    [["--output=b.html", "report", "a.json"], { kind: "report", input: "a.json", output: "b.html" }],
    [["--help"], { kind: "help" }],
    [["report", "-h"], { kind: "help" }],
    [["-v"], { kind: "version" }],
  ])("%j", (args, command) => {
    expect(parseCommand(args)).toEqual(command);
  });

  it.each([
    [[], "a command is missing"],
    [["rapport"], 'there is no command "rapport"'],
    [["report"], "report: a stack export is missing: name a file, or - to read it from a pipe"],
    [["report", "a", "b", "c"], 'report: one stack export at a time, not also "b c"'],
    [["report", "a", "-o"], /-o.*argument missing/],
    [["report", "a", "--output="], "report: --output has no file name"],
    [["report", "a", "--colour"], /Unknown option '--colour'/],
  ])("%j is not understood", (args, message) => {
    expect(() => parseCommand(args)).toThrow(UsageError);
    expect(() => parseCommand(args)).toThrow(message);
  });
});
