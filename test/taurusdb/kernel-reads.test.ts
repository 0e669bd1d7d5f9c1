import { describe, expect, it } from "vitest";
import { kernelRig, message, URN } from "./kernel-rig";

const MINUTE = 60_000;

const OLD = "2.0.69.250900";
const NEW = "2.0.78.260600";

/** A resource with one of the instances. */
function pinOf(rig: ReturnType<typeof kernelRig>, at: number) {
  return rig.inputs({ instanceIds: rig.ids.slice(at, at + 1), __urn: `${URN}-${at}` });
}

function pages({ cloud }: ReturnType<typeof kernelRig>): number {
  return cloud.journal.count("GET", /\/instances$/);
}

/** Reads of offered versions. */
function offers({ cloud }: Pick<ReturnType<typeof kernelRig>, "cloud">): number {
  return cloud.journal.count("GET", /\/database-version$/);
}

describe("resources that are previewed one after the other", () => {
  it("share the pages of their project for five seconds", async () => {
    const rig = kernelRig({ instances: 4 });
    for (const at of [0, 1, 2]) await rig.lifecycle.check({}, pinOf(rig, at));
    expect(pages(rig)).toBe(1);
    await rig.clock.sleep(6_000);
    await rig.lifecycle.check({}, pinOf(rig, 3));
    expect(pages(rig)).toBe(2);
    expect(rig.messages()).toHaveLength(4);
  });

  it("read again if they are applied later, because an earlier read is outdated", async () => {
    const rig = kernelRig({ instances: 2 });
    await rig.lifecycle.check({}, pinOf(rig, 0));
    rig.cloud.control.setKernel("2.0.78.260600", rig.ids[0]);
    const { outs } = await rig.lifecycle.create(pinOf(rig, 0));
    expect(outs).toMatchObject({ status: "current", currentVersion: "2.0.78.260600" });
    expect([pages(rig), rig.writes()]).toEqual([2, 0]);
  });
});

describe("a resource that only waits", () => {
  it("reads the jobs, and the instances after a change of a job, and every five minutes", async () => {
    const rig = kernelRig();
    const { outs } = await rig.lifecycle.create(rig.inputs({ preCheck: false }));
    expect(outs).toMatchObject({ status: "current" });
    expect(rig.cloud.journal.count("GET", /\/immediate-jobs$/)).toBeGreaterThan(100);
    expect(pages(rig)).toBeLessThan(12);
  });

  it("soon detects that one of several has failed", async () => {
    const rig = kernelRig({ instances: 3 });
    rig.cloud.control.fail({ instance: rig.ids[1] ?? "", reason: "The disk is full." });
    const call = rig.lifecycle.create(rig.inputs({ preCheck: false })).catch(() => undefined);
    // It fails half way, after nine and a half minutes.
    await rig.clock.sleep(10.5 * MINUTE);
    expect(rig.lines.at(-1)?.message).toContain("2 upgrading, 1 with problems");
    await call;
  });

  it.each([
    ["counts all jobs", (body: string) => body.replace(/("total_count":)\d+(,"action_names")/, "$177$2")],
    ["counts no jobs", (body: string) => body.replace(/"total_count":\d+,("action_names")/, "$1")],
    ["shows jobs of every state", (body: string) => body.replaceAll('"status":"Running"', '"status":"Running now"')],
  ])("reads the instances each time in a region that %s, and still detects the end", async (_, rewrite) => {
    const rig = kernelRig({ instances: 2 }, { rewrite });
    const { outs } = await rig.lifecycle.create(rig.inputs({ preCheck: false }));
    expect(outs).toMatchObject({ status: "current" });
    const jobs = rig.cloud.journal.count("GET", /\/immediate-jobs$/);
    expect(pages(rig)).toBeGreaterThan(100);
    expect(jobs).toBeLessThan(0.6 * pages(rig));
  });
});

it("a request that was not sent because the response to another was lost is confirmed by two reads again", async () => {
  const rig = kernelRig({ instances: 3 });
  for (const [at, id] of rig.ids.entries()) rig.cloud.control.setKernel(`2.0.6${at + 3}.250600`, id);
  const match = { method: "POST", path: /database-version\/upgrade$/ } as const;
  rig.cloud.faults.add({ match, skip: 1, fault: { kind: "loseReply" } });
  const { outs } = await rig.lifecycle.create(rig.inputs({ preCheck: false }));
  expect(outs).toMatchObject({ status: "current" });
  const lists = rig.cloud.journal.find("GET", /\/instances$/).map(({ at }) => at);
  const [, lost = 0, last = 0] = rig.cloud.acceptedUpgrades.map(({ at }) => at);
  expect(last).toBeGreaterThan(lost);
  expect(lists.filter((at) => at > lost && at <= last).length).toBeGreaterThanOrEqual(2);
});

