import { describe, expect, it } from "vitest";
import type { DynamicProvider } from "../../provider/frontend/dynamic/dynamic-provider";
import type { LogLine } from "../../provider/frontend/resource/log";
import { argumentsOf } from "../../provider/frontend/resource/properties";
import { OLD_BUILD, rig as oceanbase } from "../oceanbase/rig";
import { CACHE, rig as redis, SHIPPED } from "../redisenterprise/rig";
import { rigFor, SIDES } from "../redisenterprise/sides";
import { report, resource, stackExport } from "../report/export";
import { partial } from "../support/partial";
import { kernelRig } from "../taurusdb/kernel-rig";
import { NEW, rig as starRocks } from "../taurusdb/rig";
import { type Opened, SITUATIONS, type Situation } from "./situations";

type Values = Record<string, unknown>;

const NEVER_MISSING = ["members", "status"];

describe.each(SITUATIONS.map(({ title, open }) => [title, open] as const))("the outputs of %s", (_, open) => {
  it("are complete after a create, a refresh and an update", async () => {
    const { lifecycle, inputs, changeVersion } = open();
    const { id, outs } = await lifecycle.create(inputs);
    changeVersion();
    const { props = {} } = await lifecycle.read(id, outs);
    const { outs: updated } = await lifecycle.update(id, props, inputs);
    const names = [
      ...NEVER_MISSING,
      ...("modules" in inputs ? [] : ["currentVersion"]),
      ...("instanceIds" in inputs ? ["problems"] : []),
    ];
    for (const outputs of [outs, props, updated]) expect(Object.keys(outputs)).toEqual(expect.arrayContaining(names));
  });
});

describe("a state of release 0.1.0", () => {
  it("has no output problems, which causes no changes", async () => {
    const { lifecycle, inputs, reads } = kernelRig({ kernel: "2.0.78.260600" });
    const { id, outs } = await lifecycle.create(inputs());
    expect(outs).toMatchObject({ problems: {} });
    const { problems: _, ...old } = outs;
    const before = reads();
    expect(await lifecycle.check(inputs(), inputs())).toEqual({ inputs: inputs(), failures: [] });
    expect(await lifecycle.diff(id, old, inputs())).toEqual({ changes: false, replaces: [] });
    expect(reads()).toBe(before);
  });
});

/** A settled resource whose database then changes version outside this tool, after a refresh. */
async function refreshed({ open }: Situation) {
  const opened = open();
  const { lifecycle, inputs, changeVersion } = opened;
  const { id, outs } = await lifecycle.create(inputs);
  expect(opened.writes()).toBe(0);
  changeVersion();
  const { props = {}, inputs: stored = {} } = await lifecycle.read(id, outs);
  return { ...opened, id, props, stored: stored as Values, written: inputs };
}

/** What the engine sends when the program is unchanged and these arguments are ignored. */
function ignoring(names: readonly string[], written: Values, stored: Values): Values {
  const kept = { ...written };
  for (const name of names) {
    if (stored[name] === undefined) delete kept[name];
    else kept[name] = stored[name];
  }
  return kept;
}

const changed = (situation: Situation) => Object.keys(situation.stored).length > 0;

