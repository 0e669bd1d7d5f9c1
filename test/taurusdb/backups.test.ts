import { describe, expect, it } from "vitest";
import { type KernelRig, kernelRig, UPGRADE } from "./kernel-rig";
import { rig as starRocksRig } from "./rig";

const HOUR = 3_600_000;
const RULE = { maxAge: "24h" };
const LIST = /\/v3\/[0-9a-f]+\/backups$/;
const ONE = /\/instances\/\w+\/backups$/;

const ended = (one: KernelRig, hours: number, at = 0) =>
  one.cloud.control.addBackup(one.ids[at] ?? "", { endsAt: one.clock.now() - hours * HOUR });
const runs = (one: KernelRig) =>
  one.cloud.control.addBackup(one.ids[0] ?? "", { endsAt: one.clock.now() + HOUR, type: "manual" });
const paths = ({ cloud }: KernelRig, path: RegExp) => cloud.journal.entries.filter((entry) => path.test(entry.path));

const HELD: [string, (one: KernelRig) => void, Record<string, unknown>, string][] = [
  ["there is none", () => undefined, {}, "there is no backup"],
  ["it is too old", (one) => ended(one, 25), {}, "the last backup is 25 h old, more than 24 h"],
  ["it is running", runs, {}, "a backup is running"],
  ["it is running, although the rule is waived", runs, { waive: "restored from a snapshot" }, "a backup is running"],
  [
    "the newer one failed",
    (one) => {
      ended(one, 30);
      one.cloud.control.addBackup(one.ids[0] ?? "", { status: "FAILED" });
    },
    {},
    "the last backup is 30 h old, more than 24 h",
  ],
  [
    "the user may not list backups",
    (one) => one.cloud.control.iam.deny(["gaussdb:backup:list"]),
    {},
    "cannot verify that there is a backup: the list of backups requires the IAM action gaussdb:backup:list",
  ],
  [
    "the region does not have the endpoint",
    (one) => one.cloud.control.gateway.disturb("APIGW.0101", { route: "listBackups", times: Infinity }),
    {},
    "cannot verify that there is a backup: the region does not list backups: ",
  ],
];

describe.each(HELD)("a kernel upgrade whose backup does not permit it: %s", (_, setup, rule, reason) => {
  const started = () => {
    const one = kernelRig();
    setup(one);
    return { ...one, given: one.inputs({ backup: { ...RULE, ...rule } }) };
  };

  it("is shown as held by the preview", async () => {
    const { lifecycle, given, messages, writes } = started();
    expect((await lifecycle.check({}, given)).failures).toEqual([]);
    expect(messages()[0]).toMatch(/^2\.0\.69\.250900 → 2\.0\.78\.260600.* · held: /);
    expect(messages()[0]).toContain(reason);
    expect(writes()).toBe(0);
  });

  it("is not requested by `up`, which succeeds", async () => {
    const { lifecycle, given, cloud } = started();
    const { outs } = await lifecycle.create(given);
    expect(outs).toMatchObject({
      status: "held",
      heldBy: { code: "backup", message: expect.stringContaining(reason) },
      backup: given["backup"],
    });
    expect(cloud.journal.writes()).toEqual([]);
  });
});

