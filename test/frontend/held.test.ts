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

describe("a preview of what is held", () => {
  it("shows the plan and the hold on one line, and writes nothing", async () => {
    const { lifecycle, inputs, messages, world } = stage();
    expect((await lifecycle.check({}, inputs({ windows }))).failures).toEqual([]);
    expect(messages()).toEqual(["INFO 1.0 → 2.0, at once · held: window opens Thu 2026-01-01 02:00 (UTC)"]);
    expect(world.starts).toBe(0);
  });

  it("is the same while something else runs, which is not waited for", async () => {
    const { lifecycle, inputs, messages, world } = stage({ activity: { kind: "busy", name: "backup 3" } });
    await lifecycle.check({}, inputs({ freeze: "incident" }));
    expect(messages()).toEqual(["INFO 1.0 → 2.0, at once · held: changes are frozen: incident"]);
    const { outs } = await lifecycle.create(inputs({ freeze: "incident" }));
    expect(outs).toMatchObject({ status: "held", heldBy: { code: "freeze" } });
    expect(world.looks).toBe(2);
    expect(await lifecycle.diff("x", outs, inputs({ freeze: "incident" }))).toMatchObject({ changes: false });
  });

  it("takes rules of the stack", async () => {
    const { lifecycle, inputs, messages } = stage();
    const config: Record<string, string> = { "dbversion:windows": JSON.stringify(windows) };
    await lifecycle.configure({ config: { get: (key) => config[key] } });
    await lifecycle.check({}, inputs());
    expect(messages().join()).toContain("held: window opens");
  });

  it("has the freeze of the stack in addition to that of the resource", async () => {
    for (const freeze of [undefined, "", "mine"]) {
      const { lifecycle, inputs, messages } = stage();
      await lifecycle.configure({
        config: { get: (key) => (key === "dbversion:freeze" ? "incident 4711" : undefined) },
      });
      await lifecycle.check({}, inputs({ freeze }));
      expect(messages().join()).toContain(freeze === "mine" ? "frozen: mine" : "frozen: incident 4711");
    }
  });

  it("has the windows of the resource in the place of those of the stack", async () => {
    const { lifecycle, inputs, messages } = stage();
    const config: Record<string, string> = { "dbversion:windows": JSON.stringify(windows) };
    await lifecycle.configure({ config: { get: (key) => config[key] } });
    await lifecycle.check({}, inputs({ windows: [{ from: "00:00", to: "06:00", timeZone: "UTC" }] }));
    expect(messages()).toEqual(["INFO 1.0 → 2.0, at once"]);
  });

  it("fails where no window of the stack is long enough", async () => {
    const { lifecycle, inputs } = stage();
    const config: Record<string, string> = { "dbversion:windows": JSON.stringify(windows) };
    await lifecycle.configure({ config: { get: (key) => config[key] } });
    const { failures } = await lifecycle.check({}, inputs({ expect: "5h" }));
    expect(failures).toEqual([{ property: "expect", reason: expect.stringContaining("config `dbversion:windows`") }]);
  });

  it.each([
    ["no JSON", "sat", "config `dbversion:windows` must be a list of windows"],
    ["a wrong zone", '[{"from":"02:00","to":"06:00","timeZone":"Shanghai"}]', "is not an IANA time zone"],
  ])("fails for rules of the stack that are %s", async (_, text, reason) => {
    const { lifecycle, inputs, world } = stage();
    await lifecycle.configure({ config: { get: (key) => (key === "dbversion:windows" ? text : undefined) } });
    const { failures } = await lifecycle.check({}, inputs());
    expect(failures).toEqual([{ property: "", reason: expect.stringContaining(reason) }]);
    expect(world.looks).toBe(0);
  });
});

describe("a preview of what depends on a backup", () => {
  const backup = { maxAge: "24h" };
  const running = { kind: "running", task: { id: "11", kind: "upgrade", to: "2.0" } } as const;

  it.each(["warn", "fail"])(
    "says so where backups cannot be read, and does not fail: onUnreachable %s",
    async (word) => {
      const { lifecycle, inputs, messages } = stage({
        backup: new Unreachable("No answer.", { sent: true, responded: false }),
      });
      const { failures } = await lifecycle.check({}, inputs({ backup, onUnreachable: word }));
      expect(failures).toEqual([]);
      expect(messages()).toEqual(["INFO 1.0 → 2.0, at once · held: cannot verify that there is a backup: No answer"]);
    },
  );

  it.each<[string, Record<string, unknown>, Partial<FakeWorld>]>([
    ["a freeze holds it", { freeze: "incident" }, {}],
    ["no window is open", { windows }, {}],
    ["it was not approved", { approval: { formatVersion: 1, approvals: {} } }, {}],
    ["it runs already", {}, { activity: running }],
  ])("reads no backups where %s", async (_, args, change) => {
    const { lifecycle, inputs, world } = stage(change);
    await lifecycle.check({}, inputs({ backup, ...args }));
    expect([world.looks, world.backupReads]).toEqual([1, 0]);
  });
});