describe.each(SITUATIONS.map((situation) => [situation.title, situation] as const))(
  "a refresh of %s",
  (_, situation) => {
    it("stores the observed version if an argument can express it, and marks the drift", async () => {
      const { stored, props, written } = await refreshed(situation);
      const expected = { ...argumentsOf(written), ...situation.stored };
      expect(argumentsOf(stored)).toEqual(JSON.parse(JSON.stringify(expected)));
      expect(props["__drifted"]).toBe(true);
      expect(argumentsOf(props)).toEqual(JSON.parse(JSON.stringify(argumentsOf(written))));
    });

    it("stores values that are valid inputs, whichever arguments are ignored, and replaces nothing", async () => {
      const { lifecycle, id, props, stored, written } = await refreshed(situation);
      const names = Object.keys(argumentsOf({ ...written, ...stored }));
      for (const ignored of [names, ...names.map((name) => [name])]) {
        const news = ignoring(ignored, written, stored);
        const { inputs, failures } = await lifecycle.check(stored, news);
        expect({ ignored, failures }).toEqual({ ignored, failures: [] });
        expect(inputs).toEqual(news);
        expect(await lifecycle.diff(id, props, news)).toEqual({ changes: true, replaces: [] });
      }
    });

    it.runIf(changed(situation))("causes no upgrade if the stored inputs are sent back", async () => {
      const { lifecycle, id, props, stored, writes } = await refreshed(situation);
      const { outs } = await lifecycle.update(id, props, stored);
      expect(writes()).toBe(0);
      expect(await lifecycle.diff(id, outs, stored)).toEqual({ changes: false, replaces: [] });
      const again = await lifecycle.read(id, outs);
      expect(again.inputs).toEqual(stored);
      expect(again.props).not.toHaveProperty("__drifted");
    });

    it("has the same result if it is repeated", async () => {
      const { lifecycle, id, props, stored } = await refreshed(situation);
      const again = await lifecycle.read(id, props);
      expect(again).toEqual({ id, props, inputs: stored });
    });
  },
);

describe("a masked value", () => {
  const [first] = SITUATIONS.filter(({ title }) => title.startsWith("a module whose arguments hold"));
  const opened = (): Opened => {
    if (first === undefined) throw new Error("there is no such situation");
    return first.open();
  };

  it.each([
    ["Pulumi", "OSS_GLOBAL_PASSWORD [secret] WORKERS 6"],
    ["Terraform", "OSS_GLOBAL_PASSWORD (sensitive value)"],
    ["a vendor", "OSS_GLOBAL_PASSWORD ******"],
    ["another vendor", "OSS_GLOBAL_PASSWORD <redacted>"],
  ])("of %s is rejected by check and never sent", async (_, args) => {
    const { lifecycle, inputs, writes } = opened();
    const masked = { ...inputs, modules: { search: { version: "2.10.17", args } } };
    const { failures } = await lifecycle.check({}, masked);
    expect(failures).toEqual([{ property: "modules.search.args", reason: expect.stringContaining("masked value") }]);
    await expect(lifecycle.create(masked)).rejects.toThrow(/modules\.search\.args is a masked value/);
    const { id, outs } = await lifecycle.create(inputs);
    await expect(lifecycle.update(id, outs, masked)).rejects.toThrow(/masked value/);
    expect(writes()).toBe(0);
  });

  it("of a secret argument is rejected without showing the text around it", async () => {
    const { lifecycle, inputs } = opened();
    const { failures } = await lifecycle.check({}, { ...inputs, password: "[secret]" });
    expect(failures).toEqual([{ property: "", reason: expect.stringMatching(/^password is a masked value/) }]);
  });
});

/** An up-to-date resource whose database is then deleted or becomes unreadable. */
interface Removable {
  readonly lifecycle: DynamicProvider;
  readonly lines: readonly LogLine[];
  readonly inputs: Values;
  remove(): void;
}

const KERNEL = "2.0.78.260600";

function instances(count: number, gone: readonly number[]): Removable {
  const { lifecycle, lines, inputs, cloud, ids } = kernelRig({ instances: count, kernel: KERNEL });
  const remove = () => {
    for (const at of gone) cloud.control.removeInstance(ids[at] ?? "");
  };
  return { lifecycle, lines, inputs: inputs(), remove };
}

function reports(what: "itself" | "its TaurusDB instance"): Removable {
  const world = starRocks({ starRocksKernel: NEW });
  const inputs = world.inputs();
  const id = String(inputs[what === "itself" ? "starRocksInstanceId" : "instanceId"]);
  return { ...world, inputs, remove: () => world.cloud.control.removeInstance(id) };
}

