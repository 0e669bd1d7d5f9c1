import { expect, test } from "vitest";
import { failureOf, type Properties } from "./failure";
import { hostOfSuite, hostOfTest, onEachSdk, PROVIDER_TEXT, urnOf } from "./host";
import { openStage, PASSWORD, TARGET, TARGET_BUILD, UNKNOWN, without } from "./stage";

const CONFIG = { config: { "oceanbase:password": PASSWORD } };

onEachSdk("the first RPCs of a process", (sdk) => {
  const openFreshStage = async (options: Parameters<typeof hostOfTest>[1] = {}) => {
    const stage = await openStage(await hostOfTest(sdk, { fresh: true, ...options }));
    stage.cluster.control.setBuildVersion(TARGET_BUILD);
    return stage;
  };

  test("all receive the configuration, for any number and kind of concurrent RPCs", async () => {
    const { provider, inputs, engine, urn, id } = await openFreshStage(CONFIG);
    const resourceNamed = (name: string) => {
      const own = `${urn}-${name}`;
      return { subject: { urn: own, id }, args: without(inputs({ __urn: own }), "password") };
    };
    const [checked, diffed, updated, read] = [
      resourceNamed("checked"),
      resourceNamed("diffed"),
      resourceNamed("updated"),
      resourceNamed("read"),
    ];
    const created = Array.from({ length: 12 }, (_, index) => resourceNamed(`created${index}`));
    const responses = await Promise.all([
      ...created.map(({ subject, args }) => provider.create(subject.urn, args)),
      provider.update(updated.subject, updated.args, updated.args),
      provider.read(read.subject, read.args),
      provider.check(checked.subject.urn, checked.args).then(() => undefined),
      provider.diff(diffed.subject, { ...diffed.args, status: "behind" }, diffed.args).then(() => undefined),
    ]);
    const properties = responses.flatMap((response) => (response === undefined ? [] : [response.properties]));
    expect(properties.map(({ status }) => status)).toEqual(Array.from({ length: 14 }, () => "current"));
    expect(properties.filter((each) => "password" in each)).toEqual([]);
    const planned = engine.logs.filter(({ message }) => message.endsWith(`: already at ${TARGET_BUILD}`));
    expect(planned.map((logged) => logged.urn).sort()).toEqual([checked.subject.urn, diffed.subject.urn]);
  });

  test("take the password from the environment of the engine", { tags: ["long"] }, async () => {
    const { provider, inputs, urn } = await openFreshStage({ env: { OCEANBASE_PASSWORD: PASSWORD } });
    expect((await provider.create(urn, without(inputs(), "password"))).properties["status"]).toBe("current");
  });

  test("may be a delete: it sends no request and logs that the database was not changed", {
    tags: ["long"],
  }, async () => {
    const { provider, inputs, urn, id, engine, cluster } = await openFreshStage();
    await provider.delete({ urn, id }, { ...inputs(), status: "current", currentVersion: "4.3.5.2" });
    expect(engine.logs).toEqual([
      { severity: "info", urn, message: "no longer managed; the database was not changed", ephemeral: false },
    ]);
    expect(cluster.journal.entries).toEqual([]);
  });

  test("may be a read", { tags: ["long"] }, async () => {
    const { provider, inputs, urn, id } = await openFreshStage();
    const read = await provider.read({ urn, id }, { ...inputs(), status: "behind", currentVersion: "4.2.1.8" });
    expect(read).toMatchObject({ id, properties: { status: "current", currentVersion: "4.3.5.2" }, inputs: inputs() });
  });
});

