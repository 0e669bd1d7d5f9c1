import { DynamicProvider } from "../../../provider/frontend/dynamic/dynamic-provider";
import type { Log, LogLine } from "../../../provider/frontend/resource/log";
import type { Transport } from "../../../provider/http/transport";
import { createTransport, type JournalEntry } from "../../simulators";
import { simulatedTransport } from "../../support/simulated-transport";
import type { VirtualClock } from "../../support/virtual-clock";
import { kindsOver } from "../../systems";

/** A simulated vendor in memory, a provider for it, and one virtual clock for both. */
export interface World {
  readonly clock: VirtualClock;
  readonly lifecycle: DynamicProvider;
  readonly lines: readonly LogLine[];
  /** Every request that reached the vendor. */
  readonly journal: readonly JournalEntry[];
  /** The upgrade requests. */
  writes(): readonly JournalEntry[];
  /** The inputs of a resource as the engine sends them. */
  inputs(name: string, args?: Readonly<Record<string, unknown>>): Record<string, unknown>;
  /** Whether the upgrade has ended at the vendor. */
  isFinished(): boolean;
}

export interface WorldOptions {
  /** In [0, 1), for the jitter of pauses. */
  readonly random?: () => number;
  /** The round-trip time of a request, in milliseconds. Default 0. */
  readonly roundTrip?: number;
  /** Length of an upgrade in milliseconds; by default that of the simulator. */
  readonly upgrade?: number;
}

type Simulators = Parameters<typeof createTransport>[0];

interface Parts {
  readonly clock: VirtualClock;
  readonly systems: Simulators;
  /** `oceanbase:ClusterVersion` */
  readonly type: string;
  readonly options: WorldOptions;
}

/** The part of a world that is the same for all vendors. */
export function lifecycleIn({ clock, systems, type, options }: Parts) {
  const { random = () => 0.5, roundTrip = 0 } = options;
  const lines: LogLine[] = [];
  const log: Log = { write: (line) => lines.push(line), flush: async () => undefined };
  const direct = simulatedTransport(createTransport(systems, { sleep: (ms) => clock.sleep(ms) }));
  const delayed: Transport = {
    async send(request) {
      await clock.sleep(roundTrip, request.signal);
      return direct.send(request);
    },
    close: () => direct.close(),
  };
  const lifecycle = new DynamicProvider({
    kinds: kindsOver(() => (roundTrip === 0 ? direct : delayed)),
    log,
    rhythm: { change: 0, repeat: 60_000 },
    clock,
    env: {},
    random,
    onCancel: () => () => undefined,
  });
  const hidden = (name: string) => ({
    __urn: `urn:pulumi:dev::bench::pulumi-nodejs:dynamic/${type}::${name}`,
    __provider: "text",
    __timeouts: { create: "5h", update: "5h" },
  });
  return { clock, lifecycle, lines, hidden };
}
