import { setTimeout } from "node:timers/promises";
import { type Deployment, type Engine, makeWorkspace, type Operation, openEngine, type RunOptions } from "../../engine";
import { ScaledClock } from "../../simulators";
import { RESOURCE_TYPES, titleOf, typeOf } from "../../systems";
import type { Declared, Fixture, Vendor } from "../fixture";
import { PROGRAM } from "../program";
import type { ManagedDatabase } from "./database";
import { neutral } from "./neutral";
import { openOceanBase } from "./oceanbase";
import { openRedis } from "./redisenterprise";
import type { Declaration, Scenario } from "./scenario";
import { openTaurus } from "./taurusdb";

/** How the last run of a stack ends. */
export type Ending = "interrupt" | "refresh" | "kill";

const OPEN = { oceanbase: openOceanBase, taurusdb: openTaurus, redisenterprise: openRedis };

const TYPES = RESOURCE_TYPES.map(titleOf).sort();

/** One resource of a stack with its database. */
interface Part {
  readonly name: string;
  readonly type: string;
  readonly scenario: Scenario;
  readonly system: string;
  readonly database: ManagedDatabase;
}

/** All in parallel, because the engine starts no further operations after a failure. */
const PARALLEL = 200;
/** How long to wait for a condition, and how often to check it, in milliseconds. */
const TIMEOUT = 120_000;
const POLL_INTERVAL = 50;

/** Runs the scenarios of a vendor in one stack, and returns its fixture. */
export async function recordStack(
  vendor: Vendor,
  name: string,
  scenarios: readonly Scenario[],
  ending: Ending,
): Promise<Fixture> {
  const clock = new ScaledClock(1);
  const parts = await openParts(vendor, scenarios, clock);
  const workspace = await makeWorkspace({ program: PROGRAM, project: "shop" });
  const engine = await openEngine({ dir: workspace.dir, prefer: "local" });
  try {
    await runScenarios(engine, parts, ending);
    const stack = await engine.exportState({ showSecrets: true });
    checkStates(stack, parts);
    for (const { database } of parts) database.release();
    const program = parts.flatMap((part) => declared(part, part.scenario.second ?? part.scenario.first));
    const systems = new Map(parts.map(({ system, database }) => [system, database]));
    return neutral({ name: `${vendor}-${name}`, vendor, stack, program, systems, recordedAt: clock.now() });
  } finally {
    await engine.close();
    await workspace.close();
    for (const { database } of parts) await database.close();
  }
}

async function openParts(vendor: Vendor, scenarios: readonly Scenario[], clock: ScaledClock): Promise<Part[]> {
  const parts: Part[] = [];
  for (const type of TYPES.filter((one) => one.startsWith(vendor))) {
    for (const scenario of scenarios.filter(({ of }) => of?.test(type) ?? true)) {
      const prefix = type
        .split(".")[1]
        ?.replace(/Versions?$/, "")
        .toLowerCase();
      const nameOf = (of: string) => `${prefix}-${of}`;
      const system = nameOf(scenario.sharing ?? scenario.name);
      const { members, tls, slowStart } = scenario;
      const shared = parts.find((part) => part.system === system)?.database;
      const options = {
        number: parts.length + 1,
        ...(members && { members }),
        ...(tls && { tls }),
        ...(slowStart && { slowStart }),
      };
      const database = shared ?? (await OPEN[vendor](type, clock, options));
      parts.push({ name: nameOf(scenario.name), type, scenario, system, database });
    }
  }
  return parts;
}

function declared({ name, type, scenario, system, database }: Part, declaration: Declaration | undefined): Declared[] {
  if (declaration === undefined) return [];
  const { version, args, further, customTimeouts } = declaration;
  const { connection, versions, furtherArguments } = database;
  const { next } = scenario;
  const all = { ...connection, ...versions[version], ...(further && furtherArguments), ...args };
  return [
    {
      name,
      type,
      ...(scenario.isComponent && { component: `${name}-component` }),
      ...(customTimeouts && { customTimeouts }),
      args: all,
      system,
      next: typeof next === "function" ? next(type) : next,
    },
  ];
}

