import { describe, expect, it } from "vitest";
import type { Driver } from "../../provider/core/driver";
import { Unreachable } from "../../provider/core/errors";
import { digest, type Permit, publicDigest, type Step } from "../../provider/core/request";
import type { Kinds } from "../../provider/frontend/resource/session";
import { digestKeyOf } from "../../provider/redisenterprise/modules/call";
import { inputsOf } from "../hostile/trial";
import { isRead } from "../support/reads";
import { VirtualClock } from "../support/virtual-clock";
import { kindsOver, RESOURCE_TYPES, type ResourceType } from "../systems";
import { resourceType, sceneOf as sceneWith } from "../systems/scene";
import type { FakeWorld } from "./fake-kind";
import { plansOf, heldStage as stage, URN } from "./fake-lifecycle";

/** The clock of these tests begins on Thursday, 2026-01-01 00:00 UTC. */
const windows = [{ from: "02:00", to: "06:00", timeZone: "UTC" }];
const HOUR = 3_600_000;

describe("a preview of a held upgrade", () => {
  it("shows the plan and the hold on one line, and writes nothing", async () => {
    const { lifecycle, inputs, messages, world } = stage();
    expect((await lifecycle.check({}, inputs({ windows }))).failures).toEqual([]);
    expect(messages()).toEqual(["INFO 1.0 → 2.0, at once · held: window opens Thu 2026-01-01 02:00 (UTC)"]);
    expect(world.starts).toBe(0);
  });

  it("is the same while another operation is running, and does not wait for it", async () => {
    const { lifecycle, inputs, messages, world } = stage({ activity: { kind: "busy", name: "backup 3" } });
    await lifecycle.check({}, inputs({ freeze: "incident" }));
    expect(messages()).toEqual(["INFO 1.0 → 2.0, at once · held: changes are frozen: incident"]);
    const { outs } = await lifecycle.create(inputs({ freeze: "incident" }));
    expect(outs).toMatchObject({ status: "held", heldBy: { code: "freeze" } });
    expect(world.reads).toBe(2);
    expect(await lifecycle.diff("x", outs, inputs({ freeze: "incident" }))).toMatchObject({ changes: false });
  });

  it("applies the rules of the stack", async () => {
    const { lifecycle, inputs, messages } = stage();
    const config: Record<string, string> = { "dbversion:windows": JSON.stringify(windows) };
    await lifecycle.configure({ config: { get: (key) => config[key] } });
    await lifecycle.check({}, inputs());
    expect(messages().join()).toContain("held: window opens");
  });

  it("shows the freeze of the stack in addition to that of the resource", async () => {
    for (const freeze of [undefined, "", "mine"]) {
      const { lifecycle, inputs, messages } = stage();
      await lifecycle.configure({
        config: { get: (key) => (key === "dbversion:freeze" ? "incident 4711" : undefined) },
      });
      await lifecycle.check({}, inputs({ freeze }));
      expect(messages().join()).toContain(freeze === "mine" ? "frozen: mine" : "frozen: incident 4711");
    }
  });

  it("uses the windows of the resource instead of those of the stack", async () => {
    const { lifecycle, inputs, messages } = stage();
    const config: Record<string, string> = { "dbversion:windows": JSON.stringify(windows) };
    await lifecycle.configure({ config: { get: (key) => config[key] } });
    await lifecycle.check({}, inputs({ windows: [{ from: "00:00", to: "06:00", timeZone: "UTC" }] }));
    expect(messages()).toEqual(["INFO 1.0 → 2.0, at once"]);
  });

  it("fails if no window of the stack is long enough", async () => {
    const { lifecycle, inputs } = stage();
    const config: Record<string, string> = { "dbversion:windows": JSON.stringify(windows) };
    await lifecycle.configure({ config: { get: (key) => config[key] } });
    const { failures } = await lifecycle.check({}, inputs({ expect: "5h" }));
    expect(failures).toEqual([{ property: "expect", reason: expect.stringContaining("config `dbversion:windows`") }]);
  });

  it.each([
    ["invalid JSON", "sat", "config `dbversion:windows` must be a list of windows"],
    ["an invalid time zone", '[{"from":"02:00","to":"06:00","timeZone":"Shanghai"}]', "is not an IANA time zone"],
  ])("fails if rules of the stack have %s", async (_, text, reason) => {
    const { lifecycle, inputs, world } = stage();
    await lifecycle.configure({ config: { get: (key) => (key === "dbversion:windows" ? text : undefined) } });
    const { failures } = await lifecycle.check({}, inputs());
    expect(failures).toEqual([{ property: "", reason: expect.stringContaining(reason) }]);
    expect(world.reads).toBe(0);
  });
});

