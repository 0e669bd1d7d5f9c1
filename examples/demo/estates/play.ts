import { mkdir, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { copyFleet } from "../../../test/docs/previews";
import { type Engine, makeWorkspace, openEngine, type Run } from "../../../test/engine";
import { expect } from "../acts";
import type { Narrator } from "../narrator";
import { countsOf, createdIn, type Step, Steps } from "./steps";
import { INSTANCES, openEstates } from "./systems";

/**
 * From an empty directory to managed databases: three simulated estates that are listed, written down as programs,
 * previewed, adopted and checked. Fails when it does not show what it says, or when something is written.
 *
 * @param dir does not exist yet
 */
export async function playEstates(narrator: Narrator, dir: string): Promise<readonly Step[]> {
  const estates = await openEstates();
  const opened: { close(): Promise<void> }[] = [estates];
  try {
    await mkdir(dir);
    const steps = new Steps(estates, narrator, dir);
    narrator.say(
      `Three simulated estates that nothing manages yet: an OceanBase cluster with a failed task, ${INSTANCES} TaurusDB instances in two projects, and a Redis Enterprise cluster whose certificate was renewed. The directory is empty, and the credentials are in the environment.`,
    );
    for (const [name, value] of Object.entries(estates.variables)) narrator.command(`${name}="${value}"`);

    narrator.heading("Discover: what is there?");
    await steps.run("discover oceanbase $ORDERS", 0);
    await steps.run("discover taurusdb $SHOPS | head -3", 0);
    narrator.say("old.pem is the certificate that the Redis Enterprise cluster had before.");
    await writeFile(join(dir, "old.pem"), estates.certificates.old);
    const untrusted = await steps.run("doctor redis-enterprise $CACHE --ca-certificate old.pem | tail -12", 1);
    expect(untrusted.includes("has neither this certificate nor the CA"), "doctor did not find the wrong CA");
    narrator.say("ca.pem is the certificate that the cluster has now.");
    await writeFile(join(dir, "ca.pem"), estates.certificates.current);
    await steps.run("discover redis-enterprise $CACHE --ca-certificate ca.pem", 0);

    narrator.heading("Write: two programs that keep the versions that run");
    narrator.say(
      'program/ is a new Pulumi project whose index.ts has `import "./oceanbase"` and `import "./taurusdb"`. fleet/ is a copy of examples/fleet.',
    );
    const program = await makeWorkspace({
      dir: join(dir, "program"),
      main: "index.ts",
      project: "databases",
      program: INDEX,
    });
    const fleet = await copyFleet(join(dir, "fleet"));
    await steps.run("discover oceanbase $ORDERS --write ts -o program/oceanbase.ts", 0);
    await steps.run("discover taurusdb $SHOPS --write ts -o program/taurusdb.ts", 0);
    await steps.run("discover redis-enterprise $CACHE --ca-certificate ca.pem --write fleet -o fleet/fleet.yaml", 0);

    narrator.heading("Preview and adopt: no upgrade, then no changes");
    const engines: [string, Engine][] = [];
    for (const { dir: at } of [program, fleet]) {
      const engine = await openEngine({ dir: at, env: estates.environment });
      opened.unshift(engine);
      engines.push([basename(at), engine]);
    }
    narrator.say(`Engine: ${engines[0]?.[1].name}.`);
    for (const [name, engine] of engines) {
      expectNoUpgrade(await steps.operation(`pulumi -C ${name} preview`, (options) => engine.preview(options)));
    }
    for (const [name, engine] of engines) {
      const up = `pulumi -C ${name} up --yes --skip-preview`;
      await steps.operation(up, (options) => engine.up(options), false);
    }
    for (const [name, engine] of engines) {
      const again = await steps.operation(`pulumi -C ${name} preview`, (options) => engine.preview(options));
      expect(
        again.steps.every(({ op }) => op === "same"),
        "the preview of what was adopted has changes",
      );
    }

    narrator.heading("Doctor: what is in the way of an upgrade?");
    const locked = await steps.run("doctor oceanbase $ORDERS | tail -14", 1);
    expect(locked.includes("failed and keeps the lock"), "doctor did not find the failed task");
    await steps.run("doctor taurusdb $SHOPS | tail -20", 0);
    await steps.run("doctor redis-enterprise $CACHE --ca-certificate ca.pem | tail -5", 0);

    expect(estates.upgrades() === 0, "an upgrade was requested");
    const seconds = steps.all.reduce((sum, step) => sum + step.seconds, 0);
    narrator.say("");
    narrator.say(`All ${steps.all.length} commands: ${Math.round(seconds)} s, ${countsOf(steps.all)}.`);
    return steps.all;
  } finally {
    for (const each of opened) await each.close();
  }
}

const INDEX = 'import "./oceanbase";\nimport "./taurusdb";\n';

/** Every resource is created at the version that runs. */
function expectNoUpgrade(run: Run): void {
  const created = createdIn(run);
  const silent = created.filter(
    ({ urn }) => !run.diagnostics.some((one) => one.urn === urn && / already at /.test(one.message)),
  );
  expect(created.length > 0 && silent.length === 0, "the preview plans an upgrade");
}
