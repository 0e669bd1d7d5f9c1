import { describe, expect, it } from "vitest";
import { report } from "../../sdk/report/page";
import { decodeText, ReportError } from "../../sdk/report/stack-export";
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
    ["", "stack.json is empty. Pass the output of `pulumi stack export`."],
    ["\n", "stack.json is empty. Pass the output of `pulumi stack export`."],
    ["error: no stack selected", "stack.json is not JSON. Pass the output of `pulumi stack export`."],
    [SHOP_EXPORT.slice(0, -5), "stack.json is not JSON. Pass the output of `pulumi stack export`."],
    [
      "null",
      'stack.json is JSON, but not a stack export: it has no "deployment". Pass the output of `pulumi stack export`.',
    ],
    [
      "[]",
      'stack.json is JSON, but not a stack export: it has no "deployment". Pass the output of `pulumi stack export`.',
    ],
    [
      '{"version":3,"checkpoint":{"latest":{}}}',
      'stack.json is JSON, but not a stack export: it has no "deployment". It is a checkpoint file of a state backend. Pass the output of `pulumi stack export`.',
    ],
    [
      '{"version":2,"deployment":{}}',
      "stack.json has deployment format 2; supported formats are 3 and 4. Pass the output of `pulumi stack export`.",
    ],
    [
      '{"deployment":{}}',
      "stack.json has deployment format none; supported formats are 3 and 4. Pass the output of `pulumi stack export`.",
    ],
    [
      '{"version":3,"deployment":{"manifest":{}}}',
      "stack.json is a stack export with 0 resources, none of which belongs to pulumi-dbversion: there is nothing to report.",
    ],
    [
      stackExport([]),
      "stack.json is a stack export with 2 resources, none of which belongs to pulumi-dbversion: there is nothing to report.",
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