describe("a preview of an upgrade that requires a backup", () => {
  const backup = { maxAge: "24h" };
  const running = { kind: "running", task: { id: "11", kind: "upgrade", to: "2.0" } } as const;

  it.each(["warn", "fail"])("shows that backups cannot be read, and does not fail: onUnreachable %s", async (word) => {
    const { lifecycle, inputs, messages } = stage({
      backup: new Unreachable("No answer.", { sent: true, responded: false }),
    });
    const { failures } = await lifecycle.check({}, inputs({ backup, onUnreachable: word }));
    expect(failures).toEqual([]);
    expect(messages()).toEqual(["INFO 1.0 → 2.0, at once · held: cannot verify that there is a backup: No answer"]);
  });

  it.each<[string, Record<string, unknown>, Partial<FakeWorld>]>([
    ["a freeze holds it", { freeze: "incident" }, {}],
    ["no window is open", { windows }, {}],
    ["it was not approved", { approval: { formatVersion: 1, approvals: {} } }, {}],
    ["it is already running", {}, { activity: running }],
  ])("reads no backups if %s", async (_, args, change) => {
    const { lifecycle, inputs, world } = stage(change);
    await lifecycle.check({}, inputs({ backup, ...args }));
    expect([world.reads, world.backupReads]).toEqual([1, 0]);
  });
});

