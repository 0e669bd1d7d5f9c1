import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { DynamicProvider } from "../../provider/frontend/dynamic/dynamic-provider";
import { Journal, RunNotes } from "../../provider/frontend/resource/run-notes";
import { openAccess } from "../../provider/taurusdb/project";
import { createTransport, TaurusCloud, taurusdb } from "../simulators";
import { simulatedTransport } from "../support/simulated-transport";
import { VirtualClock } from "../support/virtual-clock";
import { kindsOver } from "../systems";
import { runtimeOf } from "../taurusdb/rig";

type Values = Record<string, unknown>;
/** A resource in the state of the stack. */
export interface Saved {
  readonly id: string;
  readonly outs: Values;
}

/** Two running processes: notes of other processes are treated as those of an earlier operation. */
const PIDS = [process.pid, process.ppid];

/** Resource types that schedule upgrades, and their arguments besides the connection. */
export const SCHEDULING: readonly [type: string, args: (cloud: TaurusCloud) => Values][] = [
  [
    "taurusdb:KernelVersion",
    ({ instances }) => ({ instanceIds: instances.map(({ id }) => id), version: "2.0.78.260600" }),
  ],
  [
    "taurusdb:StarRocksVersion",
    ({ starRocks: [one] }) => ({
      instanceId: taurusdb.DEFAULTS.instanceId,
      starRocksInstanceId: one?.id,
      version: "3.1.15.80",
    }),
  ],
];

/** A cloud, and the plugin processes of operations on a stack that manages part of it. */
export function openProcesses(type: string, argsOf: (cloud: TaurusCloud) => Values) {
  const clock = new VirtualClock();
  const cloud = new TaurusCloud({ clock, instances: 2 });
  const transport = simulatedTransport(createTransport(cloud, { sleep: (ms) => clock.sleep(ms) }));
  const root = mkdtempSync(join(tmpdir(), "notes-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const lines: string[] = [];
  const { region, accessKey, secretKey } = taurusdb.DEFAULTS;
  let operations = 0;
  const process = (address: string, pid = PIDS[0], directory = join(root, "shared")) =>
    new DynamicProvider({
      kinds: kindsOver(() => transport),
      log: {
        write: ({ severity, message, ephemeral }) => void (ephemeral || lines.push(`${severity} ${message}`)),
        flush: async () => undefined,
      },
      rhythm: { change: 0, repeat: 60_000 },
      clock,
      env: {},
      notes: new RunNotes(new Journal(address, directory, pid)),
    });
  return {
    clock,
    cloud,
    root,
    lines,
    process,
    /** The two plugin processes of an operation: of the default provider and of an explicit one. */
    operation: (): [DynamicProvider, DynamicProvider] => {
      operations += 1;
      const address = `127.0.0.1:${operations}`;
      return [process(address, PIDS[0]), process(address, PIDS[1])];
    },
    inputs: (name: string, args: Values = {}): Values => ({
      region,
      accessKey,
      secretKey,
      ...argsOf(cloud),
      schedule: "maintenance-window",
      ...args,
      __urn: `urn:pulumi:dev::shop::pulumi-nodejs:dynamic/${type}::${name}`,
      __provider: "text",
    }),
    /** The service as another client calls it. */
    gateway: () => openAccess({ region, accessKey, secretKey }, runtimeOf(clock), () => transport, {}).gateway,
    /** The states of the scheduled upgrades. */
    scheduled: () => [...new Set(cloud.schedules.map(({ status }) => status))],
    /** Cancellation requests. */
    cancellations: () => cloud.journal.count("DELETE", /\/scheduled-jobs$/),
  };
}
