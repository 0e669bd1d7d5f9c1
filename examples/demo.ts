/** `npm run demo`: shows the product on simulated databases. The options are in `demo/options.ts`. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ACTS, play } from "./demo/acts";
import { playEstates } from "./demo/estates/play";
import { Narrator } from "./demo/narrator";
import { openOceanBase } from "./demo/oceanbase";
import { ESTATES, HELP, parseOptions, type System } from "./demo/options";
import { openRedisEnterprise } from "./demo/redis-enterprise";
import type { Stage } from "./demo/stage";
import { openTaurusDB } from "./demo/taurusdb";

const STAGES: Readonly<Record<System, () => Promise<Stage>>> = {
  oceanbase: openOceanBase,
  taurusdb: openTaurusDB,
  "redis-enterprise": openRedisEnterprise,
};

async function main(args: readonly string[]): Promise<void> {
  const { help, systems, acts } = parseOptions(args);
  if (help) {
    console.log(HELP);
    return;
  }
  const began = performance.now();
  const dir = mkdtempSync(join(tmpdir(), "pulumi-dbversion-demo-"));
  const log = join(dir, "engine.log");
  const colour = process.stdout.isTTY === true && process.env["NO_COLOR"] === undefined;
  const narrator = new Narrator(log, (line) => console.log(line), colour);
  if (acts.includes(ESTATES)) {
    await playEstates(narrator, join(dir, "databases"));
    narrator.say("");
  }
  for (const system of systems) {
    const stage = await STAGES[system]();
    try {
      narrator.say(`${stage.title} Engine: ${stage.engine.name}.`);
      const wanted = ACTS.filter(({ name }) => acts.includes(name));
      await play(wanted, stage, narrator, dir);
    } finally {
      await stage.close();
    }
    narrator.say("");
  }
  narrator.say(`Done in ${Math.round((performance.now() - began) / 1_000)} s. All that the engine printed: ${log}`);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