describe("a resource with a held upgrade", () => {
  async function held(args: Record<string, unknown>, change: Partial<FakeWorld> = {}) {
    const staged = stage(change);
    const inputs = staged.inputs(args);
    const { outs } = await staged.lifecycle.create(inputs);
    return { ...staged, args, before: outs };
  }

  it("has the hold in its outputs, and the run succeeds", async () => {
    const { before, world, messages } = await held({ windows });
    expect(before).toMatchObject({
      status: "held",
      currentVersion: "1.0",
      heldBy: {
        code: "window",
        message: "window opens Thu 2026-01-01 02:00 (UTC)",
        until: "2026-01-01T02:00:00.000Z",
      },
    });
    expect(before).not.toHaveProperty("lastUpgrade");
    expect(messages().filter((line) => line.startsWith("WARNING"))).toEqual([
      "WARNING Fake at server-1: the upgrade is held: window opens Thu 2026-01-01 02:00 (UTC). It was not requested. Run `pulumi up` again then. [held]",
    ]);
    expect(world.starts).toBe(0);
  });

  it.each([
    ["clock", { windows }],
    ["freeze", { freeze: "incident" }],
  ])("has no diff and sends no request while the %s holds it", async (_, args) => {
    const { lifecycle, inputs, before, world, messages } = await held(args);
    const [looks, lines] = [world.reads, messages().length];
    expect(await lifecycle.check(inputs(args), inputs(args))).toMatchObject({ failures: [] });
    expect(await lifecycle.diff("x", before, inputs(args))).toEqual({ changes: false, replaces: [] });
    expect([world.reads, messages().length]).toEqual([looks, lines]);
  });

  it("has a diff once the window is open, and is upgraded", async () => {
    const { lifecycle, inputs, before, world, clock } = await held({ windows });
    await clock.sleep(2 * HOUR);
    expect(await lifecycle.diff("x", before, inputs({ windows }))).toMatchObject({ changes: true });
    const { outs } = await lifecycle.update("x", before, inputs({ windows }));
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { state: "succeeded" } });
    expect(outs).not.toHaveProperty("heldBy");
    expect(world.starts).toBe(1);
  });

  it.each(["wait", "fail"])("has a diff if onHeld changes to %s", async (onHeld) => {
    const { lifecycle, inputs, before } = await held({ windows });
    expect(await lifecycle.diff("x", before, inputs({ windows, onHeld }))).toMatchObject({ changes: true });
  });

  it("is compared with the wall clock, which also advances while the machine sleeps", async () => {
    const { lifecycle, inputs, world, clock } = stage();
    const now = clock.now.bind(clock);
    let slept = 0;
    clock.now = () => now() + slept;
    // The window is open at the first read, and closed at the second.
    world.delay = async () => {
      if (world.reads > 1) slept = 8 * HOUR;
    };
    const { outs } = await lifecycle.create(inputs({ windows: [{ from: "00:00", to: "06:00", timeZone: "UTC" }] }));
    expect(outs).toMatchObject({ status: "held", heldBy: { code: "window" } });
    expect(world.starts).toBe(0);
  });

  it("shows the plan to approve, even if a window holds it", async () => {
    const { lifecycle, inputs, before, world } = await held({ windows });
    const news = inputs({ windows, approval: { formatVersion: 1, approvals: {} } });
    expect(await lifecycle.diff("x", before, news)).toMatchObject({ changes: true });
    const { outs } = await lifecycle.update("x", before, news);
    expect(Object.keys(plansOf(outs))).toEqual(["server-1"]);
    const looks = world.reads;
    expect(await lifecycle.diff("x", outs, news)).toMatchObject({ changes: false });
    expect(world.reads).toBe(looks);
  });

  it("has a diff once its rules are removed", async () => {
    const { lifecycle, inputs, before } = await held({ freeze: "incident" });
    expect(await lifecycle.diff("x", before, inputs())).toMatchObject({ changes: true });
  });

  it.each([
    ["is removed while no window is open", {}, { code: "window", message: "window opens Thu 2026-01-01 02:00 (UTC)" }],
    ["has another reason", { freeze: "audit" }, { code: "freeze", message: "changes are frozen: audit" }],
  ])("sends no request if its freeze %s: a refresh stores the new hold", async (_, rule, heldBy) => {
    const { lifecycle, inputs, before, world } = await held({ windows, freeze: "incident" });
    const news = inputs({ windows, ...rule });
    const looks = world.reads;
    expect(await lifecycle.diff("x", before, news)).toEqual({ changes: false, replaces: [] });
    expect(world.reads).toBe(looks);
    const { props } = await lifecycle.read("x", { ...before, freeze: undefined, ...rule });
    expect(props).toMatchObject({ status: "held", heldBy });
  });

  it("is read while an upgrade of it may still be running", async () => {
    const { lifecycle, inputs, before, world } = await held({ windows });
    const lastUpgrade = {
      task: "11",
      kind: "k",
      from: "1.0",
      to: "2.0",
      startedAt: "2025-12-31T23:59:00Z",
      state: "running",
    };
    const looks = world.reads;
    await lifecycle.diff("x", { ...before, lastUpgrade }, inputs({ windows }));
    expect(world.reads).toBeGreaterThan(looks);
  });

  it("is reported by a refresh, with the current hold", async () => {
    const { lifecycle, before, clock, messages } = await held({ windows });
    await clock.sleep(HOUR);
    const { props } = await lifecycle.read("x", before);
    expect(props).toMatchObject({ status: "held", heldBy: { code: "window" } });
    expect(messages().at(-1)).toBe("INFO 1.0 → 2.0, at once · held: window opens Thu 2026-01-01 02:00 (UTC)");
    await clock.sleep(HOUR);
    const later = await lifecycle.read("x", before);
    expect(later.props).toMatchObject({ status: "behind" });
    expect(later.props).not.toHaveProperty("heldBy");
  });

  it("that is up to date is not changed by its rules", async () => {
    const { lifecycle, inputs, before, world } = await held({}, { version: "2.0" });
    expect(before).toMatchObject({ status: "current" });
    const looks = world.reads;
    const news = inputs({ windows, freeze: "incident", onHeld: "fail" });
    await lifecycle.check(inputs(), news);
    expect(await lifecycle.diff("x", before, news)).toEqual({ changes: false, replaces: [] });
    expect(world.reads).toBe(looks);
  });
});

function approvalOf(plan: Record<string, string> | undefined, change: Record<string, string> = {}) {
  const approval = { ...plan, approvedAt: "2025-12-31T12:00:00Z", approvedBy: "Anna", ...change };
  return { formatVersion: 1, approvals: { [URN]: { "server-1": approval } } };
}

