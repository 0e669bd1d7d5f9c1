import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Unreachable } from "../../provider/core/errors";
import type { DynamicProvider } from "../../provider/frontend/dynamic/dynamic-provider";
import type { LogLine } from "../../provider/frontend/resource/log";
import { UNKNOWN } from "../../provider/frontend/resource/properties";
import { declared } from "../docs/interfaces";
import { HeldClock } from "../hostile/held-clock";
import { inputsOf } from "../hostile/trial";
import { RedisEnterpriseCluster, taurusdb } from "../simulators";
import { partial } from "../support/partial";
import { isRead } from "../support/reads";
import { makeRpm } from "../support/rpm-package";
import { VirtualClock } from "../support/virtual-clock";
import { RESOURCE_TYPES, type ResourceType, type Vendor } from "../systems";
import { sceneOf as sceneWith } from "../systems/scene";
import { stage, URN } from "./fake-lifecycle";

const task = { id: "11", kind: "upgrade", to: "2.0" };

/** The messages and the failures of a preview of a new resource. */
async function preview(change: Parameters<typeof stage>[0], args: Record<string, unknown> = {}) {
  const { lifecycle, inputs, messages, world } = stage(change);
  const { failures } = await lifecycle.check({}, inputs(args));
  return { failures, messages: messages(), world };
}

describe("the preview of a new resource", () => {
  it.each<[string, Parameters<typeof stage>[0], string]>([
    ["that is up to date", { version: "2.0" }, "INFO already at 2.0"],
    ["that needs an upgrade", {}, "INFO 1.0 → 2.0, at once"],
    [
      "that joins a running upgrade",
      { activity: { kind: "running", task } },
      "INFO joins running upgrade 11 (upgrade to 2.0)",
    ],
    [
      "that waits for another operation",
      { activity: { kind: "busy", name: "backup 3" } },
      "INFO 1.0 → 2.0, at once, after backup 3 has ended",
    ],
    [
      "whose upgrade failed",
      { activity: { kind: "failed", task, failure: { message: "broken.", remedy: "Fix it." } } },
      "WARNING upgrade 11 (upgrade to 2.0) failed: broken. Fix it.",
    ],
    ["with unknown versions", { unknown: "no members" }, "WARNING cannot plan: no members"],
    [
      "that is unreachable",
      { failure: new Unreachable("connection refused", { sent: false, responded: false }) },
      "WARNING cannot plan: unreachable, connection refused",
    ],
    ["with an internal error", { failure: new TypeError("x is undefined") }, "WARNING cannot plan: x is undefined"],
    [
      "that is ahead of the target",
      { version: "3.0" },
      "WARNING Fake at server-1: the current version, 3.0, is newer than the target version. Nothing was sent. Raise the target version to what is running, or set `onNewer` to `accept`. Databases are never downgraded. [newer]",
    ],
  ])("%s shows it on one line and does not fail", async (_, change, line) => {
    const { failures, messages, world } = await preview(change);
    expect(messages).toEqual([line]);
    expect(failures).toEqual([]);
    expect(world.starts).toBe(0);
    expect(world.closed).toBe(world.opened);
  });

  it("shows that the run does not wait", async () => {
    expect((await preview({}, { wait: false })).messages).toEqual(["INFO 1.0 → 2.0, at once (not waited for)"]);
    expect((await preview({ version: "2.0" }, { wait: false })).messages).toEqual(["INFO already at 2.0"]);
  });

  it("warns about findings, and fails if the upgrade can never succeed", async () => {
    const { messages, failures } = await preview({
      findings: [
        { code: "a", message: "An agent does not run.", remedy: "Start it." },
        { code: "b", property: "mode", message: "Rolling needs 3 zones.", remedy: "Add one." },
      ],
    });
    expect(messages).toEqual(["INFO 1.0 → 2.0, at once · blocked: a, b", "WARNING An agent does not run. Start it."]);
    expect(failures).toEqual([{ property: "mode", reason: "Rolling needs 3 zones. Add one." }]);
  });

  it("shows only the plan of a newer version that is accepted", async () => {
    const { messages, failures } = await preview({ version: "3.0" }, { onNewer: "accept" });
    expect(messages).toEqual(["INFO runs 3.0, newer than the target version"]);
    expect(failures).toEqual([]);
  });

  it('fails for a newer version with onNewer "fail", and names the property', async () => {
    const { messages, failures } = await preview({ version: "3.0" }, { onNewer: "fail" });
    expect(messages).toEqual([]);
    expect(failures).toEqual([
      {
        property: "version",
        reason:
          "Fake at server-1: the current version, 3.0, is newer than the target version. Nothing was sent. Raise the target version to what is running, or set `onNewer` to `accept`. Databases are never downgraded. [newer]",
      },
    ]);
  });

  it("redacts secrets in its messages and failures", async () => {
    const finding = { code: "b", property: "mode", message: "Not with hunter2.", remedy: "No." };
    const { failures } = await preview({ findings: [finding] }, { password: "hunter2" });
    expect(failures).toEqual([{ property: "mode", reason: "Not with [secret]. No." }]);
    const newer = await preview({ version: "3.0" }, { onNewer: "fail", password: "hunter2", server: "hunter2.test" });
    expect(newer.failures?.[0]?.reason).toContain("Fake at [secret].test: the current version, 3.0, is newer");
    const failing = await preview({ failure: new Error("hunter2 refused") }, { password: "hunter2" });
    expect(failing.messages).toEqual(["WARNING cannot plan: [secret] refused"]);
  });

  it("stops reading after ten seconds, without failing", async () => {
    const { lifecycle, inputs, messages, world, clock } = stage();
    world.delay = (signal) => clock.sleep(60_000, signal);
    const began = clock.now();
    expect((await lifecycle.check({}, inputs())).failures).toEqual([]);
    expect(messages()).toEqual(["WARNING cannot plan: unreachable, no response in time"]);
    expect(clock.since(began)).toBe(10_000);
  });
});