onEachSdk("a resource type", (sdk) => {
  const host = hostOfSuite(sdk);
  const ORACLE = urnOf("orders", "oracle:ClusterVersion");
  const unknown = "pulumi-dbversion has no resource type oracle:ClusterVersion";

  test("that this package does not have is rejected by name in every RPC", async () => {
    const { provider, id, inputs, cluster } = await openStage(host());
    const subject = { urn: ORACLE, id };
    const args = inputs({ __urn: ORACLE });
    const failures = await Promise.all([
      failureOf(provider.check(ORACLE, args)),
      failureOf(provider.diff(subject, args, args)),
      failureOf(provider.create(ORACLE, args)),
      failureOf(provider.update(subject, args, args)),
      failureOf(provider.read(subject, args)),
    ]);
    expect(failures.map(({ message, partial }) => [message, partial])).toEqual(
      failures.map(() => [unknown, undefined]),
    );
    expect(cluster.journal.entries).toEqual([]);
  });

  test("that exists is served by the same process, also inside a component", async () => {
    const { provider, inputs, cluster } = await openStage(host());
    cluster.control.setBuildVersion(TARGET_BUILD);
    await failureOf(provider.check(ORACLE, inputs({ __urn: ORACLE })));
    const nested = urnOf("nested").replace("::pulumi-nodejs", "::shop:index:Database$pulumi-nodejs");
    expect((await provider.create(nested, inputs({ __urn: nested }))).properties["status"]).toBe("current");
  });

  test("is identified by the URN, in one process", async () => {
    const { provider, urn, inputs, cluster } = await openStage(host());
    cluster.control.setBuildVersion(TARGET_BUILD);
    const agents = urn.replace("ClusterVersion", "AgentVersion");
    const version = { version: "4.3.3.0", __urn: agents };
    const [database, obshell] = await Promise.all([
      provider.create(urn, inputs()),
      provider.create(agents, without(inputs(version), "release")),
    ]);
    expect(database.properties).toMatchObject({ status: "current", currentVersion: "4.3.5.2" });
    expect(obshell.properties).toMatchObject({ status: "current", currentVersion: "4.3.3.0" });
  });
});

const SETTLED = { status: "current", currentVersion: "4.3.5.2", members: { "127.0.0.1:2882": "4.3.5.2-1" } };
const UPGRADE = { task: "11", kind: "upgrade", from: "4.2.1.8", to: "4.3.5.2", startedAt: "2026-11-22T15:00:00.000Z" };
const ELSEWHERE = "http://127.0.0.1:9";

const window = (closes: string) => ({ opens: "2026-01-01T02:00:00.000Z", closes });

interface Row {
  readonly title: string;
  /** Properties of the state in addition to the inputs. */
  readonly olds?: Properties;
  /** Keys that the state does not have. */
  readonly removed?: readonly string[];
  /** Properties of the program in addition to the inputs. */
  readonly news?: Properties;
}

const NONE: readonly Row[] = [
  { title: "nothing changed" },
  { title: "the current version is ahead of the target", olds: { status: "newer" } },
  {
    title: "the upgrade is scheduled",
    olds: {
      status: "deferred",
      lastUpgrade: { ...UPGRADE, state: "deferred", window: window("2099-01-01T03:00:00.000Z") },
    },
  },
  { title: "the state has no status, because another version of this package wrote it", removed: ["status"] },
  { title: "the status has another type", olds: { status: 5 } },
  { title: "the state has no hidden inputs", removed: ["__urn"] },
  { title: "the last upgrade has another type", olds: { lastUpgrade: "11" } },
  { title: "the last upgrade has ended", olds: { lastUpgrade: { ...UPGRADE, state: "succeeded" } } },
  { title: "only the time limits changed", news: { __timeouts: { update: "3h" } } },
  { title: "only the provider's text changed", olds: { __provider: "exports.handler=()=>({})" } },
];

