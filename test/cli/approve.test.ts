import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type RunOptions, rig } from "./rig";

const URN = "urn:pulumi:dev::shop::pulumi-nodejs:dynamic/oceanbase:ClusterVersion::orders";
const plan = {
  "10.0.0.1:2886": {
    from: "4.2.1.8",
    to: "4.3.5.2-102000042025031214",
    how: "4.2.1.8 → 4.3.5.2, rolling over 3 zones",
    digest: "a".repeat(64),
  },
};
const git = { "git config user.name": "Anna\n", "git config user.email": "anna@example.com\n" };

const preview = (inputs: object) => ({ steps: [{ op: "create", urn: URN, newState: { urn: URN, inputs } }] });
const stack = (outputs: object) => ({ version: 3, deployment: { resources: [{ urn: URN, inputs: {}, outputs }] } });

let directory: string;
const file = () => join(directory, "approved.json");

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "approve-"));
});
afterEach(() => rm(directory, { recursive: true }));

const approve = (input: unknown, options: RunOptions = {}) =>
  rig(() => [], { input: typeof input === "string" ? input : JSON.stringify(input), programs: git, ...options }).run;

const approval = {
  ...plan["10.0.0.1:2886"],
  approvedAt: "2026-01-01T00:00:00.000Z",
  approvedBy: "Anna <anna@example.com>",
};

describe("approve", () => {
  it.each([
    ["a preview", preview({ __plan: plan })],
    ["a stack with a held upgrade", stack({ status: "held", __plan: plan })],
  ])("writes an entry for each planned upgrade of %s", async (_, input) => {
    const { code, out, err } = await approve(input)("approve", "-");
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({ formatVersion: 1, approvals: { [URN]: { "10.0.0.1:2886": approval } } });
    expect(err).toBe(
      "Approved:\nresource  database       plan\norders    10.0.0.1:2886  4.2.1.8 → 4.3.5.2, rolling over 3 zones\n\n",
    );
  });

  it("shows the whole name of a resource that contains `::`", async () => {
    const urn = URN.replace("orders", "shop::orders");
    const input = { steps: [{ op: "create", urn, newState: { urn, inputs: { __plan: plan } } }] };
    expect((await approve(input)("approve", "-")).err).toMatch(/^shop::orders {2}10\.0\.0\.1:2886 {2}/m);
  });

  it.each([
    ["that is up to date", { status: "current" }],
    [
      "with another held plan",
      { status: "held", __plan: { "10.0.0.1:2886": { ...plan["10.0.0.1:2886"], digest: "b" } } },
    ],
  ])("does not approve the plan that an export has in the inputs of a resource %s", async (_, outputs) => {
    const input = { version: 3, deployment: { resources: [{ urn: URN, inputs: { __plan: plan }, outputs }] } };
    const { out } = await approve(input)("approve", "-");
    expect(out).not.toContain(plan["10.0.0.1:2886"].digest);
    expect(out === "").toBe(outputs.status === "current");
  });

  it("does not approve the plan of a replaced resource that still has to be deleted", async () => {
    const held = { urn: URN, inputs: {}, outputs: { status: "held", __plan: plan } };
    const other = { ...held, urn: `${URN}-2` };
    const input = { version: 3, deployment: { resources: [{ ...held, delete: true }, other] } };
    const { out } = await approve(input)("approve", "-");
    expect(Object.keys(JSON.parse(out).approvals)).toEqual([other.urn]);
  });

  it("keeps the entries of other resources in the file, and replaces its own", async () => {
    const other = { "urn:other": { a: approval } };
    const old = { [URN]: { "10.0.0.1:2886": { ...approval, digest: "b" } } };
    await writeFile(file(), JSON.stringify({ formatVersion: 1, approvals: { ...other, ...old } }));
    expect((await approve(preview({ __plan: plan }))("approve", "-", "-o", file())).code).toBe(0);
    const written = JSON.parse(await readFile(file(), "utf8"));
    expect(written.approvals).toEqual({ ...other, [URN]: { "10.0.0.1:2886": approval } });
    // The order makes files comparable.
    expect(Object.keys(written.approvals)).toEqual(Object.keys(written.approvals).sort());
  });

  it("accepts the approver and the period of validity", async () => {
    const { out } = await approve(preview({ __plan: plan }))("approve", "-", "--by", "CAB 17", "--valid-for", "72h");
    expect(JSON.parse(out).approvals[URN]["10.0.0.1:2886"]).toMatchObject({
      approvedBy: "CAB 17",
      expiresAt: "2026-01-04T00:00:00.000Z",
    });
  });

  it("works without git", async () => {
    const { out } = await approve(preview({ __plan: plan }), { programs: {} })("approve", "-");
    expect(JSON.parse(out).approvals[URN]["10.0.0.1:2886"].approvedBy).toMatch(/./);
  });

  it.each([
    ["nothing", "", /Standard input is empty.*pulumi preview --json --diff/],
    ["invalid JSON", "error: no stack", /Standard input is not JSON.*pulumi preview --json --diff/],
    ["invalid JSON with a secret", '{"password": "hunter2"', /^(?!.*hunter2).*is not JSON/],
    ["other JSON", {}, /neither a preview nor a stack export/],
    ["a preview without plans", preview({}), /no planned upgrade.*pulumi stack export/],
    ["an incomplete plan", preview({ __plan: { a: { from: "1" } } }), /no planned upgrade/],
  ])("reports %s", async (_, input, message) => {
    const { code, out, err } = await approve(input)("approve", "-");
    expect([code, out]).toEqual([1, ""]);
    expect(err).toMatch(message);
  });

  it("does not change a file with another content", async () => {
    for (const text of ['{"formatVersion": 2, "approvals": {}}', "{}", "no", ""]) {
      await writeFile(file(), text);
      const { code, err } = await approve(preview({ __plan: plan }))("approve", "-", "-o", file());
      expect(code).toBe(1);
      expect(err).toMatch(/\S+approved\.json is .* Move or delete it, then run the command again\.\n$/);
      expect(await readFile(file(), "utf8")).toBe(text);
    }
  });

  it("reports that it cannot read the file of an earlier run", async () => {
    const { code, err } = await approve(preview({ __plan: plan }))("approve", "-", "-o", directory);
    expect([code, err]).toEqual([1, expect.stringContaining(": The approval file could not be read: EISDIR")]);
  });

  it.each([
    [["approve"], "missing preview"],
    [["approve", "-", "--valid-for", "soon"], '--valid-for must be a duration above zero, such as 72h, not "soon"'],
  ])("%j is rejected", async (args, message) => {
    const { code, err } = await approve("")(...args);
    expect(code).toBe(2);
    expect(err).toContain(message);
  });
});