describe("the preview of an unchanged resource after an unfinished run", () => {
  const failed = { status: "failed" };

  it("warns if the upgrade can never succeed: only a check could fail, and it does not read", async () => {
    const { lifecycle, inputs, messages, world } = stage();
    world.findings = [
      { code: "gone", message: "2.0 is not offered any more.", remedy: "Pin 2.1.", property: "version" },
    ];
    expect((await lifecycle.check(inputs(), inputs())).failures).toEqual([]);
    expect(await lifecycle.diff("server-1", { ...inputs(), ...failed }, inputs())).toMatchObject({ changes: true });
    expect(messages()).toContain("WARNING 2.0 is not offered any more. Pin 2.1.");
  });

  it("warns about a newer version that is not accepted", async () => {
    const { lifecycle, inputs, messages } = stage({ version: "3.0" });
    const own = inputs({ onNewer: "fail" });
    expect(await lifecycle.diff("server-1", { ...own, ...failed }, own)).toMatchObject({ changes: true });
    expect(messages()).toEqual([expect.stringMatching(/^WARNING .*3\.0/)]);
  });
});

describe("the previews of a run", () => {
  const skipped = "WARNING cannot plan: skipped, this run has waited 1 min for systems that do not respond";
  const pin = (at: number) => ({ __urn: `${URN}-${at}`, server: `server-${at}` });

  it("skip their plans after a minute of waiting for systems that do not respond", async () => {
    const { lifecycle, inputs, messages, world, clock } = stage();
    world.delay = (signal) => clock.sleep(60_000, signal);
    const began = clock.now();
    for (let at = 0; at < 20; at++) {
      expect((await lifecycle.check({}, inputs(pin(at)))).failures).toEqual([]);
    }
    expect(clock.since(began)).toBe(60_000);
    expect(world.reads).toBe(6);
    expect(messages().slice(5, 8)).toEqual(["WARNING cannot plan: unreachable, no response in time", skipped, skipped]);
    expect(messages()).toHaveLength(20);
    expect(world.closed).toBe(world.opened);
  });

  it("continue while systems respond, even if slowly", async () => {
    const { lifecycle, inputs, messages, world, clock } = stage();
    world.delay = (signal) => clock.sleep(9_000, signal);
    for (let at = 0; at < 20; at++) await lifecycle.check({}, inputs(pin(at)));
    expect(new Set(messages())).toEqual(new Set(["INFO 1.0 → 2.0, at once"]));
  });
});