async function runScenarios(engine: Engine, parts: readonly Part[], ending: Ending): Promise<void> {
  for (const { scenario, database } of parts) scenario.first?.before?.(database);
  const first = await engine.up(run(parts.flatMap((part) => declared(part, part.scenario.first))));
  if (!first.ok) throw new Error(`the first run failed:\n${first.output}`);
  const failing = parts.filter(({ scenario }) => scenario.fails).map(({ database }) => database);
  if (ending === "refresh") {
    await until(() => parts.every(isReached), "the upgrades hang");
    for (const { scenario, database } of parts) scenario.second?.before?.(database);
    for (const database of failing) database.fail();
    await until(() => failing.every((database) => database.isIdle()), "the upgrades have failed");
    const refreshed = await engine.refresh();
    if (!refreshed.ok) throw new Error(`the refresh failed:\n${refreshed.output}`);
    return;
  }
  for (const { scenario, database } of parts) scenario.second?.before?.(database);
  for (const part of parts) void stopResponding(part);
  const second = engine.up(run(parts.flatMap((part) => declared(part, part.scenario.second ?? part.scenario.first))));
  await until(() => parts.every(isReached), "the upgrades hang", second);
  if (ending === "kill") return second.kill();
  for (const database of failing) database.fail();
  await until(() => haveEnded(engine, parts), "some runs have ended", second);
  second.cancel();
  await second;
}

function run(program: readonly Declared[]): RunOptions {
  return { env: { DECLARED: JSON.stringify(program) }, parallel: PARALLEL };
}

/** After the upgrade request no request gets a response, because the run would find the upgrade. */
async function stopResponding(part: Part): Promise<void> {
  if (part.scenario.reaches !== "request") return;
  await until(() => isReached(part), "the upgrade was requested");
  part.database.system.faults.add({ fault: { kind: "hang" }, times: Infinity });
}

function isReached({ type, scenario, database }: Part): boolean {
  if (scenario.reaches === "hang") return database.hangs();
  const path = typeOf(type).upgradePath;
  return scenario.reaches === undefined || database.system.journal.count("POST", path) > 0;
}

/** Whether all runs that end without being stopped have an error in the state. */
async function haveEnded(engine: Engine, parts: readonly Part[]): Promise<boolean> {
  const { deployment } = await engine.exportState();
  const failed = (deployment.resources ?? []).filter(({ initErrors }) => initErrors !== undefined).map(nameOf);
  return parts.every(({ name, scenario }) => !scenario.ends || failed.includes(name));
}

/** @param operation its end stops the waiting with an error */
async function until(holds: () => boolean | Promise<boolean>, what: string, operation?: Operation): Promise<void> {
  let output: string | undefined;
  operation?.then((ended) => {
    output = ended.output;
  });
  for (let waited = 0; !(await holds()); waited += POLL_INTERVAL) {
    if (waited > TIMEOUT || output !== undefined) throw new Error(`waited in vain until ${what}\n${output}`);
    await setTimeout(POLL_INTERVAL);
  }
}

/** Compares the recorded states with those that the scenarios expect. */
function checkStates({ deployment }: Deployment, parts: readonly Part[]): void {
  const pending = new Map((deployment.pending_operations ?? []).map(({ resource, type }) => [nameOf(resource), type]));
  const outputs = new Map((deployment.resources ?? []).map((resource) => [nameOf(resource), resource.outputs]));
  const wrong = parts.flatMap(({ name, scenario }) => {
    const last = outputs.get(name)?.["lastUpgrade"];
    const upgrade = typeof last === "object" && last !== null && "state" in last ? last.state : undefined;
    const status = outputs.get(name)?.["status"] ?? pending.get(name);
    const actual = `${status}, ${upgrade}`;
    const expected = `${scenario.status}, ${scenario.upgrade}`;
    return actual === expected ? [] : [`${name}: ${actual} instead of ${expected}`];
  });
  if (wrong.length > 0) throw new Error(wrong.join("\n"));
}

function nameOf({ urn }: { readonly urn: string }): string {
  return urn.split("::").at(-1) ?? "";
}
