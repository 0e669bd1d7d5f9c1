import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Run } from "../../test/engine";
import type { Narrator } from "./narrator";
import type { Stage } from "./stage";

/** State of the database: outdated and unmanaged, up to date, or outdated and recorded by a refresh. */
type Position = "new" | "current" | "drifted";

export interface Act {
  readonly name: string;
  readonly title: string;
  readonly before: Position;
  readonly after: Position;
  /** @throws if it does not show what it describes */
  play(stage: Stage, narrator: Narrator, dir: string): Promise<void>;
}

export const ACTS: readonly Act[] = [
  { name: "plan", title: "Plan: what would an upgrade do?", before: "new", after: "new", play: plan },
  { name: "upgrade", title: "Upgrade, with progress", before: "new", after: "current", play: upgrade },
  { name: "no-op", title: "No-op: the same command again", before: "current", after: "current", play: repeat },
  {
    name: "drift",
    title: "Drift: an operator changes the version by hand",
    before: "current",
    after: "drifted",
    play: drift,
  },
  {
    name: "interruption",
    title: "Interruption: ^C, then resume",
    before: "drifted",
    after: "current",
    play: interrupt,
  },
  {
    name: "change-control",
    title: "Change control: yes, but not now",
    before: "drifted",
    after: "current",
    play: control,
  },
  { name: "failure", title: "Failure and remedy", before: "drifted", after: "current", play: failure },
  { name: "report", title: "Report: one page about the stack", before: "current", after: "current", play: report },
];

/** Plays acts in order, and prepares the database for each. */
export async function play(acts: readonly Act[], stage: Stage, narrator: Narrator, dir: string): Promise<void> {
  let position: Position = "new";
  for (const act of acts) {
    position = await prepare(position, act.before, stage);
    narrator.heading(act.title);
    await act.play(stage, narrator, dir);
    position = act.after;
  }
}

async function prepare(from: Position, to: Position, stage: Stage): Promise<Position> {
  if (from === to) return to;
  if (from === "new") expect((await stage.engine.up()).ok, "the preparing `up` failed");
  if (to === "drifted") {
    stage.setBack();
    expect((await stage.engine.refresh()).ok, "the preparing refresh failed");
  }
  return to;
}

async function plan({ engine, upgrades, resource }: Stage, narrator: Narrator): Promise<void> {
  narrator.say(
    "`pulumi preview` reads the databases and shows the plan of each resource. It sends no upgrade request.",
  );
  const run = succeeded(await narrator.run("pulumi preview", (options) => engine.preview(options)));
  expect(planOf(run, resource).includes("→"), "the preview shows no plan");
  expect(upgrades() === 0, "the preview sent an upgrade request");
}

async function upgrade({ engine, upgrades, resource }: Stage, narrator: Narrator): Promise<void> {
  narrator.say("`pulumi up` confirms that an upgrade is needed, sends the requests and waits for the new versions.");
  const run = succeeded(await narrator.run("pulumi up", (options) => engine.up(options)));
  const progress = run.diagnostics.filter(({ ephemeral, message }) => ephemeral && /^\d+%/.test(message));
  expect(progress.length > 0, "the upgrade showed no progress");
  expect((await statusOf(engine, resource)) === "current", "the database is not up to date");
  narrator.say(`Upgrade requests sent: ${upgrades()}.`);
}

async function repeat({ engine, requests, forget }: Stage, narrator: Narrator): Promise<void> {
  narrator.say("A resource that is up to date sends no requests, not even reads.");
  forget();
  const run = succeeded(await narrator.run("pulumi up", (options) => engine.up(options)));
  expect(
    run.steps.every(({ op }) => op === "same"),
    "the second `up` changed something",
  );
  expect(requests() === 0, "the second `up` sent a request");
  narrator.say(`Requests to the vendor: ${requests()}.`);
}

async function drift({ engine, setBack, resource, upgrades }: Stage, narrator: Narrator): Promise<void> {
  narrator.say(`${setBack()} \`pulumi refresh\` detects the drift, and the next preview plans the upgrade.`);
  const sent = upgrades();
  const refresh = succeeded(await narrator.run("pulumi refresh", (options) => engine.refresh(options)));
  expect(refresh.changes["update"] === 1, "the refresh found no drift");
  const run = succeeded(await narrator.run("pulumi preview", (options) => engine.preview(options)));
  expect(planOf(run, resource).includes("→"), "the preview shows no plan");
  expect(upgrades() === sent, "an upgrade request was sent");
}

