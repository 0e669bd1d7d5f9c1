import type { ParseArgsConfig } from "node:util";
import { ScaledClock } from "./clock";
import {
  type Hint,
  integerOption,
  interrupted,
  numberOption,
  type parseOptions,
  showHint,
  UsageError,
} from "./command";
import { SaveFile } from "./savefile";
import type { Served, ServeOptions } from "./server";
import { tlsFromFiles } from "./tlsfiles";

/** The options that every simulator takes. */
export const COMMON = {
  port: { type: "string" },
  speed: { type: "string" },
  seed: { type: "string" },
  state: { type: "string" },
  "tls-key": { type: "string" },
  "tls-cert": { type: "string" },
  help: { type: "boolean" },
} as const satisfies ParseArgsConfig["options"];

type CommonValues = ReturnType<typeof parseOptions<typeof COMMON>>;

/** The parameters of a new system. */
export interface Making<State> {
  readonly clock: ScaledClock;
  readonly seed: number;
  /** Absent: a new system. */
  readonly state?: State;
}

interface Simulated<State> {
  now(): number;
  export(): State;
}

/** The parts of the command line that are specific to one simulator. */
export interface Simulation<State, System extends Simulated<State>> {
  readonly help: string;
  /** The default of `--port`. */
  readonly port: number;
  /** Whether a file contains a state of this simulator. */
  recognizes(state: State): boolean;
  make(making: Making<State>): System;
  serve(system: System, options: ServeOptions): Promise<{ readonly served: Served; readonly hint: Hint }>;
  /** Prints the initial state. */
  describe(system: System, origins: readonly string[]): void;
  /** A line for each task or database, by its id; printed again when it changes. */
  lines(system: System): readonly (readonly [id: number | string, line: string])[];
}

const SAVE_MS = 250;

/** Serves a simulated system until ^C. @throws UsageError */
export async function simulate<State, System extends Simulated<State>>(
  simulation: Simulation<State, System>,
  values: CommonValues,
): Promise<void> {
  if (values.help) {
    console.log(simulation.help);
    return;
  }
  const speed = numberOption("speed", values.speed, 1, 0.001);
  const port = integerOption("port", values.port, simulation.port, 0);
  const tls = tlsFromFiles(values["tls-key"], values["tls-cert"]);
  const file = values.state === undefined ? undefined : new SaveFile<State>(values.state);
  const system = simulation.make(makingOf(simulation, values, speed, file));
  const stop = interrupted();
  const { served, hint } = await simulation.serve(system, { port, speed, ...tls });
  simulation.describe(system, served.origins);
  showHint(hint);
  const shown = new Map(simulation.lines(system));
  const timer = setInterval(() => {
    for (const [id, line] of simulation.lines(system)) {
      if (shown.get(id) !== line) console.log(line);
      shown.set(id, line);
    }
    file?.save(system.now(), system.export());
  }, SAVE_MS);
  await stop;
  clearInterval(timer);
  file?.save(system.now(), system.export());
  await served.close();
}

function makingOf<State>(
  { recognizes }: Pick<Simulation<State, Simulated<State>>, "recognizes">,
  values: CommonValues,
  speed: number,
  file: SaveFile<State> | undefined,
): Making<State> {
  const seed = integerOption("seed", values.seed, 1, 0);
  const saved = file?.load();
  if (saved === undefined) return { clock: new ScaledClock(speed), seed };
  const { savedAt, state } = saved;
  if (state == null || !recognizes(state))
    throw new UsageError(`${values.state} is not a state file of this simulator`);
  return { clock: new ScaledClock(speed, savedAt), seed, state };
}