describe("a resource that is held", () => {
  async function held(args: Record<string, unknown>, change: Partial<FakeWorld> = {}) {
    const staged = stage(change);
    const inputs = staged.inputs(args);
    const { outs } = await staged.lifecycle.create(inputs);
    return { ...staged, args, before: outs };
  }

  it("says so in its outputs, and the run has not failed", async () => {
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
  ])("asks for no change and no request while the %s holds it", async (_, args) => {
    const { lifecycle, inputs, before, world, messages } = await held(args);
    const [looks, lines] = [world.looks, messages().length];
    expect(await lifecycle.check(inputs(args), inputs(args))).toMatchObject({ failures: [] });
    expect(await lifecycle.diff("x", before, inputs(args))).toEqual({ changes: false, replaces: [] });
    expect([world.looks, messages().length]).toEqual([looks, lines]);
  });

  it("asks for a change once the window is open, and is upgraded by it", async () => {
    const { lifecycle, inputs, before, world, clock } = await held({ windows });
    await clock.sleep(2 * HOUR);
    expect(await lifecycle.diff("x", before, inputs({ windows }))).toMatchObject({ changes: true });
    const { outs } = await lifecycle.update("x", before, inputs({ windows }));
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { state: "succeeded" } });
    expect(outs).not.toHaveProperty("heldBy");
    expect(world.starts).toBe(1);
  });

  it.each(["wait", "fail"])("asks for a change when the run is to %s now", async (onHeld) => {
    const { lifecycle, inputs, before } = await held({ windows });
    expect(await lifecycle.diff("x", before, inputs({ windows, onHeld }))).toMatchObject({ changes: true });
  });

  it("is judged by the wall clock, which goes on while the machine sleeps", async () => {
    const { lifecycle, inputs, world, clock } = stage();
    const now = clock.now.bind(clock);
    let slept = 0;
    clock.now = () => now() + slept;
    // The window is open at the first read, and over at the second.
    world.delay = async () => {
      if (world.looks > 1) slept = 8 * HOUR;
    };
    const { outs } = await lifecycle.create(inputs({ windows: [{ from: "00:00", to: "06:00", timeZone: "UTC" }] }));
    expect(outs).toMatchObject({ status: "held", heldBy: { code: "window" } });
    expect(world.starts).toBe(0);
  });

  it("says what is to be approved, also when the clock holds it", async () => {
    const { lifecycle, inputs, before, world } = await held({ windows });
    const news = inputs({ windows, approval: { formatVersion: 1, approvals: {} } });
    expect(await lifecycle.diff("x", before, news)).toMatchObject({ changes: true });
    const { outs } = await lifecycle.update("x", before, news);
    expect(Object.keys(plansOf(outs))).toEqual(["server-1"]);
    const looks = world.looks;
    expect(await lifecycle.diff("x", outs, news)).toMatchObject({ changes: false });
    expect(world.looks).toBe(looks);
  });

  it("asks for a change once its rules are lifted", async () => {
    const { lifecycle, inputs, before } = await held({ freeze: "incident" });
    expect(await lifecycle.diff("x", before, inputs())).toMatchObject({ changes: true });
  });

  it.each([
    ["is lifted while no window is open", {}, { code: "window", message: "window opens Thu 2026-01-01 02:00 (UTC)" }],
    ["has another reason", { freeze: "audit" }, { code: "freeze", message: "changes are frozen: audit" }],
  ])("costs nothing when its freeze %s: a refresh stores the new hold", async (_, rule, heldBy) => {
    const { lifecycle, inputs, before, world } = await held({ windows, freeze: "incident" });
    const news = inputs({ windows, ...rule });
    const looks = world.looks;
    expect(await lifecycle.diff("x", before, news)).toEqual({ changes: false, replaces: [] });
    expect(world.looks).toBe(looks);
    const { props } = await lifecycle.read("x", { ...before, freeze: undefined, ...rule });
    expect(props).toMatchObject({ status: "held", heldBy });
  });

  it("is read while an upgrade of it may still run", async () => {
    const { lifecycle, inputs, before, world } = await held({ windows });
    const lastUpgrade = {
      task: "11",
      kind: "k",
      from: "1.0",
      to: "2.0",
      startedAt: "2025-12-31T23:59:00Z",
      state: "running",
    };
    const looks = world.looks;
    await lifecycle.diff("x", { ...before, lastUpgrade }, inputs({ windows }));
    expect(world.looks).toBeGreaterThan(looks);
  });

  it("is told by a refresh, with the hold as it is now", async () => {
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
    const looks = world.looks;
    const news = inputs({ windows, freeze: "incident", onHeld: "fail" });
    await lifecycle.check(inputs(), news);
    expect(await lifecycle.diff("x", before, news)).toEqual({ changes: false, replaces: [] });
    expect(world.looks).toBe(looks);
  });
});