describe("a preview without reads", () => {
  it("results from unchanged arguments", async () => {
    const { lifecycle, inputs, messages, world } = stage();
    expect(await lifecycle.check(inputs(), inputs())).toEqual({ inputs: inputs(), failures: [] });
    expect(world.reads).toBe(0);
    expect(messages()).toEqual([]);
  });

  it("results from invalid arguments", async () => {
    const { lifecycle, inputs, world } = stage();
    const { failures } = await lifecycle.check({}, inputs({ version: 2, __timeouts: { create: "0s" } }));
    expect(failures?.map(({ property }) => property)).toEqual(["version", "customTimeouts"]);
    expect(world.reads).toBe(0);
  });

  it("results from invalid time limits", async () => {
    const { lifecycle, inputs, messages, world } = stage();
    const { failures } = await lifecycle.check({}, inputs({ __timeouts: { create: "0s" } }));
    expect(failures?.map(({ property }) => property)).toEqual(["customTimeouts"]);
    expect(world.reads).toBe(0);
    expect(messages()).toEqual([]);
  });

  it("results from unknown arguments", async () => {
    const { lifecycle, inputs, world } = stage();
    const unknown = inputs({ version: "04da6b54-80e4-46f7-96ec-b56ff0331ba9" });
    expect(await lifecycle.check({}, unknown)).toEqual({ inputs: unknown, failures: [] });
    expect(world.reads).toBe(0);
  });

  it("results from an earlier preview of the same resource in the same process", async () => {
    const { lifecycle, inputs, messages, world } = stage();
    await lifecycle.check({}, inputs());
    await lifecycle.diff("server-1", { ...inputs(), status: "behind" }, inputs());
    expect(world.reads).toBe(1);
    expect(messages()).toHaveLength(1);
  });
});

describe("a preview without a plan shows the reason", () => {
  it.each([
    [{ version: UNKNOWN }, "INFO cannot plan yet: `version` is known after apply"],
    [{ server: UNKNOWN, version: UNKNOWN }, "INFO cannot plan yet: `version`, `server` are known after apply"],
  ])("for unknown arguments: %j", async (args, line) => {
    const { lifecycle, inputs, messages, world } = stage();
    const { failures } = await lifecycle.check({}, inputs(args));
    expect(failures).toEqual([]);
    await lifecycle.check({}, inputs(args));
    expect(messages()).toEqual([line]);
    expect(world.reads).toBe(0);
  });
});