describe("the reads of many instances", () => {
  const SOURCES = ["2.0.54.240600", "2.0.57.240900", "2.0.60.241200", "2.0.66.250600", "2.0.69.250900"];

  function many(instances: number, upgradeMs?: number) {
    const rig = kernelRig({ instances, ...(upgradeMs === undefined ? {} : { timings: { upgradeMs } }) });
    for (const [at, id] of rig.ids.entries()) rig.cloud.control.setKernel(SOURCES[at % SOURCES.length] ?? "", id);
    return { ...rig, args: rig.inputs({ version: ">=2.0.78", preCheck: false }) };
  }

  it("are at most 200 for 60, previewed, and upgraded in a minute by another process", async () => {
    const { lifecycle, args, reads, clock, writes, cloud } = many(60, MINUTE / 2);
    await lifecycle.check({}, args);
    // The connection and its known offers have ended by then.
    await clock.sleep(6_000);
    await lifecycle.check({}, args);
    expect((await lifecycle.create(args)).outs).toMatchObject({ status: "current" });
    expect(writes()).toBe(5);
    expect(offers({ cloud })).toBe(120);
    expect(reads()).toBeLessThanOrEqual(200);
  });

  it("are at most 900 for 500 that are upgraded in eighteen minutes", { tags: ["long"] }, async () => {
    const { lifecycle, args, reads, cloud } = many(500);
    await lifecycle.check({}, args);
    expect((await lifecycle.create(args)).outs).toMatchObject({ status: "current" });
    expect(offers({ cloud })).toBe(500);
    expect(reads()).toBeLessThanOrEqual(900);
  });
});

describe("an offer", () => {
  it("is read once for all resources of a process that name the instance", async () => {
    const rig = kernelRig();
    for (const at of [0, 1, 2]) await rig.lifecycle.check({}, rig.inputs({ __urn: `${URN}-${at}` }));
    await rig.lifecycle.create(rig.inputs({ preCheck: false }));
    expect(offers(rig)).toBe(1);
  });

  it("is read again before a request a quarter of an hour later", async () => {
    const rig = kernelRig({ timings: { upgradeMs: 5 * MINUTE } });
    rig.cloud.control.setStatus("BACKING UP");
    const call = rig.lifecycle.create(rig.inputs({ version: "2.0.78.260600", preCheck: false }));
    await rig.clock.sleep(20 * MINUTE);
    expect([offers(rig), rig.writes()]).toEqual([1, 0]);
    rig.cloud.control.offer("2.0.81.260900");
    rig.cloud.control.setStatus("ACTIVE");
    expect(await message(call)).toMatch(
      /can no longer be reached: .* newest kernel offered, which is 2\.0\.81\.260900/,
    );
    expect([offers(rig), rig.writes()]).toEqual([2, 0]);
  });

  it("is read again after an upgrade of that instance, for latest", async () => {
    const rig = kernelRig();
    const { outs } = await rig.lifecycle.create(rig.inputs({ version: "latest", preCheck: false }));
    expect(outs).toMatchObject({ status: "current", currentVersion: "2.0.78.260600" });
    expect(offers(rig)).toBe(2);
  });

  it("is read again if the service responds that there is no newer version", async () => {
    const rig = kernelRig();
    rig.cloud.control.gateway.disturb("DBS.05000008", { route: "batchUpgrade" });
    const args = rig.inputs({ preCheck: false });
    expect(await message(rig.lifecycle.create(args))).toContain("DBS.05000008");
    expect((await rig.lifecycle.create(args)).outs).toMatchObject({ status: "current" });
    expect(offers(rig)).toBe(2);
  });
});

