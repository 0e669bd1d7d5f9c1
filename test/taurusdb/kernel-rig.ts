import type { Clock } from "../../provider/core/clock";
import type { Log, LogLine } from "../../provider/frontend/resource/log";
import { kernelVersion } from "../../provider/taurusdb/kernel/kernel-version";
import { createTransport, TaurusCloud, taurusdb } from "../simulators";
import { FedBackLifecycle } from "../support/feed-back";
import { simulatedTransport } from "../support/simulated-transport";
import { VirtualClock } from "../support/virtual-clock";
import { rewritten, type Surroundings, withDate } from "./rig";

export const D = taurusdb.DEFAULTS;
export const URN = "urn:pulumi:dev::shop::pulumi-nodejs:dynamic/taurusdb:KernelVersion::fleet";
export const UPGRADE = "/instances/database-version/upgrade";

type CloudOptions = Omit<NonNullable<ConstructorParameters<typeof TaurusCloud>[0]>, "clock">;

type Around = Pick<Surroundings, "env" | "skew" | "dated" | "rewrite">;

/** A cloud in memory, a lifecycle that talks to it, and one clock for both. */
export function kernelRig(options: CloudOptions = {}, { env = {}, skew = 0, dated = false, rewrite }: Around = {}) {
  const clock = new VirtualClock();
  const cloud = new TaurusCloud({ clock, ...options });
  const lines: LogLine[] = [];
  const log: Log = { write: (line) => lines.push(line), flush: async () => undefined };
  const send = createTransport(cloud, { sleep: (ms) => clock.sleep(ms) });
  const direct = simulatedTransport(send);
  const plain = rewrite === undefined ? direct : rewritten(direct, rewrite);
  const connect = () => (dated ? withDate(plain, clock) : plain);
  const cancels = new Set<() => void>();
  const lifecycle = new FedBackLifecycle({
    kinds: { "taurusdb:KernelVersion": async () => kernelVersion(connect, env) },
    log,
    rhythm: { change: 0, repeat: 60_000 },
    clock: skewed(clock, skew),
    env: { ...env },
    random: () => 0.5,
    onCancel: (listener) => {
      cancels.add(listener);
      return () => cancels.delete(listener);
    },
  });
  const ids = cloud.instances.map((instance) => instance.id);
  return {
    clock,
    cloud,
    lifecycle,
    lines,
    ids,
    connect,
    /** ^C. */
    cancel: () => {
      for (const listener of cancels) listener();
    },
    /** Inputs as the engine would send them. */
    inputs: (args: Record<string, unknown> = {}): Record<string, unknown> => ({
      instanceIds: ids,
      version: "2.0.78",
      region: D.region,
      accessKey: D.accessKey,
      secretKey: D.secretKey,
      __urn: URN,
      __provider: "text",
      ...args,
    }),
    /** Upgrade calls that reached the cloud, whatever came of them. */
    writes: () =>
      cloud.journal.entries.filter((e) => e.method === "POST" && e.target.split("?")[0]?.endsWith(UPGRADE)).length,
    reads: () => cloud.journal.entries.filter((e) => e.method === "GET").length,
    /** Lasting log lines. */
    said: () => lines.filter((line) => !line.ephemeral).map((line) => line.message),
  };
}

/** A clock on the wall that is wrong, and measures time rightly. */
function skewed(clock: VirtualClock, skew: number): Clock {
  return {
    now: () => clock.now() + skew,
    elapsed: () => clock.now(),
    sleep: (ms, signal) => clock.sleep(ms, signal),
  };
}

export type KernelRig = ReturnType<typeof kernelRig>;

/** Runs something once the upgrade has been going for so long. */
export async function later(rig: KernelRig, ms: number, what: () => void): Promise<void> {
  await rig.clock.sleep(ms);
  what();
}

/** What a run ends with. */
export async function message(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => "it succeeded",
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
}
