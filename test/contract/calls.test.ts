import { expect, test } from "vitest";
import { failureOf, type Properties } from "./failure";
import { hostOfSuite, hostOfTest, onEachSdk, PROVIDER_TEXT, urnOf } from "./host";
import { openStage, PASSWORD, TARGET, TARGET_BUILD, UNKNOWN, without } from "./stage";

const CONFIG = { config: { "oceanbase:password": PASSWORD } };

onEachSdk("the first calls of a process", (sdk) => {
  const opened = async (options: Parameters<typeof hostOfTest>[1] = {}) => {
    const stage = await openStage(await hostOfTest(sdk, { fresh: true, ...options }));
    stage.cluster.control.setBuildVersion(TARGET_BUILD);
    return stage;
  };

  test("all see the configuration, however many come at once and of whichever kind", async () => {
    const { provider, inputs, engine, urn, id } = await opened(CONFIG);
    const named = (name: string) => {
      const own = `${urn}-${name}`;
      return { subject: { urn: own, id }, args: without(inputs({ __urn: own }), "password") };
    };
    const [checked, diffed, updated, read] = [named("checked"), named("diffed"), named("updated"), named("read")];
    const created = Array.from({ length: 12 }, (_, index) => named(`created${index}`));
    const answers = await Promise.all([
      ...created.map(({ subject, args }) => provider.create(subject.urn, args)),
      provider.update(updated.subject, updated.args, updated.args),
      provider.read(read.subject, read.args),
      provider.check(checked.subject.urn, checked.args).then(() => undefined),
      provider.diff(diffed.subject, { ...diffed.args, status: "behind" }, diffed.args).then(() => undefined),
    ]);
    const properties = answers.flatMap((answer) => (answer === undefined ? [] : [answer.properties]));
    expect(properties.map(({ status }) => status)).toEqual(Array.from({ length: 14 }, () => "current"));
    expect(properties.filter((each) => "password" in each)).toEqual([]);
    const told = engine.logs.filter(({ message }) => message.endsWith(`: already at ${TARGET_BUILD}`));
    expect(told.map((logged) => logged.urn).sort()).toEqual([checked.subject.urn, diffed.subject.urn]);
  });

  test("take the password from the environment of the engine", { tags: ["long"] }, async () => {
    const { provider, inputs, urn } = await opened({ env: { OCEANBASE_PASSWORD: PASSWORD } });
    expect((await provider.create(urn, without(inputs(), "password"))).properties["status"]).toBe("current");
  });

  test("may be a delete: nothing is asked of the database, and it says that it was left as it is", {
    tags: ["long"],
  }, async () => {
    const { provider, inputs, urn, id, engine, cluster } = await opened();
    await provider.delete({ urn, id }, { ...inputs(), status: "current", currentVersion: "4.3.5.2" });
    expect(engine.logs).toEqual([
      { severity: "info", urn, message: "no longer managed; the database was not changed", ephemeral: false },
    ]);
    expect(cluster.journal.entries).toEqual([]);
  });

  test("may be a read", { tags: ["long"] }, async () => {
    const { provider, inputs, urn, id } = await opened();
    const read = await provider.read({ urn, id }, { ...inputs(), status: "behind", currentVersion: "4.2.1.8" });
    expect(read).toMatchObject({ id, properties: { status: "current", currentVersion: "4.3.5.2" }, inputs: inputs() });
  });
});

