import { z } from "zod";
import { asUpgradeError } from "../../provider/core/errors";
import type { Estate } from "../../provider/core/estate";
import type { Proxies } from "../../provider/core/runtime";
import type { Tls } from "../../provider/http/tls";
import type { Transport } from "../../provider/http/transport";
import { oceanbaseEstate } from "../../provider/oceanbase/estate";
import { redisEnterpriseEstate } from "../../provider/redisenterprise/estate";
import type { Estates } from "../../provider/systems";
import { taurusdbEstate } from "../../provider/taurusdb/estate";
import type { Given } from "../../sdk/cli/command";
import { parse } from "../../sdk/cli/command";
import { connectionOptions, connectionsOf, estateKinds, systemOf } from "../../sdk/cli/connection";
import type { Terminal } from "../../sdk/cli/terminal";
import { agentsOf, ENVIRONMENT, failMaintenance, nodesOf, obshell, REGION, redis, taurus } from "../cli/worlds";
import { createTransport, type SimSystem } from "../simulators";
import { simulatedTransport } from "../support/simulated-transport";
import { VirtualClock } from "../support/virtual-clock";
import { type Exchange, recording } from "./recording";
import { type GoldenResponse, Vocabulary } from "./redaction";
import { differencesOf } from "./shape";

/** A file in `test/golden/`. */
export interface Golden {
  /** The name on the command line. */
  readonly system: string;
  /** The source of the responses. */
  readonly source: string;
  readonly answers: readonly GoldenResponse[];
  /** Differences from the simulator's responses at the time of the recording. */
  readonly differences: readonly string[];
}

/** The responses of a system. */
export interface Read {
  readonly system: string;
  readonly exchanges: readonly Exchange[];
  /** What could not be read, as sentences. */
  readonly failures: readonly string[];
}

type Connect = (tls: Tls, proxies?: Proxies) => Transport;

/** Reads everything that `discover` and `doctor` read from the system that a command line names. @throws UsageError */
export async function readSystem(given: Given, terminal: Terminal, connect: Connect): Promise<Read> {
  const exchanges: Exchange[] = [];
  const estates = estatesOver((...to) => recording(connect(...to), (each) => exchanges.push(each)), terminal.env);
  const own: Terminal = { ...terminal, systems: { ...terminal.systems, estates } };
  const system = await systemOf(given, own);
  const failures: string[] = [];
  for (const { open } of await connectionsOf(system, given, own)) {
    failures.push(...(await readAll(open())).map(own.redact));
  }
  return { system: system.name, exchanges, failures };
}

function estatesOver(connect: Connect, env: NodeJS.ProcessEnv): Estates {
  return {
    oceanbase: async () => oceanbaseEstate(connect),
    "redis-enterprise": async () => redisEnterpriseEstate(connect),
    taurusdb: async () => taurusdbEstate((proxies) => connect({}, proxies), env),
  };
}

/** A failed read must not prevent the others. */
async function readAll(estate: Estate): Promise<string[]> {
  const failures: string[] = [];
  const attempt = async (what: string, read: () => Promise<unknown>) => {
    try {
      await read();
    } catch (error) {
      const { code, sentence } = asUpgradeError(error);
      if (code === "unexpected" || code === "interrupted") throw error;
      failures.push(`${what}: ${sentence} [${code}]`);
    }
  };
  try {
    for (const check of estate.checks) await attempt(check.name, () => check.run());
    await attempt("inventory", async () => {
      failures.push(...(await estate.inventory()).gaps);
    });
  } finally {
    await estate.close();
  }
  return failures;
}

interface World {
  readonly simulated: SimSystem;
  /** Arguments of a command line. */
  readonly args: readonly string[];
}

/** A response of the system, as recorded or as in a golden file. */
type RecordedResponse = Pick<Exchange, "body">;
type MakeWorld = (clock: VirtualClock) => World;

/** Simulated systems for the same requests. One has a failed task, which is read in detail. */
const WORLDS: Readonly<Record<string, (real: readonly RecordedResponse[]) => readonly MakeWorld[]>> = {
  oceanbase: (real) =>
    agentVersionsIn(real).flatMap((options) => [
      (clock) => over(obshell(clock, options), agentsOf),
      (clock) => {
        const cluster = obshell(clock, options);
        failMaintenance(cluster);
        return over(cluster, agentsOf);
      },
    ]),
  "redis-enterprise": () => [(clock) => over(redis(clock), nodesOf)],
  taurusdb: () => [(clock) => over(taurus(clock), () => REGION)],
};

const AGENT_INFO = z.object({ data: z.object({ version: z.string(), supportedAuth: z.unknown() }) });

/** The fields depend on the agent version, so agents of the versions in `GET /api/v1/info` are simulated. */
function agentVersionsIn(real: readonly RecordedResponse[]): readonly { readonly agentVersion?: string }[] {
  const versions = real.flatMap(({ body }) => {
    const version = AGENT_INFO.safeParse(body).data?.data.version;
    return version !== undefined && /^\d+(\.\d+){3}-\d+$/.test(version) ? [version] : [];
  });
  const distinct = [...new Set(versions)];
  return distinct.length === 0 ? [{}] : distinct.map((agentVersion) => ({ agentVersion }));
}

function over<S extends SimSystem>(simulated: S, argsOf: (simulated: S) => readonly string[]): World {
  return { simulated, args: argsOf(simulated) };
}

/**
 * The responses of a system's simulators to the requests of `readSystem`, with right and with wrong credentials.
 *
 * @param real the responses to compare with
 */
export async function simulatedExchanges(
  system: string,
  terminal: Terminal,
  real: readonly RecordedResponse[] = [],
): Promise<Exchange[]> {
  const exchanges: Exchange[] = [];
  for (const make of WORLDS[system]?.(real) ?? []) {
    for (const env of [ENVIRONMENT, REFUSED]) {
      const clock = new VirtualClock();
      const { simulated, args } = make(clock);
      const send = createTransport([simulated], { sleep: (ms) => clock.sleep(ms) });
      const given = parse([system, ...args], connectionOptions(await estateKinds(terminal)));
      const read = await readSystem(given, { ...terminal, clock, env }, () => simulatedTransport(send));
      if (read.failures.length > 0 !== (env === REFUSED)) throw new Error(`the simulated ${system} is not as expected`);
      exchanges.push(...read.exchanges);
    }
  }
  return exchanges;
}

const REFUSED = {
  ...ENVIRONMENT,
  OCEANBASE_PASSWORD: "not-the-password",
  REDIS_ENTERPRISE_PASSWORD: "not-the-password",
  HW_SECRET_KEY: "not-the-password",
};

/** The golden file of a recording, and the names of fields that it hides. */
export function goldenOf(
  { system, exchanges }: Pick<Read, "system" | "exchanges">,
  source: string,
  simulated: readonly Exchange[],
  kept: readonly string[] = [],
): { readonly golden: Golden; readonly hidden: readonly string[] } {
  const vocabulary = new Vocabulary(simulated, kept);
  const { answers, hidden } = vocabulary.redact(exchanges);
  return { golden: { system, source, answers, differences: differencesFrom(answers, simulated, vocabulary) }, hidden };
}

/** @param vocabulary the one that redacted the responses */
export function differencesFrom(
  answers: readonly GoldenResponse[],
  simulated: readonly Exchange[],
  vocabulary: Vocabulary,
): string[] {
  return differencesOf(answers, vocabulary.redact(simulated).answers);
}
