import { describe, expect, test } from "vitest";
import { type Declared, type Fixture, fixturesOf, type Next, releases } from "./fixture";
import { restore } from "./restored";
import { nameOf, StoredResource } from "./stored-resource";

/** The states that earlier releases wrote: this version of the package must continue from them. */
const FIXTURES = releases().flatMap((release) => fixturesOf(release).map((fixture) => ({ release, fixture })));

const HOUR = 3_600_000;
/** After so many milliseconds every upgrade that was in progress has ended. */
const UPGRADE_ENDS = 10 * 60_000;
const MOST_RUNS = 3;

const TAURUSDB = ["taurusdb.KernelVersion", "taurusdb.StarRocksVersion"];
const TYPES = [
  ...["oceanbase.AgentVersion", "oceanbase.ClusterVersion"],
  ...["redisenterprise.DatabaseVersion", "redisenterprise.ModuleVersions"],
  ...TAURUSDB,
];
/** The statuses and killed operations that the fixtures must contain for each type. */
const STATUSES = ["current", "behind", "newer", "upgrading", "failed", "creating", "updating"];

type Expected = Exclude<Next, "no changes">;

test.each(releases())("the fixtures of %s contain every status of every type", (release) => {
  const found = fixturesOf(release).flatMap(({ program, stack: { deployment } }) => {
    const typeOf = new Map(program.map(({ name, type }) => [name, type]));
    const resources = deployment.resources ?? [];
    const pending = deployment.pending_operations ?? [];
    return [
      ...resources.map((resource) => `${typeOf.get(nameOf(resource))} ${resource.outputs?.["status"]}`),
      ...pending.map(({ resource, type }) => `${typeOf.get(nameOf(resource))} ${type}`),
    ];
  });
  const deferred = TAURUSDB.map((type) => `${type} deferred`);
  const required = TYPES.flatMap((type) => STATUSES.map((status) => `${type} ${status}`));
  expect(found).toEqual(expect.arrayContaining([...required, ...deferred]));
});

describe.each(FIXTURES)("$release $fixture.name", ({ fixture }) => {
  const { program } = fixture;
  const settled = program.filter(({ next }) => next === "no changes");
  const unsettled = program.flatMap(({ next, ...declared }) => (next === "no changes" ? [] : [{ next, ...declared }]));
  const deferred = settled.flatMap((declared) => {
    const closes = closingOf(fixture, declared);
    return closes === undefined ? [] : [{ ...declared, closes }];
  });
  const open = (declared: Declared, later?: number) => {
    const restored = restore(fixture, declared, later);
    return { restored, resource: new StoredResource(fixture, declared, restored) };
  };

  /** Runs `up` until no upgrade is in progress, then once more. */
  const expectNext = async ({ restored, resource }: ReturnType<typeof open>, { status, requests, error }: Expected) => {
    let ending = await resource.up();
    for (let run = 1; run < MOST_RUNS && resource.status === "upgrading"; run += 1) {
      await restored.clock.sleep(UPGRADE_ENDS);
      ending = await resource.up();
    }
    expect(ending.error).toEqual(error === undefined ? undefined : expect.stringContaining(`[${error}]`));
    expect({ status: resource.status, requests: restored.upgradeRequests() }).toEqual({ status, requests });
    if (error === undefined) expect(await resource.up()).toEqual({ changed: false });
  };

  test.each(program)("$name: the arguments are accepted", async (declared) => {
    expect(await open(declared).resource.check({})).toEqual([]);
  });

  test.each(settled)("$name: up makes no changes and no requests", async (declared) => {
    const { restored, resource } = open(declared);
    expect(await resource.up()).toEqual({ changed: false });
    expect(restored.requests()).toBe(0);
  });

  test.each(settled)("$name: a refresh makes no changes", async (declared) => {
    const opened = open(declared);
    const { resource } = opened;
    const status = String(resource.status);
    await resource.refresh();
    expect(resource.status).toBe(status);
    // A version that is ahead of the target is shown as drift.
    if (status !== "newer") expect(resource.stored?.inputs).toEqual(resource.news);
    await expectNext(opened, { status, requests: 0 });
  });

  test.each(unsettled)("$name: the next run resumes", async (declared) => {
    const opened = open(declared);
    expect(await opened.resource.check()).toEqual([]);
    expect(await opened.resource.plan()).toMatch(/^(create|update)$/);
    await expectNext(opened, declared.next);
  });

  test.each(unsettled)("$name: the next run resumes after a refresh", { tags: ["long"] }, async (declared) => {
    const opened = open(declared);
    await opened.resource.refresh();
    expect(await opened.resource.plan()).toMatch(/^(create|update)$/);
    await expectNext(opened, declared.next);
  });

  test.each(deferred)("$name: the scheduled upgrade is recorded as completed after its window", async (declared) => {
    const opened = open(declared, declared.closes - fixture.systems.recordedAt + HOUR);
    expect(await opened.resource.plan()).toBe("update");
    await expectNext(opened, { status: "current", requests: 0 });
  });
});

/** When the maintenance window of a scheduled upgrade closes: milliseconds since 1970. */
function closingOf(fixture: Fixture, declared: Declared): number | undefined {
  const { stored } = new StoredResource(fixture, declared, restore(fixture, declared));
  const { status, lastUpgrade } = stored?.outputs ?? {};
  if (status !== "deferred" || typeof lastUpgrade !== "object" || lastUpgrade === null) return undefined;
  const window: unknown = Reflect.get(lastUpgrade, "window");
  return Date.parse(String(Reflect.get(Object(window), "closes")));
}