const SOME: readonly Row[] = [
  { title: "the version changed", news: { version: "4.3.5.4" } },
  { title: "an argument was added", news: { wait: false } },
  { title: "an argument was removed", olds: { mode: "stopService" } },
  { title: "an endpoint was added", news: { more: ELSEWHERE } },
  { title: "the resource is outdated", olds: { status: "behind" } },
  {
    title: "the window of the upgrade has passed",
    olds: {
      status: "deferred",
      lastUpgrade: { ...UPGRADE, state: "deferred", window: window("2026-01-01T03:00:00.000Z") },
    },
  },
  { title: "the upgrade is scheduled, but the state has no window", olds: { status: "deferred" } },
  { title: "an upgrade is in progress", olds: { status: "upgrading", lastUpgrade: { ...UPGRADE, state: "running" } } },
  { title: "the last upgrade failed", olds: { status: "failed", lastUpgrade: { ...UPGRADE, state: "failed" } } },
  { title: "a refresh found drift", olds: { __drifted: true } },
  {
    title: "the current version is ahead of the target with onNewer fail",
    olds: { status: "newer", onNewer: "fail" },
    news: { onNewer: "fail" },
  },
  { title: "the state is empty", removed: ["endpoints", "password", "version", "release", "__urn", "status"] },
  { title: "the state has invalid endpoints", olds: { endpoints: "nowhere" } },
  { title: "the state has nulls", olds: { endpoints: null, version: null } },
  { title: "the version is not known yet", news: { version: UNKNOWN } },
  { title: "the endpoints are not known yet", news: { endpoints: UNKNOWN } },
  { title: "one endpoint is not known yet", news: { endpoints: [UNKNOWN] } },
  { title: "the password is not known yet", news: { password: UNKNOWN } },
];

onEachSdk("diff", (sdk) => {
  const host = hostOfSuite(sdk);
  const diff = async ({ olds = {}, removed = [], news = {} }: Row) => {
    const { provider, urn, id, inputs } = await openStage(host(), { zones: 1 });
    const more = news["more"];
    const changed = more === undefined ? news : { endpoints: [more, ...[inputs()["endpoints"] ?? []].flat()] };
    return provider.diff({ urn, id }, without({ ...inputs(SETTLED), ...olds }, ...removed), inputs(changed));
  };

  test.each(NONE)("reports no changes if $title", async (row) => {
    expect(await diff(row)).toEqual({ changes: "none", replaces: [] });
  });

  test.each(SOME)("reports changes without a replacement if $title", async (row) => {
    expect(await diff(row)).toEqual({ changes: "some", replaces: [] });
  });

  test("replaces the resource if old and new endpoints have none in common", async () => {
    const { provider, urn, id, inputs } = await openStage(host(), { zones: 1 });
    const olds = inputs({ ...SETTLED, endpoints: [ELSEWHERE] });
    expect(await provider.diff({ urn, id }, olds, inputs())).toEqual({ changes: "some", replaces: ["endpoints"] });
  });

  test("sends no request for a settled resource", async () => {
    const { provider, urn, id, inputs, cluster, logs } = await openStage(host(), { zones: 1 });
    await provider.diff({ urn, id }, inputs(SETTLED), inputs());
    await provider.diff({ urn, id }, inputs(SETTLED), inputs({ version: "4.3.5.4" }));
    expect([cluster.journal.entries, logs()]).toEqual([[], []]);
  });
});

onEachSdk("check of unknown values", (sdk) => {
  const host = hostOfSuite(sdk);

  test.each<[string, Properties]>([
    ["one", { version: UNKNOWN }],
    ["a nested one", { endpoints: ["http://127.0.0.1:2886", UNKNOWN] }],
    ["a list", { endpoints: UNKNOWN }],
    ["a time limit", { __timeouts: { create: UNKNOWN } }],
    ["all", { endpoints: UNKNOWN, version: UNKNOWN, release: UNKNOWN, password: UNKNOWN, mode: UNKNOWN }],
  ])("returns %s unchanged, logs why there is no plan, and sends no request", async (_, news) => {
    const { provider, urn, inputs, cluster, logs } = await openStage(host(), { zones: 1 });
    const given = inputs("__timeouts" in news ? { ...news, endpoints: UNKNOWN } : news);
    expect(await provider.check(urn, given)).toEqual({ inputs: given, failures: [] });
    expect(cluster.journal.entries).toEqual([]);
    const line = expect.stringMatching(/^orders\d+: cannot plan yet: (`\w+`(, )?)+ (is|are) known after apply$/);
    expect(logs()).toEqual([expect.objectContaining({ severity: "info", message: line })]);
  });

  test("still validates the known values", async () => {
    const { provider, urn, inputs } = await openStage(host(), { zones: 1 });
    const { failures } = await provider.check(
      urn,
      inputs({ endpoints: UNKNOWN, mode: "fast", relaese: TARGET.release }),
    );
    expect(failures).toEqual([
      { property: "mode", reason: expect.stringContaining("rolling") },
      { property: "relaese", reason: expect.stringContaining("did you mean release?") },
    ]);
  });
});

