import { expect, test } from "vitest";
import type { Properties } from "./failure";
import { hostOfSuite, onEachSdk } from "./host";
import { openStage, TARGET, UNKNOWN, without } from "./stage";

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