describe("an approval", () => {
  const empty = { formatVersion: 1, approvals: {} };

  it("can be created from the plan in the inputs of a check, and from that in the outputs of a held resource", async () => {
    const { lifecycle, inputs } = stage();
    const checked = await lifecycle.check({}, inputs({ approval: empty }));
    const plan = { from: "1.0", to: "2.0", how: "1.0 → 2.0, at once", digest: expect.stringMatching(/^[0-9a-f]{64}$/) };
    expect(plansOf(checked.inputs)).toEqual({ "server-1": plan });
    const { outs } = await lifecycle.create(inputs({ approval: empty }));
    expect(outs).toMatchObject({ status: "held", heldBy: { code: "approval" } });
    expect(plansOf(outs)).toEqual(plansOf(checked.inputs));
  });

  it("is not required if the argument is not set", async () => {
    const { lifecycle, inputs } = stage();
    expect((await lifecycle.check({}, inputs())).inputs).toEqual(inputs());
  });

  it("permits exactly this plan, and is then used up", async () => {
    const { lifecycle, inputs, world } = stage();
    const approval = approvalOf(plansOf((await lifecycle.check({}, inputs({ approval: empty }))).inputs)["server-1"]);
    const first = await lifecycle.create(inputs({ approval }));
    expect(first.outs).toMatchObject({ status: "current" });
    expect(world.starts).toBe(1);
    // The old version was restored from a backup: the approval is not valid again.
    world.version = "1.0";
    const { props } = await lifecycle.read("x", first.outs);
    const news = inputs({ approval });
    expect(props).toMatchObject({ status: "held", heldBy: { message: expect.stringContaining("has been used") } });
    const second = await lifecycle.update("x", { ...props }, news);
    expect(second.outs).toMatchObject({ status: "held" });
    expect(world.starts).toBe(1);
    // A new one is valid.
    const again = approvalOf(plansOf(second.outs)["server-1"], { approvedAt: "2026-01-01T00:00:00Z" });
    expect(await lifecycle.diff("x", second.outs, inputs({ approval: again }))).toMatchObject({ changes: true });
    expect((await lifecycle.update("x", second.outs, inputs({ approval: again }))).outs).toMatchObject({
      status: "current",
    });
    expect(world.starts).toBe(2);
  });

  it("that is older than the used one is not valid, and a newer one is", async () => {
    const { lifecycle, inputs, world } = stage();
    const plan = plansOf((await lifecycle.check({}, inputs({ approval: empty }))).inputs)["server-1"];
    const given = (approvedAt: string) => inputs({ approval: approvalOf(plan, { approvedAt }) });
    const used = await lifecycle.create(given("2025-12-30T12:00:00Z"));
    expect(used.outs).toMatchObject({ status: "current" });
    world.version = "1.0";
    // The file of the day before was restored as well: its approval was never used.
    const older = await lifecycle.update("x", used.outs, given("2025-12-29T12:00:00Z"));
    expect(older.outs).toMatchObject({ status: "held", heldBy: { message: expect.stringContaining("has been used") } });
    expect(world.starts).toBe(1);
    // The same time in another format.
    const same = await lifecycle.update("x", older.outs, given("2025-12-30T12:00:00.000Z"));
    expect(same.outs).toMatchObject({ status: "held" });
    const newer = await lifecycle.update("x", same.outs, given("2025-12-31T12:00:00Z"));
    expect(newer.outs).toMatchObject({ status: "current" });
    expect(world.starts).toBe(2);
  });

  it("that is older than the used one does not replace it in the state", async () => {
    const { lifecycle, inputs, world } = stage();
    const plan = plansOf((await lifecycle.check({}, inputs({ approval: empty }))).inputs)["server-1"];
    const given = (approvedAt: string) => inputs({ approval: approvalOf(plan, { approvedAt }) });
    let { outs } = await lifecycle.create(given("2025-12-31T12:00:00Z"));
    ({ outs } = await lifecycle.update("x", outs, given("2025-12-29T12:00:00Z")));
    world.version = "1.0";
    ({ outs } = await lifecycle.update("x", outs, given("2025-12-30T12:00:00Z")));
    expect(outs).toMatchObject({ status: "held" });
    expect(world.starts).toBe(1);
  });

  it("is not used up until its version is reached", async () => {
    const { lifecycle, inputs, world } = stage();
    const plan = plansOf((await lifecycle.check({}, inputs({ approval: empty }))).inputs)["server-1"];
    // Approved before the program requires it.
    const { outs } = await lifecycle.create(inputs({ version: "1.0", approval: approvalOf(plan) }));
    expect(outs).toMatchObject({ status: "current" });
    const raised = await lifecycle.update("x", outs, inputs({ approval: approvalOf(plan) }));
    expect(raised.outs).toMatchObject({ status: "current", currentVersion: "2.0" });
    expect(world.starts).toBe(1);
  });

  it("stays used if the program requires no approvals for a while", async () => {
    const { lifecycle, inputs, world } = stage();
    const plan = plansOf((await lifecycle.check({}, inputs({ approval: empty }))).inputs)["server-1"];
    const approved = inputs({ approval: approvalOf(plan) });
    let { outs } = await lifecycle.create(approved);
    ({ outs } = await lifecycle.update("x", outs, inputs()));
    world.version = "1.0";
    ({ outs } = await lifecycle.update("x", outs, approved));
    expect(outs).toMatchObject({ status: "held", heldBy: { message: expect.stringContaining("has been used") } });
    expect(world.starts).toBe(1);
  });

  it("of another plan holds the upgrade, and the message has both plans", async () => {
    const { lifecycle, inputs, world } = stage();
    const plan = plansOf((await lifecycle.check({}, inputs({ approval: empty }))).inputs)["server-1"];
    world.version = "1.5";
    const { outs } = await lifecycle.create(inputs({ approval: approvalOf(plan) }));
    expect(outs["heldBy"]).toMatchObject({
      message: expect.stringMatching(/1\.5 → 2\.0.*approved by Anna.*1\.0 → 2\.0/),
    });
    expect(world.starts).toBe(0);
  });

  it("for another resource has no effect", async () => {
    const { lifecycle, inputs } = stage();
    const plan = plansOf((await lifecycle.check({}, inputs({ approval: empty }))).inputs)["server-1"];
    const { approvals, ...rest } = approvalOf(plan);
    const approval = { ...rest, approvals: { [`${URN}-2`]: approvals[URN] } };
    expect((await lifecycle.create(inputs({ approval }))).outs).toMatchObject({ status: "held" });
  });
});