type Change = (world: ReturnType<typeof redis>) => void;
const removed: Change = ({ cluster }) => cluster.control.removeDatabase(1);

/** The server responds 404 although the object exists. */
function notThere(path: string | RegExp): Change {
  const body = JSON.stringify({ error_code: "db_not_exist", description: "no such thing" });
  return ({ cluster }) =>
    void cluster.faults.add({ match: { path }, times: 999, fault: { kind: "replace", status: 404, body } });
}

function database(type: "modules" | "redis", args: Values, change: Change): Removable {
  const modules = [{ name: "search", version: SHIPPED.search }];
  const world = redis({ databases: [{ ...CACHE, modules }, { name: "other" }] });
  world.cluster.control.addUser({ email: "viewer@example.com", password: "viewer-pass", databases: [1] });
  const targetArgs = type === "modules" ? { modules: { search: ">=2" } } : { redisVersion: ">=7.2" };
  return { ...world, inputs: world[type]({ ...targetArgs, ...args }), remove: () => change(world) };
}

const BY_NAME = { databaseName: "cache" };

describe("a refresh of a database that certainly no longer exists", () => {
  it.each<[string, () => Removable]>([
    ["a TaurusDB instance", () => instances(1, [0])],
    ["all instances of a fleet", () => instances(3, [0, 1, 2])],
    ["a StarRocks instance", () => reports("itself")],
    ["a StarRocks instance with its TaurusDB instance", () => reports("its TaurusDB instance")],
    ["a Redis database, by its uid", () => database("redis", {}, removed)],
    ["a Redis database, by its name", () => database("redis", BY_NAME, removed)],
    ["the modules of a database, by its uid", () => database("modules", {}, removed)],
    ["the modules of a database, by its name", () => database("modules", BY_NAME, removed)],
  ])("removes it from the state, with a warning: %s", async (_, open) => {
    const { lifecycle, inputs, remove, lines } = open();
    const { id, outs } = await lifecycle.create(inputs);
    remove();
    expect(await lifecycle.read(id, outs)).toEqual({});
    const warnings = lines.filter(({ severity }) => severity === "WARNING").map(({ message }) => message);
    expect(warnings).toEqual([expect.stringMatching(/^no longer exists, so it is removed from the state: /)]);
  });
});

describe("a refresh of a database that may still exist", () => {
  it.each<[string, () => Removable, RegExp]>([
    [
      "the user may have access to other databases only",
      () => database("redis", { username: "viewer@example.com", password: "viewer-pass" }, removed),
      /no database 1 that this user may see/,
    ],
    [
      "several databases have its name",
      () =>
        database("modules", BY_NAME, ({ cluster }) => {
          cluster.control.setDatabase(2, { name: "cache" });
        }),
      /Several databases are named/,
    ],
    [
      "it cannot be read, but is listed",
      () => database("redis", {}, notThere("/v1/bdbs/1")),
      /database 1 is listed, but cannot be read/,
    ],
    [
      "the list cannot be read either",
      () => database("redis", {}, notThere(/^\/v1\/(bdbs|nodes|users)/)),
      /GET \/v1\/bdbs\S* returned "not found"/,
    ],
  ])("keeps the state, with a warning: %s", async (_, open, message) => {
    const { lifecycle, inputs, remove, lines } = open();
    const { id, outs } = await lifecycle.create(inputs);
    remove();
    expect(await lifecycle.read(id, outs)).toEqual({ id, props: outs });
    const warnings = lines.filter(({ severity }) => severity === "WARNING").map(({ message }) => message);
    expect(warnings.at(-1)).toMatch(/^could not be read; the state was not changed: /);
    expect(warnings.at(-1)).toMatch(message);
  });

  it("keeps the state of a cluster whose agents no longer belong to a cluster", async () => {
    const { lifecycle, inputs, cluster, messages } = oceanbase({ buildVersion: "4.3.5.2-102000042025031214" });
    const { id, outs } = await lifecycle.create(inputs());
    for (const agent of cluster.agents) agent.identity = "SINGLE";
    expect(await lifecycle.read(id, outs)).toEqual({ id, props: outs });
    expect(messages().join()).toMatch(
      /could not be read; the state was not changed: .* belongs to no OceanBase cluster/,
    );
  });

  it("keeps a fleet of which some instances no longer exist, and reports them", async () => {
    const { lifecycle, inputs, remove } = instances(3, [1]);
    const { id, outs } = await lifecycle.create(inputs);
    remove();
    const gone = (inputs["instanceIds"] as string[])[1] ?? "";
    const { props } = await lifecycle.read(id, outs);
    expect(props).toMatchObject({ problems: { [gone]: expect.stringContaining("The instance does not exist") } });
    expect(props?.members).not.toHaveProperty(gone);
  });

  it("fails when the credentials are rejected", async () => {
    const { lifecycle, inputs } = database("redis", {}, removed);
    const { id, outs } = await lifecycle.create(inputs);
    await expect(lifecycle.read(id, { ...outs, password: "wr0ng" })).rejects.toThrow(/\[unauthorized\]/);
  });
});

