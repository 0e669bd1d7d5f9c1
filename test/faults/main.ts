import { fork } from "node:child_process";
import { availableParallelism } from "node:os";
import { integerOption, parseOptions, UsageError } from "../simulators/shell/command";
import { addSummary, emptySummary, explore, replay, type Summary } from "./explore";
import type { History } from "./history";
import { installIdealRsa } from "./ideal-rsa";
import { formatSummary } from "./report";
import type { WorldOfType } from "./world";
import { WORLDS } from "./worlds";

/** `npm run faults`: plays generated histories in several processes. */

const USAGE = `usage: npm run faults -- [--type TYPE]... [--runs N] [--seed S] [--jobs N] [--failures N]
       npm run faults -- --history JSON

  --type      ${WORLDS.map(({ type }) => type).join(", ")}; default: all
  --runs      histories per type, default 10000
  --seed      seed of the first history, default 1; the others have the following seeds
  --jobs      processes, default one per core
  --failures  failures per type and process after which to stop, default 3
  --history   plays only this history, and prints its commands`;

/** The number of seeds that a process plays. */
const BATCH = 2_000;

interface Order {
  readonly type: string;
  readonly seed: number;
  readonly histories: number;
  readonly failures: number;
}

async function main(args: readonly string[]): Promise<boolean> {
  const options = parseOptions(args, {
    type: { type: "string", multiple: true },
    runs: { type: "string" },
    seed: { type: "string" },
    jobs: { type: "string" },
    failures: { type: "string" },
    history: { type: "string" },
    help: { type: "boolean" },
  });
  if (options.help) {
    console.log(USAGE);
    return true;
  }
  if (options.history !== undefined) return replayHistory(options.history);
  const histories = integerOption("runs", options.runs, 10_000, 1);
  const seed = integerOption("seed", options.seed, 1, 0);
  const jobs = integerOption("jobs", options.jobs, availableParallelism(), 1);
  const failures = integerOption("failures", options.failures, 3, 1);
  let passed = true;
  for (const { type } of (options.type ?? WORLDS.map((world) => world.type)).map(worldOf)) {
    const summary = await inProcesses({ type, seed, histories, failures }, jobs);
    console.log(`${formatSummary(summary)}\n`);
    passed &&= summary.failures.length === 0;
  }
  return passed;
}

function worldOf(name: string): WorldOfType {
  const found = WORLDS.find(({ type }) => type === name);
  if (found === undefined) throw new UsageError(`there is no type "${name}"\n${USAGE}`);
  return found;
}

async function replayHistory(text: string): Promise<boolean> {
  // Printed by this program; an invalid one fails when it is played.
  const history = JSON.parse(text) as History;
  installIdealRsa();
  const { log, violation } = await replay(history, worldOf(history.type));
  for (const line of log) console.log(line);
  console.log(violation === undefined ? "no violations" : `${violation.rule}: ${violation.text}`);
  return violation === undefined;
}

/** Distributes the seeds to processes. */
async function inProcesses(order: Order, jobs: number): Promise<Summary> {
  const sum = emptySummary(order.type);
  const since = performance.now();
  const end = order.seed + order.histories;
  let next = order.seed;
  const work = async () => {
    while (next < end && sum.failures.length < order.failures) {
      const seed = next;
      next += BATCH;
      addSummary(sum, await inProcess({ ...order, seed, histories: Math.min(BATCH, end - seed) }));
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  sum.seconds = (performance.now() - since) / 1_000;
  return sum;
}

function inProcess(order: Order): Promise<Summary> {
  return new Promise((resolve, reject) => {
    const child = fork(__filename, [], { env: { ...process.env, FAULTS_ORDER: JSON.stringify(order) } });
    let summary: Summary | undefined;
    child.on("message", (message) => {
      // Sent by `serve`, below.
      summary = message as Summary;
    });
    child.on("error", reject);
    child.on("exit", (code) =>
      summary === undefined ? reject(new Error(`a process exited with ${code}`)) : resolve(summary),
    );
  });
}

async function serve({ type, ...order }: Order): Promise<void> {
  const summary = await explore(worldOf(type), order);
  process.send?.(summary, () => process.disconnect());
}

const order = process.env["FAULTS_ORDER"];
const done = order === undefined ? main(process.argv.slice(2)) : serve(JSON.parse(order)).then(() => true);
done
  .then((passed) => {
    if (!passed) process.exitCode = 1;
  })
  .catch((error: unknown) => {
    console.error(error instanceof UsageError ? error.message : error);
    process.exitCode = error instanceof UsageError ? 2 : 1;
  });