type Values = Record<string, unknown>;

/** A scene that records writes. */
function sceneOf(of: ResourceType) {
  const clock = new VirtualClock();
  let requests = 0;
  const writes: string[] = [];
  const bodies: { readonly path: string; readonly body: string }[] = [];
  const { vendor, process } = sceneWith(of, clock, (request, genuine) => {
    requests += 1;
    if (!isRead(request)) {
      writes.push(`${request.method} ${request.target}`);
      bodies.push({ path: request.target, body: String(request.body) });
    }
    return genuine(request);
  });
  const [vendorName, name] = of.type.split(":");
  const __urn = `urn:pulumi:dev::shop::pulumi-nodejs:dynamic/${vendorName}:${name}::orders`;
  const inputs = (more: Values = {}): Values => ({ ...vendor.args, __urn, __provider: "text", ...more });
  return { clock, requests: () => requests, writes, bodies, process, inputs, urn: __urn };
}

const NONE = { formatVersion: 1, approvals: {} };

async function planOf(scene: ReturnType<typeof sceneOf>, more: Values = {}) {
  const { inputs, failures } = await scene.process().check({}, scene.inputs({ approval: NONE, ...more }));
  expect(failures).toEqual([]);
  // As the provider writes it.
  return inputs["__plan"] as Record<string, Record<string, string>>;
}

describe.each(RESOURCE_TYPES)("$type", (of) => {
  it.each([
    ["a freeze", { freeze: "incident 4711" }],
    ["a missing approval", { approval: NONE }],
    ["a backup that cannot be verified or is too old", { backup: { maxAge: "1m" } }],
  ])("%s holds its upgrade, and nothing is written", async (_, rule) => {
    const scene = sceneOf(of);
    const { outs } = await scene.process().create(scene.inputs(rule));
    expect(outs).toMatchObject({ status: "held", heldBy: { message: expect.stringMatching(/./) } });
    expect(scene.writes).toEqual([]);
  });

  it("sends no request while a freeze holds it, with any reason", async () => {
    const scene = sceneOf(of);
    const { id, outs } = await scene.process().create(scene.inputs({ freeze: "incident 4711" }));
    const sent = scene.requests();
    for (const freeze of ["incident 4711", "audit"]) {
      expect(await scene.process().diff(id, outs, scene.inputs({ freeze }))).toMatchObject({ changes: false });
    }
    expect(scene.requests()).toBe(sent);
  });

  it("is upgraded by exactly the plan that was approved, once", async () => {
    const scene = sceneOf(of);
    const plan = await planOf(scene);
    const units = Object.entries(plan).map(([unit, proposal]) => [
      unit,
      { ...proposal, approvedAt: "2025-12-31T00:00:00Z", approvedBy: "Anna" },
    ]);
    const approval = { ...NONE, approvals: { [scene.urn]: Object.fromEntries(units) } };
    const { id, outs } = await scene.process().create(scene.inputs({ approval }));
    expect(outs).toMatchObject({
      status: "current",
      __usedApprovals: { [Object.keys(plan)[0] ?? ""]: expect.any(String) },
    });
    const sent = scene.writes.length;
    expect(sent).toBeGreaterThan(0);
    expect(await scene.process().diff(id, outs, scene.inputs({ approval }))).toMatchObject({ changes: false });
    expect(scene.writes.length).toBe(sent);
  });

  it("has a digest that is the same in every process, and that changes with the request", async () => {
    const scene = sceneOf(of);
    const plan = await planOf(scene);
    expect(Object.keys(plan).length).toBeGreaterThan(0);
    for (const { digest, from, to, how } of Object.values(plan)) {
      expect(digest).toMatch(/^[0-9a-f]{64}$/);
      expect([from, to, how].every((text) => text !== "")).toBe(true);
    }
    await scene.clock.sleep(60_000);
    expect(await planOf(scene)).toEqual(plan);
    expect(await planOf(sceneOf(of))).toEqual(plan);
  });
});