describe("the upgrade of kernels", () => {
  it("is requested once by the next `up` after a backup", async () => {
    const { lifecycle, inputs, cloud, ids, writes } = kernelRig();
    const given = inputs({ backup: RULE });
    const { id, outs } = await lifecycle.create(given);
    expect(outs).toMatchObject({ status: "held" });
    cloud.control.addBackup(ids[0] ?? "");
    expect(await lifecycle.diff(id, outs, given)).toMatchObject({ changes: true });
    const { outs: after } = await lifecycle.update(id, outs, given);
    expect(after).toMatchObject({ status: "current" });
    expect(writes()).toBe(1);
  });

  it.each([
    ["they are recent enough", (one: KernelRig) => ended(one, 1), {}],
    ["the rule is waived", () => undefined, { waive: "restored from a snapshot" }],
  ])("reads backups only with GETs, the last time after all other reads: %s", async (_, setup, more) => {
    const one = kernelRig();
    setup(one);
    const { outs } = await one.lifecycle.create(one.inputs({ backup: { ...RULE, ...more }, preCheck: false }));
    expect(outs).toMatchObject({ status: "current" });
    const { entries } = one.cloud.journal;
    expect(new Set(paths(one, LIST).map(({ method }) => method))).toEqual(new Set(["GET"]));
    const request = entries.findIndex(({ method, path }) => method === "POST" && path.endsWith(UPGRADE));
    expect(entries[request - 1]?.path).toMatch(LIST);
  });

  it("is held by a backup that starts after the plan was confirmed", async () => {
    const one = kernelRig();
    ended(one, 1);
    let lists = 0;
    one.cloud.onCall(({ request: { target } }) => {
      if (!/\/instances\?/.test(target) || ++lists !== 2) return;
      one.cloud.control.addBackup(one.ids[0] ?? "", { startedAt: one.clock.now(), endsAt: one.clock.now() + HOUR });
    });
    const { outs } = await one.lifecycle.create(one.inputs({ backup: RULE }));
    expect(outs).toMatchObject({ status: "held", heldBy: { message: expect.stringContaining("a backup is running") } });
    expect(one.writes()).toBe(0);
  });

  it("is requested only for the instances that have a backup", async () => {
    const one = kernelRig({ instances: 3 });
    for (const at of [0, 2]) ended(one, 1, at);
    const { outs } = await one.lifecycle.create(one.inputs({ backup: RULE }));
    expect(outs).toMatchObject({
      status: "held",
      heldBy: { message: expect.stringMatching(/^1 of 3 instances \(\w{32}in07\): there is no backup/) },
    });
    const versions = one.cloud.instances.map(({ kernel }) => kernel);
    expect(versions).toEqual(["2.0.78.260600", "2.0.69.250900", "2.0.78.260600"]);
    expect(one.writes()).toBe(1);
  });

  it("reads the pages of all backups of the project", async () => {
    const one = kernelRig({ instances: 30 });
    // The latest backups of the instances are on the last page.
    for (let day = 7; day >= 0; day--) for (const at of one.ids.keys()) ended(one, 24 * day, at);
    await one.lifecycle.check({}, one.inputs({ backup: { maxAge: "1h" } }));
    expect(one.messages()[0]).not.toContain("held");
    expect(paths(one, LIST).map(({ target }) => target.split("?")[1])).toEqual([
      "limit=100&offset=0",
      "limit=100&offset=100",
      "limit=100&offset=200",
    ]);
    expect(paths(one, ONE)).toEqual([]);
  });

  it("shares that list with other resources of the project", async () => {
    const one = kernelRig({ instances: 4 });
    await Promise.all(
      one.ids.map((id, at) =>
        one.lifecycle.check(
          {},
          {
            ...one.inputs({ instanceIds: [id], backup: RULE }),
            __urn: `urn:pulumi:dev::shop::pulumi-nodejs:dynamic/taurusdb:KernelVersion::db${at}`,
          },
        ),
      ),
    );
    expect(one.messages().filter((line) => line.includes("held: there is no backup"))).toHaveLength(4);
    expect(paths(one, LIST)).toHaveLength(1);
  });

  it("reads the latest backups of each instance if the project has too many", async () => {
    const one = kernelRig({ instances: 2 });
    for (let hours = 2_100; hours >= 30; hours--) ended(one, hours);
    await one.lifecycle.check({}, one.inputs({ backup: RULE }));
    expect(one.messages()[0]).toContain("held");
    expect(paths(one, LIST)).toHaveLength(1);
    expect(paths(one, ONE).map(({ target }) => target.split("?")[1])).toEqual(
      Array(2).fill("limit=100&order_field=beginTime&order_rule=desc"),
    );
    const { outs } = await one.lifecycle.create(one.inputs({ instanceIds: one.ids.slice(0, 1), backup: RULE }));
    expect(outs).toMatchObject({ heldBy: { message: "the last backup is 30 h old, more than 24 h" } });
  });

  it("measures the age with the clock of the service", async () => {
    const one = kernelRig({}, { skew: -3 * HOUR, dated: true });
    ended(one, 23);
    await one.lifecycle.check({}, one.inputs({ backup: RULE }));
    expect(one.messages()[0]).not.toContain("held");
    const late = kernelRig({}, { skew: -3 * HOUR, dated: true });
    ended(late, 25);
    await late.lifecycle.check({}, late.inputs({ backup: RULE }));
    expect(late.messages()[0]).toContain("the last backup is 25 h old");
  });

  it("waits for the end of a failure of the service", async () => {
    const one = kernelRig();
    ended(one, 1);
    one.cloud.control.gateway.disturb("DBS.108000", { route: "listBackups", times: 3 });
    const { outs } = await one.lifecycle.create(one.inputs({ backup: RULE }));
    expect(outs).toMatchObject({ status: "current" });
    expect(one.writes()).toBe(1);
  });
});

describe("the upgrade of a StarRocks instance", () => {
  it("is held unless the rule is waived, because no endpoint lists its backups", async () => {
    const { lifecycle, inputs, writes, cloud } = starRocksRig();
    cloud.control.addBackup(String(inputs()["instanceId"]));
    const given = inputs({ backup: RULE });
    const { id, outs } = await lifecycle.create(given);
    expect(outs).toMatchObject({
      status: "held",
      heldBy: {
        message:
          "cannot verify that there is a backup: the service lists backups of TaurusDB instances, not of StarRocks instances",
      },
    });
    expect(writes()).toBe(0);
    const waived = inputs({ backup: { ...RULE, waive: "it can be filled again from TaurusDB" } });
    expect((await lifecycle.update(id, outs, waived)).outs).toMatchObject({ status: "current" });
    expect(writes()).toBe(1);
  });
});