/** An upgrade that will fail, and the vendor's message. */
interface Failing {
  readonly lifecycle: DynamicProvider;
  readonly inputs: Values;
  readonly message: string;
  /** Releases the database at the vendor, so that an upgrade can be requested again. */
  release?(): Promise<void>;
}

const FAILING: readonly (readonly [string, () => Failing])[] = [
  ["oceanbase.ClusterVersion", () => failingCluster("ClusterVersion")],
  ["oceanbase.AgentVersion", () => failingCluster("AgentVersion")],
  ["taurusdb.KernelVersion", () => failingFleet().failing],
  ["taurusdb.StarRocksVersion", failingStarRocks],
  ...SIDES.map(([, side]) => [`redisenterprise.${side.type}`, () => failingDatabase(side)] as const),
];

function failingCluster(type: "ClusterVersion" | "AgentVersion"): Failing {
  const world = oceanbase({ buildVersion: OLD_BUILD });
  world.cluster.control.addAgentPackage("4.4.2.0", "102026041610.el7");
  world.cluster.control.fail({ stage: 3 });
  const targetArgs = type === "AgentVersion" ? { version: "4.4.2.0", release: "102026041610.el7" } : {};
  return {
    lifecycle: world.lifecycle,
    inputs: {
      ...world.inputs(targetArgs),
      __urn: `urn:pulumi:dev::shop::pulumi-nodejs:dynamic/oceanbase:${type}::orders`,
    },
    message: "stage 3/",
    release: async () => {
      world.cluster.control.operate("ROLLBACK");
      await world.clock.sleep(600_000);
    },
  };
}

function failingFleet() {
  const world = kernelRig({ instances: 4 });
  world.cloud.control.fail({ instance: world.ids[1] ?? "", reason: "The disk is full." });
  return { world, failing: { lifecycle: world.lifecycle, inputs: world.inputs(), message: "The disk is full." } };
}

function failingStarRocks(): Failing {
  const world = starRocks();
  world.cloud.control.fail({ reason: "The disk is full." });
  return { lifecycle: world.lifecycle, inputs: world.inputs(), message: "The disk is full." };
}

function failingDatabase(side: (typeof SIDES)[number][1]): Failing {
  const world = rigFor(side, "behind");
  world.cluster.control.fail({ state: "prepare", error: "The disk is full." });
  return {
    lifecycle: world.lifecycle,
    inputs: side.inputs(world),
    message: "The disk is full.",
    release: async () => world.cluster.control.reset(1),
  };
}