describe("the digest of a request that may contain secrets", () => {
  const of = resourceType("redisenterprise:ModuleVersions");
  const withArgs = (args: string) => {
    const { modules } = of.make(new VirtualClock()).args as { modules: Record<string, unknown> };
    const [name = ""] = Object.keys(modules);
    return { modules: { ...modules, [name]: { version: modules[name], args } } };
  };
  it("differs for other secrets, and does not reveal them", async () => {
    const plan = await planOf(sceneOf(of), withArgs("OSS_GLOBAL_PASSWORD first-pass"));
    expect(JSON.stringify(plan)).not.toContain("first-pass");
    const other = await planOf(sceneOf(of), withArgs("OSS_GLOBAL_PASSWORD other-pass"));
    expect(Object.values(other)[0]?.["digest"]).not.toBe(Object.values(plan)[0]?.["digest"]);
  });

  it("can only be computed with the password of the account, so that no guess can be verified without it", async () => {
    const scene = sceneOf(of);
    const more = withArgs("OSS_GLOBAL_PASSWORD first-pass");
    const [[unit = "", proposal] = []] = Object.entries(await planOf(scene, more));
    if (proposal === undefined) throw new Error("nothing is planned");
    await scene.process().create(scene.inputs(more));
    const [sent] = scene.bodies;
    if (sent === undefined) throw new Error("nothing was sent");
    const step: Step = {
      unit: "bdb:1",
      from: proposal["from"] ?? "",
      to: proposal["to"] ?? "",
      method: "POST",
      path: sent.path,
      item: JSON.parse(sent.body),
    };
    expect(unit).not.toBe("");
    const { endpoints, password } = scene.inputs() as { endpoints: string[]; password: string };
    const key = digestKeyOf({ modules: [], endpoints, password });
    expect(publicDigest({ ...step, key })).toBe(proposal["digest"]);
    expect(publicDigest({ ...step, key: () => password })).not.toBe(proposal["digest"]);
    expect(digest(step)).not.toBe(proposal["digest"]);
  });
});

/** Kinds whose drivers get a permit that reports its use. */
function telling(kinds: Kinds, asked: () => void): Kinds {
  const told = (permit: Permit) => () => {
    asked();
    permit();
  };
  return Object.fromEntries(
    Object.entries(kinds).map(([type, load]) => [
      type,
      async () => {
        const kind = await load();
        return { ...kind, open: (...given: Parameters<typeof kind.open>) => watched(kind.open(...given), told) };
      },
    ]),
  );
}

function watched(driver: Driver, told: (permit: Permit) => Permit): Driver {
  return new Proxy(driver, {
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key, target);
      if (key === "start") {
        const start: Driver["start"] = (request, seen, permit) => target.start(request, seen, told(permit));
        return start;
      }
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** The requests and checks of one upgrade, in order. */
async function course(of: ResourceType): Promise<string[]> {
  const events: string[] = [];
  const { vendor, transport, process } = sceneWith(of, new VirtualClock(), (request, genuine) => {
    events.push(of.upgradePath.test(request.target) && request.method === "POST" ? "upgrade request" : request.target);
    return genuine(request);
  });
  const kinds = telling(
    kindsOver(() => transport),
    () => events.push("permit"),
  );
  const provider = process({ kinds });
  const { outs } = await provider.create(inputsOf(vendor));
  expect(outs["status"]).toBe("current");
  return events;
}

describe.each(RESOURCE_TYPES)("$type", (of) => {
  it("checks the permit immediately before an upgrade request is sent", async () => {
    const events = await course(of);
    const before = events.flatMap((event, at) => (event === "upgrade request" ? [events[at - 1]] : []));
    expect(before).toEqual(["permit"]);
  });
});