onEachSdk("a resource type", (sdk) => {
  const host = hostOfSuite(sdk);
  const ORACLE = urnOf("orders", "oracle:ClusterVersion");
  const unknown = "pulumi-dbversion has no resource type oracle:ClusterVersion";

  test("that this package has not is refused by its name in every call", async () => {
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

  test("that is known is served by the same process, also below a component", async () => {
    const { provider, inputs, cluster } = await openStage(host());
    cluster.control.setBuildVersion(TARGET_BUILD);
    await failureOf(provider.check(ORACLE, inputs({ __urn: ORACLE })));
    const nested = urnOf("nested").replace("::pulumi-nodejs", "::shop:index:Database$pulumi-nodejs");
    expect((await provider.create(nested, inputs({ __urn: nested }))).properties["status"]).toBe("current");
  });

  test("is told from another by the URN, in one process", async () => {
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
  /** What the state has on top of the inputs. */
  readonly olds?: Properties;
  /** Keys that the state has not. */
  readonly lacking?: readonly string[];
  /** What the program has on top of the inputs. */
  readonly news?: Properties;
}

const NONE: readonly Row[] = [
  { title: "nothing changed" },
  { title: "something newer runs", olds: { status: "newer" } },
  {
    title: "the upgrade waits for its window",
    olds: {
      status: "deferred",
      lastUpgrade: { ...UPGRADE, state: "deferred", window: window("2099-01-01T03:00:00.000Z") },
    },
  },
  { title: "there is no status: another version of this package wrote the state", lacking: ["status"] },
  { title: "the status is of another type", olds: { status: 5 } },
  { title: "the state has no hidden inputs", lacking: ["__urn"] },
  { title: "the last upgrade is of an odd shape", olds: { lastUpgrade: "11" } },
  { title: "the last upgrade has ended", olds: { lastUpgrade: { ...UPGRADE, state: "succeeded" } } },
  { title: "only the time limits changed", news: { __timeouts: { update: "3h" } } },
  { title: "only the provider's text changed", olds: { __provider: "exports.handler=()=>({})" } },
];

const SOME: readonly Row[] = [
  { title: "the version changed", news: { version: "4.3.5.4" } },
  { title: "an argument was added", news: { wait: false } },
  { title: "an argument was dropped", olds: { mode: "stopService" } },
  { title: "an endpoint was added", news: { more: ELSEWHERE } },
  { title: "it is behind", olds: { status: "behind" } },
  {
    title: "the window of the upgrade has passed",
    olds: {
      status: "deferred",
      lastUpgrade: { ...UPGRADE, state: "deferred", window: window("2026-01-01T03:00:00.000Z") },
    },
  },
  { title: "the upgrade waits for a window that nobody remembers", olds: { status: "deferred" } },
  { title: "an upgrade runs", olds: { status: "upgrading", lastUpgrade: { ...UPGRADE, state: "running" } } },
  { title: "the last upgrade failed", olds: { status: "failed", lastUpgrade: { ...UPGRADE, state: "failed" } } },
  { title: "a refresh found drift", olds: { __drifted: true } },
  {
    title: "something newer runs, and shall not",
    olds: { status: "newer", onNewer: "fail" },
    news: { onNewer: "fail" },
  },
  { title: "the state is empty", lacking: ["endpoints", "password", "version", "release", "__urn", "status"] },
  { title: "the state has endpoints that are none", olds: { endpoints: "nowhere" } },
  { title: "the state has nulls", olds: { endpoints: null, version: null } },
  { title: "the version is not known yet", news: { version: UNKNOWN } },
  { title: "the endpoints are not known yet", news: { endpoints: UNKNOWN } },
  { title: "one endpoint is not known yet", news: { endpoints: [UNKNOWN] } },
  { title: "the password is not known yet", news: { password: UNKNOWN } },
];

onEachSdk("diff", (sdk) => {
  const host = hostOfSuite(sdk);
  const diff = async ({ olds = {}, lacking = [], news = {} }: Row) => {
    const { provider, urn, id, inputs } = await openStage(host(), { zones: 1 });
    const more = news["more"];
    const changed = more === undefined ? news : { endpoints: [more, ...[inputs()["endpoints"] ?? []].flat()] };
    return provider.diff({ urn, id }, without({ ...inputs(SETTLED), ...olds }, ...lacking), inputs(changed));
  };

  test.each(NONE)("says no when $title", async (row) => {
    expect(await diff(row)).toEqual({ changes: "none", replaces: [] });
  });

  test.each(SOME)("says yes when $title, and replaces nothing", async (row) => {
    expect(await diff(row)).toEqual({ changes: "some", replaces: [] });
  });

  test("replaces when old and new endpoints have nothing in common", async () => {
    const { provider, urn, id, inputs } = await openStage(host(), { zones: 1 });
    const olds = inputs({ ...SETTLED, endpoints: [ELSEWHERE] });
    expect(await provider.diff({ urn, id }, olds, inputs())).toEqual({ changes: "some", replaces: ["endpoints"] });
  });

  test("makes no request where nothing is unsettled", async () => {
    const { provider, urn, id, inputs, cluster, logs } = await openStage(host(), { zones: 1 });
    await provider.diff({ urn, id }, inputs(SETTLED), inputs());
    await provider.diff({ urn, id }, inputs(SETTLED), inputs({ version: "4.3.5.4" }));
    expect([cluster.journal.entries, logs()]).toEqual([[], []]);
  });
});

onEachSdk("check of values that are not known yet", (sdk) => {
  const host = hostOfSuite(sdk);

  test.each<[string, Properties]>([
    ["one", { version: UNKNOWN }],
    ["a nested one", { endpoints: ["http://127.0.0.1:2886", UNKNOWN] }],
    ["a list", { endpoints: UNKNOWN }],
    ["a time limit", { __timeouts: { create: UNKNOWN } }],
    ["all", { endpoints: UNKNOWN, version: UNKNOWN, release: UNKNOWN, password: UNKNOWN, mode: UNKNOWN }],
  ])("passes %s on, says why there is no plan, and makes no request", async (_, news) => {
    const { provider, urn, inputs, cluster, logs } = await openStage(host(), { zones: 1 });
    const given = inputs("__timeouts" in news ? { ...news, endpoints: UNKNOWN } : news);
    expect(await provider.check(urn, given)).toEqual({ inputs: given, failures: [] });
    expect(cluster.journal.entries).toEqual([]);
    const line = expect.stringMatching(/^orders\d+: cannot plan yet: (`\w+`(, )?)+ (is|are) known after apply$/);
    expect(logs()).toEqual([expect.objectContaining({ severity: "info", message: line })]);
  });

  test("still judges what is known", async () => {
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

  test("of a pin that holds gives the inputs as written, and what runs", async () => {
    const { provider, urn, id, inputs, cluster, writes } = await openStage(host());
    cluster.control.setBuildVersion(TARGET_BUILD);
    const read = await provider.read({ urn, id }, inputs({ ...STORED, currentVersion: "4.2.1.8" }), inputs());
    expect(read.inputs).toEqual(inputs());
    const observed = { status: "current", currentVersion: "4.3.5.2" };
    expect(read).toMatchObject({ id, properties: { ...without(inputs(), "__urn"), ...observed } });
    expect(await provider.diff({ urn, id }, read.properties, inputs())).toEqual({ changes: "none", replaces: [] });
    expect(writes()).toBe(0);
  });

  test("of a pin that was left gives the observed version in its place, and the next diff says yes", async () => {
    const { provider, urn, id, inputs } = await openStage(host());
    const read = await provider.read({ urn, id }, inputs(STORED), inputs());
    expect(read.inputs).toEqual(without(inputs({ version: "4.2.1.8" }), "release"));
    expect(read.properties).toMatchObject({ status: "behind", currentVersion: "4.2.1.8", version: "4.3.5.2" });
    expect((await provider.diff({ urn, id }, read.properties, inputs())).changes).toBe("some");
  });

  test("of a state without what this package observes fills it in", async () => {
    const { provider, urn, id, inputs, cluster } = await openStage(host());
    cluster.control.setBuildVersion(TARGET_BUILD);
    const read = await provider.read({ urn, id }, without(inputs(), "__urn"));
    expect(read.properties).toMatchObject({ status: "current", currentVersion: "4.3.5.2" });
    expect(read.id).toBe(id);
  });

  test.each<[string, Properties]>([
    ["has no arguments", {}],
    ["has arguments of another time", { endpoints: ["http://127.0.0.1:9"], target: "4.3.5.2", status: "current" }],
  ])("of a state that %s leaves it as it is, with a warning", async (_, state) => {
    const { provider, urn, id, cluster, said } = await openStage(host());
    const stored = { __provider: PROVIDER_TEXT, __urn: urn, ...state };
    expect(await provider.read({ urn, id }, stored)).toEqual({ id, properties: stored, inputs: undefined });
    expect(await said(/arguments are not valid, so the state was not changed/)).toMatchObject({
      severity: "warning",
      ephemeral: false,
    });
    expect(cluster.journal.entries).toEqual([]);
  });

  test("of a system that does not answer leaves the state as it is, with a warning", async () => {
    const { provider, urn, id, inputs, said } = await openStage(host());
    const stored = inputs({ ...STORED, endpoints: ["http://127.0.0.1:9"] });
    expect(await provider.read({ urn, id }, stored)).toEqual({ id, properties: stored, inputs: undefined });
    expect(await said(/^orders\d+: could not be read/)).toMatchObject({ severity: "warning", ephemeral: false });
  });

  test("with a wrong password is an error, not a drift", async () => {
    const { provider, urn, id, inputs } = await openStage(host());
    const { message } = await failureOf(provider.read({ urn, id }, inputs({ ...STORED, password: "wr0ng" })));
    expect(message).toMatch(/\[unauthorized\]$/);
  });
});