describe("a region whose rows do not contain the kernel version", () => {
  const switches = { rowsTellKernel: false };

  it("has it in database-version, and the upgrade is planned, requested and verified", async () => {
    const rig = kernelRig({ instances: 2, switches });
    await rig.lifecycle.check({}, rig.inputs());
    expect(rig.messages()[0]).toContain("2.0.69.250900 → 2.0.78.260600");
    const { id, outs } = await rig.lifecycle.create(rig.inputs());
    expect(outs).toMatchObject({ status: "current", currentVersion: "2.0.78.260600" });
    expect(rig.writes()).toBe(1);
    rig.cloud.control.setKernel("2.0.81.260900", rig.ids[0]);
    const { props, inputs } = await rig.lifecycle.read(id, outs);
    expect(props).toMatchObject({ status: "newer", members: { [rig.ids[0] ?? ""]: "2.0.81.260900" } });
    // Only one of the two was upgraded, so no version in the inputs would describe both.
    expect(props).toMatchObject({ __drifted: true });
    expect(inputs).toMatchObject({ version: "2.0.78" });
  });

  it("reads it once for each instance, with the offer", async () => {
    const rig = kernelRig({ instances: 2, switches });
    await rig.lifecycle.check({}, rig.inputs());
    expect(offers(rig)).toBe(2);
  });

  it("causes no further reads if they do", async () => {
    const rig = kernelRig({ instances: 2 });
    for (const id of rig.ids) rig.cloud.control.setKernel("2.0.78.260600", id);
    await rig.lifecycle.check({}, rig.inputs());
    expect(rig.cloud.journal.count("GET", /database-version$/)).toBe(0);
  });

  it.each([
    ["does not contain it either", { datastore: { current_version: "8.0", latest_version: "8.0" } }],
    ["contains null", { datastore: { current_kernel_version: null, latest_kernel_version: null } }],
  ])("and whose database-version %s has an unknown version, which is not drift", async (_, body) => {
    const rig = kernelRig({ switches });
    const { id, outs } = await rig.lifecycle.create(rig.inputs());
    const fault = { kind: "replace", status: 200, body: JSON.stringify(body) } as const;
    rig.cloud.faults.add({ match: { method: "GET", path: /database-version$/ }, times: 99, fault });
    const { props, inputs } = await rig.lifecycle.read(id, outs);
    expect(props).toMatchObject({ status: "current" });
    expect(inputs ?? { version: "2.0.78" }).toMatchObject({ version: "2.0.78" });
  });

  it("is also read if the row has no datastore", async () => {
    const rewrite = (text: string) => text.replaceAll(/"datastore":\{"type":[^}]*\},/g, "");
    const rig = kernelRig({ switches }, { rewrite });
    const { outs } = await rig.lifecycle.create(rig.inputs());
    expect(outs).toMatchObject({ status: "current", currentVersion: "2.0.78.260600" });
  });
});

/** A service with this response to `database-version`. */
function withOffer(newest: string, flag?: string) {
  const rewrite = (body: string) => {
    const changed = body.replace(`"latest_kernel_version":"${NEW}"`, `"latest_kernel_version":${newest}`);
    return flag === undefined ? changed : changed.replace(/"upgrade_flag":\w+,/, flag);
  };
  return kernelRig({}, { rewrite });
}

const UNREPORTED = ['""', "null", '"n/a"'];

describe("an upgrade whose version the service does not report", () => {
  it.each(UNREPORTED)("is not requested for an exact version or a prefix (%s)", async (newest) => {
    for (const version of ["2.0.75.28", "2.0.75"]) {
      const { lifecycle, inputs, messages, writes } = withOffer(newest);
      const args = inputs({ version });
      expect((await lifecycle.check({}, args)).failures).toEqual([]);
      expect(messages().join(" ")).toContain(`It is unknown whether an upgrade would end at ${version}`);
      expect(await message(lifecycle.create(args))).toMatch(
        /the service does not report which one that is.*>=2\.0\.75.*\[blocked\]/,
      );
      expect(writes()).toBe(0);
    }
  });

  it.each(UNREPORTED)("is requested for a minimum (%s)", async (newest) => {
    const { lifecycle, inputs, writes } = withOffer(newest);
    const { outs } = await lifecycle.create(inputs({ version: ">=2.0.75" }));
    expect(outs).toMatchObject({ status: "current", currentVersion: NEW });
    expect(writes()).toBe(1);
  });

  it.each(UNREPORTED)("is requested for latest if there is one (%s)", async (newest) => {
    const rig = withOffer(newest);
    const args = rig.inputs({ version: "latest" });
    await rig.lifecycle.check({}, args);
    expect(rig.messages()).toEqual([`${OLD} → newest, now`]);
    expect((await rig.lifecycle.create(args)).outs).toMatchObject({ status: "current", currentVersion: NEW });
  });

  it("is not needed for latest if the service reports that there is none", async () => {
    const { lifecycle, inputs, writes } = withOffer('""', '"upgrade_flag":false,');
    const { outs } = await lifecycle.create(inputs({ version: "latest" }));
    expect(outs).toMatchObject({ status: "current", currentVersion: OLD });
    expect(writes()).toBe(0);
  });

  it("leaves latest undecided if the service does not report whether there is one", async () => {
    const { lifecycle, inputs, messages, writes } = withOffer('""', "");
    const args = inputs({ version: "latest" });
    await lifecycle.check({}, args);
    expect(messages()[0]).toMatch(/^cannot plan: the service does not report whether a newer kernel is offered to/);
    expect(await message(lifecycle.create(args))).toMatch(/whether a newer kernel is offered to .*\[unreachable\]/);
    expect(writes()).toBe(0);
  });
});

