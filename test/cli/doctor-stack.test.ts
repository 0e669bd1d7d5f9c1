import { describe, expect, it } from "vitest";
import { Lifecycle } from "../../provider/frontend/resource/lifecycle";
import type { LogLine } from "../../provider/frontend/resource/log";
import { kinds } from "../../provider/systems";
import { open, resource, sealed, stackExport } from "../report/export";
import { isRead } from "../support/reads";
import { fileWith, flat, oceanbase } from "./doctoring";
import { onNetwork } from "./rig";

const ORDERS = "urn:pulumi:production::shop::pulumi-nodejs:dynamic/oceanbase:ClusterVersion::orders";
const NOTHING_APPROVED = { approval: { formatVersion: 1, approvals: {} } };

interface Rules {
  readonly args: Readonly<Record<string, unknown>>;
  readonly outputs?: Readonly<Record<string, unknown>>;
}
type Preview = ReturnType<typeof previewOver>;

/** The preview of a resource whose state is outdated: what it prints, and what it plans where it takes approvals. */
function previewOver(common: Readonly<Record<string, unknown>>) {
  return async (args: Rules["args"], outputs: Rules["outputs"] = {}) => {
    const lines: string[] = [];
    const log = { write: ({ message }: LogLine) => lines.push(message), flush: async () => undefined };
    const make = () => new Lifecycle({ kinds, log, rhythm: { change: 0, repeat: 0 }, env: {} });
    const call = { type: "oceanbase:ClusterVersion", urn: ORDERS, onCancel: () => () => undefined };
    const inputs = { ...common, ...args };
    const { plan } = await make().check(call, {}, { ...inputs, ...NOTHING_APPROVED }, []);
    lines.length = 0;
    await make().diff(call, { ...inputs, ...outputs, status: "behind" }, inputs);
    return { plan, lines };
  };
}

