/** @module-tag long */
import { afterEach, describe, expect, test } from "vitest";
import { engines, type Operation, type Run } from "../engine";
import { leaks } from "../secrets/canary";
import { filesBelow, SHOWS_COMMANDS, watchCommands } from "../secrets/traces";
import { CANARIES, type CanaryStage, openCanaries, type Round } from "./canaries";
import { openStage, PASSWORD, type Stage, TIMEOUT } from "./stage";
import { AGENTS, DATABASE } from "./subjects";

/** Each vendor's credentials from each source. */
const ROUNDS: readonly Round[] = [
  { oceanbase: "arguments", taurusdb: "config", redisenterprise: "environment" },
  { oceanbase: "environment", taurusdb: "provider", redisenterprise: "arguments" },
  { oceanbase: "provider", taurusdb: "arguments", redisenterprise: "config" },
  { oceanbase: "config", taurusdb: "environment", redisenterprise: "provider" },
];

/** Processes that must be recorded, or the recording is incomplete: the engine, the program, the provider. */
const PROCESSES = [/local-engine/, /@pulumi\/pulumi\/cmd\/run/, /@pulumi\/pulumi\/cmd\/dynamic-provider/];

/**
 * Without the responses to registrations, which Pulumi's SDK logs at debug level for every resource of every program,
 * secret values included.
 */
function ours(files: string): string {
  return files.replace(/^.*"severity":"debug",.*"message":"RegisterResource RPC finished: .*$/gm, "");
}

function textOf({ output, diagnostics, steps, outputs }: Run): string {
  return [output, JSON.stringify([diagnostics, steps, outputs])].join("\n");
}

describe("the credentials of every resource type", { timeout: 180_000 }, () => {
  let stage: CanaryStage;
  afterEach(() => stage.close());

  test.each(ROUNDS)(
    "from $oceanbase, $taurusdb and $redisenterprise are not on any command line, in any file or in any output of a run",
    async (round) => {
      stage = await openCanaries(round);
      const { dir, engine, options, systems, reject, accept } = stage;
      const commands = SHOWS_COMMANDS ? watchCommands() : undefined;
      reject();
      const rejected = await engine.up(options);
      accept();
      const upgraded = await engine.up(options);
      const seen = commands?.stop();

      expect(rejected.ok).toBe(false);
      expect(rejected.output).toContain("[secret]");
      expect(upgraded.ok, upgraded.output).toBe(true);
      expect(upgraded.outputs).toEqual(Object.fromEntries(systems.map(({ name }) => [name, "current"])));
      expect(leaks([rejected, upgraded].map(textOf).join("\n"), CANARIES)).toEqual([]);

      if (seen !== undefined) {
        expect(PROCESSES.filter((name) => !seen.some((command) => name.test(command)))).toEqual([]);
        expect(leaks(seen.join("\n"), CANARIES)).toEqual([]);
      }
      const files = await filesBelow(dir);
      for (const written of ['"ciphertext"', '"severity":"debug"', "index.js"])
        expect(
          files.some((file) => file.includes(written)),
          written,
        ).toBe(true);
      expect(leaks(ours(files.join("\n")), CANARIES)).toEqual([]);
    },
  );
});

/** The format of a secret in the state. */
const ENCRYPTED = {
  "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
  ciphertext: expect.any(String),
};
const LIMITS = { customTimeouts: { create: "8s", update: "8s" } };

describe.each(engines())("%s engine: a password as an argument", TIMEOUT, (prefer) => {
  let stage: Stage;
  afterEach(() => stage.close());

  test("stays encrypted in inputs and outputs after every operation, failed or not", async () => {
    stage = await openStage(prefer);
    const { engine, declare, cluster } = stage;
    cluster.control.hang({ stage: DATABASE.lateStage });
    const operations: [ok: boolean, run: () => Operation, status: string][] = [
      [false, () => engine.up(declare({}, { options: LIMITS })), "upgrading"], // a partial failure of create
      [true, () => engine.refresh(), "upgrading"],
      [false, () => engine.up(declare({ wait: true }, { options: LIMITS })), "upgrading"], // a partial failure of update
      [true, () => engine.up(declare({ wait: true })), "current"],
    ];
    for (const [at, [ok, start, status]] of operations.entries()) {
      if (at === operations.length - 1) cluster.control.unhang();
      const run = await start();
      expect(run.ok, run.output).toBe(ok);
      const state = await stage.state();
      expect(state).toMatchObject({ inputs: { password: ENCRYPTED }, outputs: { password: ENCRYPTED, status } });
      expect(JSON.stringify(await engine.exportState()) + run.output).not.toContain(PASSWORD);
    }
    // Without the argument there is nothing to encrypt, and no marker of a secret.
    const other = { env: { ...declare({ password: undefined }).env, OCEANBASE_PASSWORD: PASSWORD } };
    expect(await engine.up(other)).toMatchObject({ ok: true, changes: { update: 1 } });
    const state = await stage.state();
    expect([state?.additionalSecretOutputs, state?.inputs?.["password"], state?.outputs?.["password"]]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});

/** With a resource of each type: credentials of one cluster that both use. */
describe.each(engines())("%s engine, ClusterVersion and AgentVersion: the password", TIMEOUT, (prefer) => {
  let stage: Stage;
  afterEach(() => stage.close());

  test.each([
    ["as an argument", {}, {}, {}],
    ["in the stack's configuration", { password: undefined }, {}, { secrets: { "oceanbase:password": PASSWORD } }],
    ["in an explicit Provider", { password: undefined }, { provider: { oceanbase: { password: PASSWORD } } }, {}],
    ["in the environment", { password: undefined }, {}, { env: { OCEANBASE_PASSWORD: PASSWORD } }],
  ])("%s is accepted, and does not appear in plain text", async (_where, args, more, options) => {
    stage = await openStage(prefer, options);
    const { engine, declareBoth, cluster } = stage;
    const outputs: string[] = [];
    for (const run of [
      await engine.preview(declareBoth(args, more)),
      await engine.up(declareBoth(args, more)),
      await engine.refresh(),
      await engine.destroy(),
    ]) {
      expect(run.ok, run.output).toBe(true);
      outputs.push(run.output, JSON.stringify(run.diagnostics), JSON.stringify(run.steps));
      outputs.push(JSON.stringify(await engine.exportState()));
    }
    expect(outputs.join("\n")).not.toContain(PASSWORD);
    // The second one at the lock may have to repeat its request.
    expect(cluster.acceptedUpgrades.map(({ name }) => name).sort()).toEqual([
      expect.stringContaining(DATABASE.kind),
      expect.stringContaining(AGENTS.kind),
    ]);
  });
});