describe("an instance that is outdated and cannot be upgraded now (upgrade_flag is false)", () => {
  const flag = (flagged: () => boolean) => ({
    rewrite: (body: string) => body.replace('"upgrade_flag":true', () => `"upgrade_flag":${!flagged()}`),
  });
  const LATEST = { match: { method: "POST", path: /database-version\/upgrade$/ }, times: Number.POSITIVE_INFINITY };
  const noNewer = {
    kind: "replace",
    status: 400,
    body: JSON.stringify({ error_code: "DBS.05000008", error_msg: "The current version is the latest." }),
  } as const;

  it.each(["latest", ">=2.0.75", "2.0.78"])("is not upgraded to %s, and a preview warns", async (version) => {
    const { lifecycle, inputs, messages, writes } = kernelRig(
      {},
      flag(() => true),
    );
    const args = inputs({ version });
    expect((await lifecycle.check({}, args)).failures).toEqual([]);
    expect(messages().join(" ")).toContain("cannot be upgraded now, although 2.0.78.260600 is available");
    expect(await message(lifecycle.create(args))).toMatch(/cannot be upgraded now.*in the console.*\[blocked\]/);
    expect(writes()).toBe(0);
  });

  it("is upgraded if a second read does not confirm that", async () => {
    let reads = 0;
    const { lifecycle, inputs, writes } = kernelRig(
      {},
      flag(() => reads++ < 1),
    );
    expect((await lifecycle.create(inputs({ version: "latest" }))).outs).toMatchObject({ currentVersion: NEW });
    expect(writes()).toBe(1);
  });

  it.each([true, false])(
    "needs the console if its kernel is upgraded in rounds (upgrade_flag false: %s)",
    async (reported) => {
      const rewrite = (body: string) => (reported ? body : body.replace('"upgrade_flag":false', '"upgrade_flag":true'));
      const { lifecycle, inputs, cloud, messages, writes } = kernelRig({ kernel: "2.0.51.240305" }, { rewrite });
      const args = inputs({ version: "latest" });
      cloud.control.instance().preparation = "toBeConfirmed";
      await lifecycle.check({}, args);
      expect(messages().some((line) => line.includes("Apply Upgrade"))).toBe(reported);
      expect(await message(lifecycle.create(args))).toMatch(
        /"Kernel version upgrade to be confirmed".*"Apply Upgrade"/,
      );
      expect(writes()).toBe(reported ? 0 : 1);
      cloud.control.applyUpgrade();
      expect((await lifecycle.create(args)).outs).toMatchObject({ status: "current", currentVersion: NEW });
    },
  );

  it("is at the latest version if the service also rejects the request for that reason", async () => {
    const { lifecycle, inputs, cloud, writes } = kernelRig(
      {},
      flag(() => writes() > 0),
    );
    cloud.faults.add({ ...LATEST, fault: noNewer });
    const { outs } = await lifecycle.create(inputs({ version: "latest" }));
    expect(outs).toMatchObject({ status: "current", currentVersion: OLD });
    expect(writes()).toBe(1);
  });

  it("is not at the latest version while the service still offers an upgrade", async () => {
    const { lifecycle, inputs, cloud, writes } = kernelRig();
    cloud.faults.add({ ...LATEST, fault: noNewer });
    expect(await message(lifecycle.create(inputs({ version: "latest" })))).toMatch(/DBS\.05000008.*\[refused\]/);
    expect(writes()).toBe(1);
  });
});

it("an instance that is listed but whose offer is not found is read again", async () => {
  const { lifecycle, inputs, cloud, writes } = kernelRig();
  cloud.control.gateway.disturb("DBS.201028", { route: "databaseVersion", times: 3 });
  expect(await message(lifecycle.create(inputs({ version: "2.0.75.28" })))).toMatch(/can no longer be reached/);
  expect(writes()).toBe(0);
});