/** The outputs with the reason of the failure. */
function reasons({ problems, lastUpgrade }: Values): string {
  return JSON.stringify([problems, Object(lastUpgrade)["reason"]]);
}

describe.each(FAILING)("a failed upgrade of %s", (type, open) => {
  it("stays in the state with status, record and the vendor's reason after every refresh, and is no drift", async () => {
    const { lifecycle, inputs, message, release } = open();
    const failed = await partial(lifecycle.create(inputs));
    expect(failed.properties).toMatchObject({ status: "failed", lastUpgrade: { state: "failed" } });
    expect(reasons(failed.properties)).toContain(message);
    let { properties } = failed;
    for (const step of [undefined, release, undefined]) {
      await step?.();
      const { props = {}, inputs: stored } = await lifecycle.read(failed.id, properties);
      expect(props).toMatchObject({ status: "failed", lastUpgrade: failed.properties["lastUpgrade"] });
      expect(props["problems"]).toEqual(failed.properties["problems"]);
      expect(props).not.toHaveProperty("__drifted");
      expect(argumentsOf(stored as Values)).toEqual(argumentsOf(inputs));
      properties = props;
    }
    expect(await lifecycle.diff(failed.id, properties, inputs)).toEqual({ changes: true, replaces: [] });
    const kept = resource({ type: type.replace(".", ":"), name: "it", observed: properties });
    const page = report(stackExport([kept]), "stack.json");
    expect(page).toContain(message);
  });

  it("is replaced by the next upgrade that succeeds", async () => {
    const { lifecycle, inputs, release } = open();
    const failed = await partial(lifecycle.create(inputs));
    await release?.();
    const { props = {} } = await lifecycle.read(failed.id, failed.properties);
    const { outs } = await lifecycle.update(failed.id, props, inputs);
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { state: "succeeded" } });
    expect(outs["lastUpgrade"]).not.toHaveProperty("reason");
    if (type === "taurusdb.KernelVersion") expect(outs["problems"]).toEqual({});
  });
});

describe("the problems of a fleet after a refresh", () => {
  async function one() {
    const { world, failing } = failingFleet();
    const failed = await partial(failing.lifecycle.create(failing.inputs));
    return { ...world, failed, bad: world.ids[1] ?? "" };
  }

  it("are removed for an instance that has reached its version meanwhile", async () => {
    const { lifecycle, cloud, failed, bad } = await one();
    cloud.control.setKernel("2.0.78.260600", bad);
    const { props } = await lifecycle.read(failed.id, failed.properties);
    expect(props).toMatchObject({ status: "current", problems: {} });
  });

  it("are removed for an instance that is being upgraded", async () => {
    const { lifecycle, clock, inputs, failed, ids, cancel } = await one();
    void clock.sleep(120_000).then(cancel);
    await lifecycle.update(failed.id, failed.properties, inputs({ instanceIds: ids })).catch(() => undefined);
    const { props } = await lifecycle.read(failed.id, failed.properties);
    expect(props).toMatchObject({ status: "upgrading", problems: {} });
  });

  it("are replaced by drift for an instance that was downgraded further", async () => {
    const { lifecycle, cloud, failed, bad } = await one();
    cloud.control.setKernel("2.0.60.240100", bad);
    const { props } = await lifecycle.read(failed.id, failed.properties);
    expect(props).toMatchObject({ status: "behind", problems: {}, __drifted: true });
  });

  it("include an instance that no longer exists", async () => {
    const { lifecycle, cloud, failed, bad, ids } = await one();
    const gone = ids[2] ?? "";
    cloud.control.removeInstance(gone);
    const { props } = await lifecycle.read(failed.id, failed.properties);
    expect(props).toMatchObject({
      status: "failed",
      problems: {
        [bad]: expect.stringContaining("The disk is full."),
        [gone]: expect.stringContaining("The instance does not exist"),
      },
    });
    expect(props).not.toHaveProperty("__drifted");
  });
});