describe("doctor of a stack", () => {
  async function stack(secret: unknown) {
    const { running, secrets } = await oceanbase();
    const { endpoints } = running.connection;
    const args = { endpoints, password: secret ?? open(running.connection.password) };
    const declared = [
      { type: "oceanbase:ClusterVersion", name: "orders", args: { ...args, version: "4.3.5.2" } },
      { type: "oceanbase:AgentVersion", name: "agents", args: { ...args, version: "4.3.3.0" } },
      { type: "oceanbase:ClusterVersion", name: "missing", args: { ...args, version: "4.4.2.0" } },
    ];
    const file = await fileWith(stackExport(declared.map(resource)));
    return { running, secrets, file };
  }

  it("checks each resource against its target version, and each cluster once", async () => {
    const { running, secrets, file } = await stack(undefined);
    const { code, out } = await onNetwork()("doctor", "--file", file);
    expect(out).toMatch(/✓ orders \(oceanbase\.ClusterVersion\): 4\.2\.1\.8 → 4\.3\.5\.2, rolling over 3 zones\n/);
    expect(out).toMatch(/✓ agents \(oceanbase\.AgentVersion\): already at 4\.3\.3\.0\n/);
    expect(flat(out)).toMatch(
      /✗ missing \(oceanbase\.ClusterVersion\): .*No uploaded package satisfies .* → Upload the packages/,
    );
    expect(out.match(/✓ credentials: /g)).toHaveLength(1);
    expect(code).toBe(1);
    for (const secret of secrets) expect(out).not.toContain(secret);
    expect(running.system.journal.entries.filter((entry) => !isRead(entry))).toEqual([]);
  });

  const always = { from: "2000-01-01", to: "2999-01-01", reason: "year-end" };
  const approved = async (preview: Preview, at: string) => {
    const plans = (await preview({})).plan ?? {};
    const units = Object.entries(plans).map(([unit, proposal]) => [
      unit,
      { ...proposal, approvedAt: at, approvedBy: "Anna" },
    ]);
    return { approval: { formatVersion: 1, approvals: { [ORDERS]: Object.fromEntries(units) } } };
  };

  it.each([
    ["a freeze", async () => ({ args: { freeze: "incident 4711" } }), "held: changes are frozen: incident 4711"],
    ["a blackout", async () => ({ args: { blackouts: [always] } }), "held: blackout"],
    ["an approval that is missing", async () => ({ args: NOTHING_APPROVED }), "held: not approved"],
    [
      "an approval that its state says is used",
      async (preview: Preview) => {
        const at = "2026-01-01T00:00:00.000Z";
        const args = await approved(preview, at);
        const [unit = ""] = Object.keys(args.approval.approvals[ORDERS] ?? {});
        return { args, outputs: { __usedApprovals: { [unit]: at } } };
      },
      "held: the approval has been used",
    ],
    ["a backup that is missing", async () => ({ args: { backup: { maxAge: "24h" } } }), "held: "],
    [
      "nothing, since the plan is approved",
      async (preview: Preview) => ({ args: await approved(preview, "2026-01-01T00:00:00.000Z") }),
      "4.2.1.8 → 4.3.5.2, rolling over 3 zones",
    ],
  ])("shows what holds an upgrade as a preview does: %s", async (_, make, expected) => {
    const { running } = await oceanbase();
    const { endpoints, password } = running.connection;
    const common = { endpoints, password, version: "4.3.5.2" };
    const preview = previewOver(common);
    const { args, outputs = {} } = (await make(preview)) as Rules;
    const { lines } = await preview(args, outputs);
    expect(lines).toEqual([expect.stringContaining(expected)]);
    const declared = { type: "oceanbase:ClusterVersion", name: "orders", args: { ...common, ...args } };
    const file = await fileWith(stackExport([resource({ ...declared, observed: outputs })]));
    const { code, out } = await onNetwork()("doctor", "--file", file);
    expect(flat(out)).toContain(`✓ orders (oceanbase.ClusterVersion): ${flat(lines[0] ?? "")} `);
    expect(code).toBe(0);
  });

  it("takes from the environment what the export has sealed", async () => {
    const { running, file } = await stack(sealed);
    const { out } = await onNetwork({ env: running.environment })("doctor", "--file", file);
    expect(out).toMatch(/✓ credentials: root@sys was accepted/);
  });

  it("says where rejected credentials come from, of the cluster and of each resource", async () => {
    const { file } = await stack(sealed);
    const { out } = await onNetwork({ env: { OCEANBASE_PASSWORD: "wr0ng-p@ss" } })("doctor", "--file", file);
    expect(
      flat(out).match(/rejected the credentials \(`password` from environment `OCEANBASE_PASSWORD`\)/g),
    ).toHaveLength(4);
    const written = await stack(open("wr0ng-p@ss"));
    const other = await onNetwork({ env: written.running.environment })("doctor", "--file", written.file);
    expect(flat(other.out).match(/rejected the credentials \(argument `password`\)/g)).toHaveLength(4);
  });

  it("reads the selected stack through the Pulumi CLI", async () => {
    const { running, file } = await stack(sealed);
    const { readFile } = await import("node:fs/promises");
    const programs = {
      "pulumi config --json --show-secrets --stack dev": JSON.stringify({
        "oceanbase:password": { value: running.connection.password, secret: true },
      }),
      "pulumi stack export --show-secrets --stack dev": await readFile(file, "utf8"),
    };
    const { out } = await onNetwork({ programs })("doctor", "--stack", "dev");
    expect(out).toMatch(/✓ credentials: root@sys was accepted/);
  });

  it("says what is missing without the CLI, and in a stack without databases", async () => {
    const { err } = await onNetwork()("doctor", "--stack", "dev");
    expect(err).toContain("The Pulumi CLI was not found. Install it, or pass the output");
    const empty = await fileWith(stackExport([]));
    expect(await onNetwork()("doctor", "--file", empty)).toMatchObject({
      code: 1,
      err: `pulumi-dbversion doctor: ${empty} has no resources of pulumi-dbversion.\n`,
    });
  });
});
