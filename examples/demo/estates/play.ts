import { mkdir, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { copyFleet } from "../../../test/docs/previews";
import { type Engine, makeWorkspace, openEngine, type Run } from "../../../test/engine";
import { expect } from "../acts";
import type { Narrator } from "../narrator";
import { countsOf, createdIn, type Step, Steps } from "./steps";
import { type Estates, INSTANCES, openEstates } from "./systems";

/**
 * From an empty directory to managed databases: three simulated systems are listed, written as programs,
 * previewed, adopted and checked. Fails if a step does not show what it describes, or if a request is a write.
 *
 * @param dir does not exist yet
 */
export async function playEstates(narrator: Narrator, dir: string): Promise<readonly Step[]> {
  const estates = await openEstates();
  try {
    await mkdir(dir);
    const scene: Scene = { estates, narrator, dir, steps: new Steps(estates, narrator, dir) };
    narrator.say(
      `Three simulated systems that are not managed yet: an OceanBase cluster with a failed task, ${INSTANCES} TaurusDB instances in two projects, and a Redis Enterprise cluster whose certificate was renewed. The directory is empty, and the credentials are in the environment.`,
    );
    for (const [name, value] of Object.entries(estates.variables)) narrator.command(`${name}="${value}"`);
    await list(scene);
    const programs = await write(scene);
    await adopt(scene, programs);
    await examine(scene);
    expect(estates.upgrades() === 0, "an upgrade was requested");
    const { all } = scene.steps;
    const seconds = all.reduce((sum, step) => sum + step.seconds, 0);
    narrator.say("");
    narrator.say(`All ${all.length} commands: ${Math.round(seconds)} s, ${countsOf(all)}.`);
    return all;
  } finally {
    await estates.close();
  }
}

interface Scene {
  readonly estates: Estates;
  readonly narrator: Narrator;
  readonly dir: string;
  readonly steps: Steps;
}

async function list({ estates, narrator, dir, steps }: Scene): Promise<void> {
  narrator.heading("Discover: which databases exist?");
  await steps.run("discover oceanbase $ORDERS", 0);
  await steps.run("discover taurusdb $SHOPS | head -3", 0);
  narrator.say("old.pem is the certificate that the Redis Enterprise cluster had before.");
  await writeFile(join(dir, "old.pem"), estates.certificates.old);
  const untrusted = await steps.run("doctor redis-enterprise $CACHE --ca-certificate old.pem | tail -12", 1);
  expect(untrusted.includes("contains neither this certificate nor the CA"), "doctor did not find the wrong CA");
  narrator.say("ca.pem is the certificate that the cluster has now.");
  await writeFile(join(dir, "ca.pem"), estates.certificates.current);
  await steps.run("discover redis-enterprise $CACHE --ca-certificate ca.pem", 0);
}

/** @returns the directories of the programs */
async function write({ narrator, dir, steps }: Scene): Promise<readonly string[]> {
  narrator.heading("Write: two programs with the current versions");
  narrator.say(
    'program/ is a new Pulumi project whose index.ts has `import "./oceanbase"` and `import "./taurusdb"`. fleet/ is a copy of examples/fleet.',
  );
  const index = { main: "index.ts", program: 'import "./oceanbase";\nimport "./taurusdb";\n' } as const;
  const program = await makeWorkspace({ dir: join(dir, "program"), project: "databases", ...index });
  const fleet = await copyFleet(join(dir, "fleet"));
  await steps.run("discover oceanbase $ORDERS --write ts -o program/oceanbase.ts", 0);
  await steps.run("discover taurusdb $SHOPS --write ts -o program/taurusdb.ts", 0);
  await steps.run("discover redis-enterprise $CACHE --ca-certificate ca.pem --write fleet -o fleet/fleet.yaml", 0);
  return [program.dir, fleet.dir];
}

async function adopt({ estates, narrator, steps }: Scene, programs: readonly string[]): Promise<void> {
  narrator.heading("Preview and adopt: no upgrade, then no changes");
  const engines: Engine[] = [];
  try {
    for (const dir of programs) engines.push(await openEngine({ dir, env: estates.environment }));
    narrator.say(`Engine: ${engines[0]?.name}.`);
    for (const engine of engines) {
      expectNoUpgrade(await steps.operation(`${pulumi(engine)} preview`, (options) => engine.preview(options)));
    }
    for (const engine of engines) {
      await steps.operation(`${pulumi(engine)} up --yes --skip-preview`, (options) => engine.up(options), false);
    }
    for (const engine of engines) {
      const again = await steps.operation(`${pulumi(engine)} preview`, (options) => engine.preview(options));
      const changed = again.steps.filter(({ op }) => op !== "same");
      expect(changed.length === 0, "the preview of what was adopted has changes");
    }
  } finally {
    for (const engine of engines) await engine.close();
  }
}

async function examine({ narrator, steps }: Scene): Promise<void> {
  narrator.heading("Doctor: what blocks an upgrade?");
  const locked = await steps.run("doctor oceanbase $ORDERS | tail -14", 1);
  expect(locked.includes("failed and keeps the lock"), "doctor did not find the failed task");
  await steps.run("doctor taurusdb $SHOPS | tail -20", 0);
  await steps.run("doctor redis-enterprise $CACHE --ca-certificate ca.pem | tail -5", 0);
}

function pulumi({ dir }: Engine): string {
  return `pulumi -C ${basename(dir)}`;
}

/** Every resource is created at the current version. */
function expectNoUpgrade(run: Run): void {
  const created = createdIn(run);
  const silent = created.filter(
    ({ urn }) => !run.diagnostics.some((one) => one.urn === urn && / already at /.test(one.message)),
  );
  expect(created.length > 0 && silent.length === 0, "the preview plans an upgrade");
}
