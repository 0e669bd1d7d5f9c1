import { kernelVersion } from "../../provider/taurusdb/kernel/kernel-version";
import { taurusdb } from "../simulators";
import { FedBackLifecycle } from "../support/feed-back";
import { cloudWith, type Setup, type Surroundings } from "./rig";

export const D = taurusdb.DEFAULTS;
export const URN = "urn:pulumi:dev::shop::pulumi-nodejs:dynamic/taurusdb:KernelVersion::fleet";
export const UPGRADE = "/instances/database-version/upgrade";

type Around = Pick<Surroundings, "env" | "skew" | "dated" | "rewrite">;

/** A cloud in memory, a lifecycle that is connected to it, and one clock for both. */
export function kernelRig(options: Setup = {}, { env = {}, skew = 0, dated = false, rewrite }: Around = {}) {
  const { clock, ours, cloud, lines, log, connect } = cloudWith(options, { skew, dated, rewrite });
  const cancels = new Set<() => void>();
  const lifecycle = new FedBackLifecycle({
    kinds: { "taurusdb:KernelVersion": async () => kernelVersion(connect, env) },
    log,
    rhythm: { change: 0, repeat: 60_000 },
    clock: ours,
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
    /** The number of upgrade requests that reached the cloud, regardless of their result. */
    writes: () =>
      cloud.journal.entries.filter((e) => e.method === "POST" && e.target.split("?")[0]?.endsWith(UPGRADE)).length,
    reads: () => cloud.journal.entries.filter((e) => e.method === "GET").length,
    /** Permanent messages. */
    messages: () => lines.filter((line) => !line.ephemeral).map((line) => line.message),
  };
}

export type KernelRig = ReturnType<typeof kernelRig>;

/** Calls a function after the upgrade has been in progress for this time. */
export async function later(rig: KernelRig, ms: number, what: () => void): Promise<void> {
  await rig.clock.sleep(ms);
  what();
}

/** The result of a run. */
export async function message(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => "it succeeded",
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
}
