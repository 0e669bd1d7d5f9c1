import { type Clock, wallClock } from "../../provider/core/runtime";
import { oceanbaseEstate } from "../../provider/oceanbase/estate";
import { redisEnterpriseEstate } from "../../provider/redisenterprise/estate";
import { estates, kinds } from "../../provider/systems";
import { taurusdbEstate } from "../../provider/taurusdb/estate";
import { runCommand } from "../../sdk/cli/commands";
import { ProgramMissing } from "../../sdk/cli/failure";
import { type Streams, withoutSecrets } from "../../sdk/cli/terminal";
import { createTransport, type SimSystem } from "../simulators";
import { isRead } from "../support/reads";
import { simulatedTransport } from "../support/simulated-transport";
import { VirtualClock } from "../support/virtual-clock";
import { kindsOver } from "../systems";

export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command line. */
export type Run = (...args: readonly string[]) => Promise<Ended>;

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Answers of a person at the terminal, by question. */
  readonly answers?: Readonly<Record<string, string>>;
  /** What programs print, by their command line: `pulumi stack export`. */
  readonly programs?: Readonly<Record<string, string>>;
  /** What every program says as it fails. */
  readonly failure?: string;
  /** Of the standard input; undefined where that is a terminal. */
  readonly input?: string | undefined;
  readonly signal?: AbortSignal;
  /** Of a command on the real network. Default: real time. */
  readonly clock?: Clock;
  /** Told of all that a command writes to the standard output, as it does. False: nobody reads it any more. */
  readonly onPrint?: (text: string) => unknown;
}

export interface Rig {
  readonly clock: VirtualClock;
  readonly run: Run;
  /** All requests so far: `GET /api/v1/info`. */
  readonly requests: readonly string[];
  /** Those of them that may change something. */
  readonly writes: readonly string[];
  /** What was shown while a command ran. */
  readonly progress: readonly string[];
}

/** Commands in this process, on simulated systems in memory and one clock for all. */
export function rig(make: (clock: VirtualClock) => readonly SimSystem[], options: RunOptions = {}): Rig {
  const clock = new VirtualClock();
  const { env = {} } = options;
  const requests: string[] = [];
  const writes: string[] = [];
  const progress: string[] = [];
  const send = createTransport(make(clock), { sleep: (ms) => clock.sleep(ms) });
  const connect = () =>
    simulatedTransport((origin, request, more) => {
      requests.push(`${request.method} ${request.target}`);
      if (!isRead(request)) writes.push(`${request.method} ${request.target}`);
      return send(origin, request, more);
    });
  const systems = {
    kinds: kindsOver(connect, env),
    estates: {
      oceanbase: async () => oceanbaseEstate(connect),
      "redis-enterprise": async () => redisEnterpriseEstate(connect),
      taurusdb: async () => taurusdbEstate(connect, env),
    },
  };
  return { clock, run: runner({ clock, systems, progress }, options), requests, writes, progress };
}

/** The same on the real network, such as simulators on sockets. */
export function onNetwork(options: RunOptions = {}): Run {
  return runner({ clock: options.clock ?? wallClock, systems: { estates, kinds }, progress: [] }, options);
}

interface World extends Pick<Streams, "systems"> {
  readonly clock: Clock;
  readonly progress: string[];
}

function runner({ clock, systems, progress }: World, options: RunOptions): Run {
  const { env = {}, answers, programs = {}, signal = new AbortController().signal, onPrint } = options;
  return async (...args) => {
    let out = "";
    let err = "";
    const streams: Streams = {
      env,
      clock,
      signal,
      columns: undefined,
      systems,
      print: async (text) => {
        out += text;
        return onPrint?.(text) !== false;
      },
      note: (line) => {
        err += `${line}\n`;
      },
      progress: (line) => void progress.push(line),
      prompt:
        answers === undefined
          ? undefined
          : async (question) => {
              const answer = answers[question];
              if (answer === undefined) throw new Error(`nobody answers "${question}"`);
              return answer;
            },
      read: async () => {
        if (options.input === undefined) throw new Error("nothing is piped into standard input");
        return Buffer.from(options.input);
      },
      run: async (program, given) => {
        if (options.failure !== undefined) throw new Error(options.failure);
        const line = [program, ...given].join(" ");
        const output = programs[line];
        if (output === undefined) throw new ProgramMissing(`${program} was not found`);
        return output;
      },
    };
    const code = await runCommand(args, withoutSecrets(streams));
    if (["discover", "doctor"].includes(args[0] ?? "") && OF_A_RUN.test(`${out}${err}`.replaceAll(/\s+/g, " "))) {
      throw new Error(`${args.join(" ")} refers to a run that was not made: ${out}${err}`);
    }
    for (const secret of secretsIn(env)) {
      if (`${out}${err}${progress.join("")}`.includes(secret)) throw new Error(`${args.join(" ")} shows a secret`);
    }
    return { code, out, err };
  };
}

/** Words of a run, or of none: commands that only read follow no `pulumi up`. */
const OF_A_RUN = /`pulumi up` again|\{\w+\} /;

/** The values of an environment that no output may show. */
function secretsIn(env: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(env).flatMap(([name, value]) => (/PASSWORD|SECRET/.test(name) ? [value] : []));
}