function approvalOf(plan: Record<string, string> | undefined, change: Record<string, string> = {}) {
  const approval = { ...plan, approvedAt: "2025-12-31T12:00:00Z", approvedBy: "Anna", ...change };
  return { formatVersion: 1, approvals: { [URN]: { "server-1": approval } } };
}

describe("an approval", () => {
  const empty = { formatVersion: 1, approvals: {} };

  it("is made of what a check adds to the inputs, and of what a held resource keeps", async () => {
    const { lifecycle, inputs } = stage();
    const checked = await lifecycle.check({}, inputs({ approval: empty }));
    const plan = { from: "1.0", to: "2.0", how: "1.0 → 2.0, at once", digest: expect.stringMatching(/^[0-9a-f]{64}$/) };
    expect(plansOf(checked.inputs)).toEqual({ "server-1": plan });
    const { outs } = await lifecycle.create(inputs({ approval: empty }));
    expect(outs).toMatchObject({ status: "held", heldBy: { code: "approval" } });
    expect(plansOf(outs)).toEqual(plansOf(checked.inputs));
  });

  it("is not asked for where the argument is not given", async () => {
    const { lifecycle, inputs } = stage();
    expect((await lifecycle.check({}, inputs())).inputs).toEqual(inputs());
  });

  it("lets exactly this plan begin, and is used up then", async () => {
    const { lifecycle, inputs, world } = stage();
    const approval = approvalOf(plansOf((await lifecycle.check({}, inputs({ approval: empty }))).inputs)["server-1"]);
    const first = await lifecycle.create(inputs({ approval }));
    expect(first.outs).toMatchObject({ status: "current" });
    expect(world.starts).toBe(1);
    // Somebody restores the old version: the approval does not serve again.
    world.version = "1.0";
    const { props } = await lifecycle.read("x", first.outs);
    const news = inputs({ approval });
    expect(props).toMatchObject({ status: "held", heldBy: { message: expect.stringContaining("has been used") } });
    const second = await lifecycle.update("x", { ...props }, news);
    expect(second.outs).toMatchObject({ status: "held" });
    expect(world.starts).toBe(1);
    // Given again it does.
    const again = approvalOf(plansOf(second.outs)["server-1"], { approvedAt: "2026-01-01T00:00:00Z" });
    expect(await lifecycle.diff("x", second.outs, inputs({ approval: again }))).toMatchObject({ changes: true });
    expect((await lifecycle.update("x", second.outs, inputs({ approval: again }))).outs).toMatchObject({
      status: "current",
    });
    expect(world.starts).toBe(2);
  });

  it("that is older than the used one does not serve, a newer one does", async () => {
    const { lifecycle, inputs, world } = stage();
    const plan = plansOf((await lifecycle.check({}, inputs({ approval: empty }))).inputs)["server-1"];
    const given = (approvedAt: string) => inputs({ approval: approvalOf(plan, { approvedAt }) });
    const used = await lifecycle.create(given("2025-12-30T12:00:00Z"));
    expect(used.outs).toMatchObject({ status: "current" });
    world.version = "1.0";
    // The file of the day before is restored, too: its approval never served.
    const older = await lifecycle.update("x", used.outs, given("2025-12-29T12:00:00Z"));
    expect(older.outs).toMatchObject({ status: "held", heldBy: { message: expect.stringContaining("has been used") } });
    expect(world.starts).toBe(1);
    // The same moment in another form.
    const same = await lifecycle.update("x", older.outs, given("2025-12-30T12:00:00.000Z"));
    expect(same.outs).toMatchObject({ status: "held" });
    const newer = await lifecycle.update("x", same.outs, given("2025-12-31T12:00:00Z"));
    expect(newer.outs).toMatchObject({ status: "current" });
    expect(world.starts).toBe(2);
  });

  it("that is older than the used one is not remembered in its place", async () => {
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

  it("is not used up before its version is reached", async () => {
    const { lifecycle, inputs, world } = stage();
    const plan = plansOf((await lifecycle.check({}, inputs({ approval: empty }))).inputs)["server-1"];
    // Approved before the program asks for it.
    const { outs } = await lifecycle.create(inputs({ version: "1.0", approval: approvalOf(plan) }));
    expect(outs).toMatchObject({ status: "current" });
    const raised = await lifecycle.update("x", outs, inputs({ approval: approvalOf(plan) }));
    expect(raised.outs).toMatchObject({ status: "current", currentVersion: "2.0" });
    expect(world.starts).toBe(1);
  });

  it("stays used when the program goes without approvals for a while", async () => {
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

  it("of another plan holds, with both lines", async () => {
    const { lifecycle, inputs, world } = stage();
    const plan = plansOf((await lifecycle.check({}, inputs({ approval: empty }))).inputs)["server-1"];
    world.version = "1.5";
    const { outs } = await lifecycle.create(inputs({ approval: approvalOf(plan) }));
    expect(outs["heldBy"]).toMatchObject({
      message: expect.stringMatching(/1\.5 → 2\.0.*approved by Anna.*1\.0 → 2\.0/),
    });
    expect(world.starts).toBe(0);
  });

  it("for another resource is none", async () => {
    const { lifecycle, inputs } = stage();
    const plan = plansOf((await lifecycle.check({}, inputs({ approval: empty }))).inputs)["server-1"];
    const { approvals, ...rest } = approvalOf(plan);
    const approval = { ...rest, approvals: { [`${URN}-2`]: approvals[URN] } };
    expect((await lifecycle.create(inputs({ approval }))).outs).toMatchObject({ status: "held" });
  });
});

type Values = Record<string, unknown>;

/** A scene that notes what is written. */
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
  // As the provider has written it.
  return inputs["__plan"] as Record<string, Record<string, string>>;
}

describe.each(RESOURCE_TYPES)("$type", (of) => {
  it.each([
    ["a freeze", { freeze: "incident 4711" }],
    ["a missing approval", { approval: NONE }],
    ["a backup that cannot be verified or is too old", { backup: { maxAge: "1m" } }],
  ])("%s holds its upgrade: nothing is written", async (_, rule) => {
    const scene = sceneOf(of);
    const { outs } = await scene.process().create(scene.inputs(rule));
    expect(outs).toMatchObject({ status: "held", heldBy: { message: expect.stringMatching(/./) } });
    expect(scene.writes).toEqual([]);
  });

  it("costs no request while a freeze holds it, whatever its reason", async () => {
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

  it("has a digest that every process computes alike, and that changes with what is sent", async () => {
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

describe("the digest of a request that may hold secrets", () => {
  const of = resourceType("redisenterprise:ModuleVersions");
  const withArgs = (args: string) => {
    const { modules } = of.make(new VirtualClock()).args as { modules: Record<string, unknown> };
    const [name = ""] = Object.keys(modules);
    return { modules: { ...modules, [name]: { version: modules[name], args } } };
  };
  it("differs for other secrets, and does not show them", async () => {
    const plan = await planOf(sceneOf(of), withArgs("OSS_GLOBAL_PASSWORD first-pass"));
    expect(JSON.stringify(plan)).not.toContain("first-pass");
    const other = await planOf(sceneOf(of), withArgs("OSS_GLOBAL_PASSWORD other-pass"));
    expect(Object.values(other)[0]?.["digest"]).not.toBe(Object.values(plan)[0]?.["digest"]);
  });

  it("can be computed with the password of the account only: nobody else can verify a guess", async () => {
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

/** Kinds whose drivers get a permit that tells when it is asked. */
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

/** What one upgrade did, in order. */
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
  it("asks immediately before an upgrade request leaves whether it may", async () => {
    const events = await course(of);
    const before = events.flatMap((event, at) => (event === "upgrade request" ? [events[at - 1]] : []));
    expect(before).toEqual(["permit"]);
  });
});