describe.each(RESOURCE_TYPES.map((of) => [of.type, of] as const))(
  "%s after a request without a response",
  (type, of) => {
    /** A resource whose upgrade request was lost, and whose run was interrupted while it waited for the response. */
    async function unanswered() {
      const clock = new VirtualClock();
      let interrupt: (() => void) | undefined;
      let lost = true;
      const scene = sceneWith(of, clock, (request, vendor) => {
        if (!lost || request.method !== "POST" || !of.upgradePath.test(request.target)) return vendor(request);
        return new Promise((_, reject) => {
          request.signal.addEventListener("abort", () => reject(request.signal.reason), { once: true });
          interrupt?.();
        });
      });
      const onCancel = (listener: () => void) => {
        interrupt = listener;
        return () => undefined;
      };
      const urn = `urn:pulumi:dev::shop::pulumi-nodejs:dynamic/${type}::orders`;
      const inputs = { ...scene.vendor.args, __urn: urn };
      const { id, properties } = await partial(scene.process({ onCancel }).create(inputs));
      lost = false;
      /** The messages of a preview of these inputs. */
      const preview = async (news: Record<string, unknown>) => {
        const lines: LogLine[] = [];
        const log = { write: (line: LogLine) => lines.push(line), flush: async () => undefined };
        const process = scene.process({ log });
        await process.check(inputs, news);
        await process.diff(id, properties, news);
        return lines.map(({ message }) => message);
      };
      const update = () => scene.process().update(id, properties, inputs);
      return { clock, scene, inputs, properties, preview, update };
    }

    const WAITS =
      /^no request is sent (for .* )?while the upgrade that an earlier run requested at \S+Z may still appear$/;

    it("shows in a preview that this request is waited for, until it is no longer expected", async () => {
      const { clock, scene, inputs, properties, preview, update } = await unanswered();
      expect(properties).toMatchObject({ status: "upgrading", lastUpgrade: { state: "unknown" } });
      expect(await preview(inputs)).toEqual([expect.stringContaining(" → "), expect.stringMatching(WAITS)]);
      await clock.sleep(60 * 60_000);
      expect(await preview(inputs)).toEqual([expect.stringContaining(" → ")]);
      expect(scene.vendor.accepted()).toBe(0);
      expect((await update()).outs).toMatchObject({ status: "current" });
      expect(scene.vendor.accepted()).toBe(1);
    });

    it("shows it for changed arguments too", async () => {
      const { inputs, preview } = await unanswered();
      const lines = await preview({ ...inputs, unreachableTimeout: "3m" });
      expect(lines).toContainEqual(expect.stringMatching(WAITS));
    });
  },
);

type Args = Readonly<Record<string, unknown>>;

const { user, password, account } = taurusdb.DEFAULTS;

let directory: string;
const rpm = () => join(directory, "package.rpm");

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "reads-only-"));
  await writeFile(rpm(), makeRpm());
});

afterAll(() => rm(directory, { recursive: true }));

const OBSHELL = (): readonly Args[] => [
  { packages: [rpm()], release: undefined },
  { packages: [rpm()] },
  { upgradeDir: "/data/upgrade", onFailure: "retry" },
  { onFailure: "rollback" },
];
const TAURUS = (): readonly Args[] => [
  { preCheck: true },
  { preCheck: false, schedule: "maintenance-window" },
  { accessKey: undefined, secretKey: undefined, userName: user, password, domainName: account },
];
const REDIS = (): readonly Args[] => [
  { authentication: "token" },
  { authentication: "basic", preserveRoles: true, mayDiscardData: true },
];

/** Arguments that hold the upgrade of any type, and their counterparts. */
const CHANGES = (): readonly Args[] => [
  { freeze: "incident 4711", onHeld: "wait" },
  {
    windows: [{ from: "00:00", to: "24:00", timeZone: "UTC" }],
    blackouts: [{ from: "2020-01-01", to: "2020-01-02", reason: "over" }],
    expect: "1h",
    backup: { maxAge: "1h", waive: "none is needed" },
  },
  { approval: { formatVersion: 1, approvals: {} }, backup: { maxAge: "1h" }, onHeld: "fail" },
];

/** Optional arguments by type. */
const VARIANTS: Readonly<Record<string, () => readonly Args[]>> = {
  "oceanbase:ClusterVersion": () => [...OBSHELL(), { mode: "rolling", freezeServer: true }],
  "oceanbase:AgentVersion": OBSHELL,
  "taurusdb:KernelVersion": TAURUS,
  "taurusdb:StarRocksVersion": () => [...TAURUS().map(({ preCheck: _, ...rest }) => rest), { skipValidation: true }],
  "redisenterprise:ModuleVersions": () => [...REDIS(), { args: { search: "WORKERS 8" } }],
  "redisenterprise:DatabaseVersion": () => [
    ...REDIS(),
    { dryRun: true },
    { dryRun: true, modules: "keep", parallelShards: 1, keepCrdtProtocolVersion: true },
    { redisVersion: "latest", dryRun: true },
  ],
};