const STORED: Properties = { status: "current", currentVersion: "4.3.5.2", members: { gone: TARGET_BUILD } };

onEachSdk("read", (sdk) => {
  const host = hostOfSuite(sdk);

  test("of an up-to-date resource returns the inputs as written, and the current version", async () => {
    const { provider, urn, id, inputs, cluster, writes } = await openStage(host());
    cluster.control.setBuildVersion(TARGET_BUILD);
    const read = await provider.read({ urn, id }, inputs({ ...STORED, currentVersion: "4.2.1.8" }), inputs());
    expect(read.inputs).toEqual(inputs());
    const observed = { status: "current", currentVersion: "4.3.5.2" };
    expect(read).toMatchObject({ id, properties: { ...without(inputs(), "__urn"), ...observed } });
    expect(await provider.diff({ urn, id }, read.properties, inputs())).toEqual({ changes: "none", replaces: [] });
    expect(writes()).toBe(0);
  });

  test("of a resource with drift returns the observed version, and the next diff reports changes", async () => {
    const { provider, urn, id, inputs } = await openStage(host());
    const read = await provider.read({ urn, id }, inputs(STORED), inputs());
    expect(read.inputs).toEqual(without(inputs({ version: "4.2.1.8" }), "release"));
    expect(read.properties).toMatchObject({ status: "behind", currentVersion: "4.2.1.8", version: "4.3.5.2" });
    expect((await provider.diff({ urn, id }, read.properties, inputs())).changes).toBe("some");
  });

  test("of a state without observed outputs adds them", async () => {
    const { provider, urn, id, inputs, cluster } = await openStage(host());
    cluster.control.setBuildVersion(TARGET_BUILD);
    const read = await provider.read({ urn, id }, without(inputs(), "__urn"));
    expect(read.properties).toMatchObject({ status: "current", currentVersion: "4.3.5.2" });
    expect(read.id).toBe(id);
  });

  test.each<[string, Properties]>([
    ["has no arguments", {}],
    [
      "has arguments of an earlier version",
      { endpoints: ["http://127.0.0.1:9"], target: "4.3.5.2", status: "current" },
    ],
  ])("of a state that %s does not change it, with a warning", async (_, state) => {
    const { provider, urn, id, cluster, logged } = await openStage(host());
    const stored = { __provider: PROVIDER_TEXT, __urn: urn, ...state };
    expect(await provider.read({ urn, id }, stored)).toEqual({ id, properties: stored, inputs: undefined });
    expect(await logged(/arguments are not valid, so the state was not changed/)).toMatchObject({
      severity: "warning",
      ephemeral: false,
    });
    expect(cluster.journal.entries).toEqual([]);
  });

  test("of an unreachable system does not change the state, with a warning", async () => {
    const { provider, urn, id, inputs, logged } = await openStage(host());
    const stored = inputs({ ...STORED, endpoints: ["http://127.0.0.1:9"] });
    expect(await provider.read({ urn, id }, stored)).toEqual({ id, properties: stored, inputs: undefined });
    expect(await logged(/^orders\d+: could not be read/)).toMatchObject({ severity: "warning", ephemeral: false });
  });

  test("with a wrong password is an error, not drift", async () => {
    const { provider, urn, id, inputs } = await openStage(host());
    const { message } = await failureOf(provider.read({ urn, id }, inputs({ ...STORED, password: "wr0ng" })));
    expect(message).toMatch(/\[unauthorized\]$/);
  });
});
