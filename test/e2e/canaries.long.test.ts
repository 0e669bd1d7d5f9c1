/** @module-tag long */
import { afterEach, describe, expect, test } from "vitest";
import type { Run } from "../engine";
import { leaks } from "../secrets/canary";
import { filesBelow, SHOWS_COMMANDS, watchCommands } from "../secrets/traces";
import { CANARIES, type CanaryStage, openCanaries, type Round } from "./canaries";

/** Each vendor's credentials at each place. */
const ROUNDS: readonly Round[] = [
  { oceanbase: "arguments", taurusdb: "config", redisenterprise: "environment" },
  { oceanbase: "environment", taurusdb: "provider", redisenterprise: "arguments" },
  { oceanbase: "provider", taurusdb: "arguments", redisenterprise: "config" },
  { oceanbase: "config", taurusdb: "environment", redisenterprise: "provider" },
];

/** Processes of a run that are to be seen, or the watch has missed it: the engine, the program, the provider. */
const PROCESSES = [/local-engine/, /@pulumi\/pulumi\/cmd\/run/, /@pulumi\/pulumi\/cmd\/dynamic-provider/];

/**
 * Without the answers to registrations that Pulumi's own SDK tells, at debug level, of every resource of every program,
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
    "with $oceanbase, $taurusdb and $redisenterprise are on no command line, in no file and in no output of a run",
    async (round) => {
      stage = await openCanaries(round);
      const { dir, engine, options, systems, refuse, forgive } = stage;
      const commands = SHOWS_COMMANDS ? watchCommands() : undefined;
      refuse();
      const refused = await engine.up(options);
      forgive();
      const upgraded = await engine.up(options);
      const seen = commands?.stop();

      expect(refused.ok).toBe(false);
      expect(refused.output).toContain("[secret]");
      expect(upgraded.ok, upgraded.output).toBe(true);
      expect(upgraded.outputs).toEqual(Object.fromEntries(systems.map(({ name }) => [name, "current"])));
      expect(leaks([refused, upgraded].map(textOf).join("\n"), CANARIES)).toEqual([]);

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