/** Arguments of every type, and of the connection, which do not change the requests. */
const ELSEWHERE = new Set(
  `wait onNewer onUnreachable unreachableTimeout endpoints allowPlainHttp allowUntrustedCertificate caCertificate clientCertificate
  clientKey serverName agentPassword databaseName projectId endpoint iamEndpoint securityToken`.split(/\s+/),
);

interface Scene {
  readonly vendor: Vendor;
  readonly clock: HeldClock;
  /** All requests since the last call, except reads and logins. */
  readonly writes: string[];
  /** A provider process that was just started. */
  process(): DynamicProvider;
}

function sceneOf(of: ResourceType): Scene {
  const clock = new HeldClock();
  const writes: string[] = [];
  const { vendor, process } = sceneWith(of, clock, (request, genuine) => {
    if (!isRead(request)) writes.push(`${request.method} ${request.target}`);
    return genuine(request);
  });
  const { system } = vendor;
  if (system instanceof RedisEnterpriseCluster) system.control.setSwitches({ dryRun: "ignored" });
  return { vendor, clock, writes, process };
}

/** The check of a new and of a changed resource, the diff after an unfinished run, and a refresh. */
async function lookEveryWay({ process }: Scene, inputs: Args, outputs: Args): Promise<void> {
  const { failures = [] } = await process().check({}, inputs);
  await process().check({ ...inputs, wait: false }, inputs);
  if (failures.length > 0) return;
  const state = { ...inputs, ...outputs };
  await process().diff("pin", { ...state, status: "upgrading" }, inputs);
  await process().diff("pin", { ...state, status: "behind", onNewer: "accept" }, inputs);
  await process()
    .read("pin", state)
    .catch(() => undefined);
}

describe.each(RESOURCE_TYPES)("$type", (of) => {
  const variants = VARIANTS[of.type];
  if (variants === undefined) throw new Error(`${of.type} has no variants`);

  it("has a variant for every argument that may have an effect", () => {
    const [vendor = "", name = ""] = of.type.split(":");
    const known = [{ ...of.make(new HeldClock()).args }, ...variants(), ...CHANGES()].flatMap((args) =>
      Object.keys(args),
    );
    const args = declared(vendor, name).args.map((property) => property.name);
    expect(args.filter((one) => !known.includes(one) && !ELSEWHERE.has(one))).toEqual([]);
  });

  it("a preview and a refresh send only reads and logins, with any arguments", async () => {
    for (const more of [{}, ...variants(), ...CHANGES()]) {
      const scene = sceneOf(of);
      const inputs = { ...inputsOf(scene.vendor), ...more };
      await lookEveryWay(scene, inputs, {});
      expect(scene.writes, JSON.stringify(more)).toEqual([]);
      expect(scene.vendor.accepted()).toBe(0);
    }
  });

  it("the same applies during and after the upgrade", async () => {
    for (const more of [{}, ...variants()]) {
      const scene = sceneOf(of);
      const inputs = { ...inputsOf(scene.vendor), ...more };
      const outs = await outputsOf(scene.process(), { ...inputs, wait: false });
      const accepted = scene.vendor.accepted();
      for (const pause of [0, 1_000, 600_000]) {
        await scene.clock.sleep(pause);
        scene.writes.splice(0);
        await lookEveryWay(scene, inputs, outs);
        expect(scene.writes, JSON.stringify(more)).toEqual([]);
      }
      expect(scene.vendor.accepted()).toBe(accepted);
    }
  });
});

/** The outputs of a create, or its partial result. */
async function outputsOf(lifecycle: DynamicProvider, inputs: Args): Promise<Args> {
  try {
    return (await lifecycle.create(inputs)).outs;
  } catch (error) {
    return { ...(error as { properties?: Args }).properties };
  }
}