async function interrupt(
  { engine, hold, held, release, resource, upgrades }: Stage,
  narrator: Narrator,
): Promise<void> {
  narrator.say("^C ends the run within a second, and the upgrade continues at the vendor.");
  const sent = upgrades();
  hold();
  const up = narrator.begin("pulumi up     (^C in the middle)", (options) => engine.up(options));
  await up.seen(held);
  up.cancel();
  expect(!narrator.end(await up).ok, "the interrupted run succeeded");
  expect((await statusOf(engine, resource)) === "upgrading", "the running upgrade is not in the state");
  narrator.say("The next `up` joins the running upgrade and resumes waiting.");
  const again = narrator.begin("pulumi up", (options) => engine.up(options));
  await again.seen(held);
  release();
  succeeded(narrator.end(await again));
  expect(upgrades() === sent + 1, "the running upgrade was not joined");
  narrator.say(`Upgrade requests sent by both runs together: ${upgrades() - sent}.`);
}

async function control({ engine, resource, upgrades }: Stage, narrator: Narrator): Promise<void> {
  narrator.say('`pulumi config set dbversion:freeze "incident 4711"` holds every upgrade of the stack.');
  const sent = upgrades();
  await engine.configure("dbversion:freeze", "incident 4711");
  const held = succeeded(await narrator.run("pulumi up", (options) => engine.up(options)));
  expect(held.output.includes("incident 4711"), "the run does not say why the upgrade is held");
  expect((await statusOf(engine, resource)) === "held", "the upgrade is not held");
  expect(upgrades() === sent, "an upgrade request was sent");
  await engine.configure("dbversion:freeze", undefined);
  succeeded(await engine.up());
  expect((await statusOf(engine, resource)) === "current", "the database is not up to date");
  narrator.say("After `pulumi config rm dbversion:freeze`, `pulumi up` upgraded it.");
}

async function failure({ engine, fail, repair, resource }: Stage, narrator: Narrator): Promise<void> {
  narrator.say(
    "When an upgrade fails, the error has the vendor's reason and what to do. The upgrade is not retried blindly.",
  );
  const reason = fail();
  const failed = await narrator.run("pulumi up", (options) => engine.up(options));
  expect(!failed.ok && failed.output.includes(reason), "the failure was not reported with the vendor's reason");
  narrator.say(repair());
  succeeded(await narrator.run("pulumi up", (options) => engine.up(options)));
  expect((await statusOf(engine, resource)) === "current", "the database is not up to date");
}

async function report({ engine, target }: Stage, narrator: Narrator, dir: string): Promise<void> {
  const [state, page] = [join(dir, "stack.json"), join(dir, "databases.html")];
  await writeFile(state, JSON.stringify(await engine.exportState()));
  const root = join(__dirname, "..", "..");
  const { bin } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  const command = join(root, String(Object.values(bin)[0]));
  await promisify(execFile)(process.execPath, [command, "report", state, "-o", page]);
  expect((await readFile(page, "utf8")).includes(target), "the page does not show the version");
  narrator.say(
    "`pulumi stack export | npx pulumi-dbversion report - -o databases.html` wrote every database, its versions",
  );
  narrator.say(`and its last upgrades into ${page}`);
}

/** The plan of a resource that a preview shows. */
function planOf({ steps, diagnostics }: Run, resource: string): string {
  const step = steps.find(({ name, op }) => name === resource && (op === "create" || op === "update"));
  return diagnostics.flatMap(({ urn, message }) => (urn === step?.urn ? [message] : [])).join("\n");
}

async function statusOf(engine: Stage["engine"], resource: string): Promise<unknown> {
  const { resources = [] } = (await engine.exportState()).deployment;
  return resources.find(({ urn }) => urn.endsWith(`::${resource}`))?.outputs?.["status"];
}

export function succeeded(run: Run): Run {
  expect(run.ok, `the run failed:\n${run.output}`);
  return run;
}

export function expect(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(`demo: ${otherwise}`);
}
