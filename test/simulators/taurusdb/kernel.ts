import type { InstanceState, RegionState, StarRocksState } from "./state";
import type { Switches } from "./switches";
import type { Outcome } from "./task";

/** Kernel versions: "2.0.48.231200", "2.0.28.7". Part by part, as numbers (TaurusDB facts §3.1). */
export function compareKernel(a: string, b: string): number {
  const [left, right] = [a.split("."), b.split(".")];
  for (let part = 0; part < Math.max(left.length, right.length); part += 1) {
    const difference = Number(left[part] ?? 0) - Number(right[part] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

export function newest(kernels: readonly { readonly kernel: string }[]): string | undefined {
  return kernels
    .map((one) => one.kernel)
    .sort(compareKernel)
    .at(-1);
}

/** The newest kernel for an instance; never older than its current one. */
export function latestKernel(region: RegionState, instance: InstanceState): string {
  return later(instance.kernel, instance.offered ?? newest(region.kernels) ?? instance.kernel);
}

export function latestStarRocks(region: RegionState, starRocks: StarRocksState): string {
  return later(starRocks.kernel, starRocks.offered ?? newest(region.starRocksKernels) ?? starRocks.kernel);
}

function later(a: string, b: string): string {
  return compareKernel(a, b) < 0 ? b : a;
}

/** Kernels from FIRST to LAST are upgraded by a pre-upgrade, an upgrade and a confirmation; older ones go to FIRST. */
const PREPARED = { first: "2.0.51.240305", last: "2.0.51.240311" } as const;

/** What one upgrade does to an instance (TaurusDB facts §3.1, scenarios 1–3). */
export function nextRound(instance: InstanceState, latest: string, { rounds }: Switches): Outcome {
  const direct = { version: latest, preparation: "none" } as const;
  if (!rounds || compareKernel(latest, PREPARED.last) <= 0) return direct;
  if (compareKernel(instance.kernel, PREPARED.first) < 0) return { version: PREPARED.first, preparation: "none" };
  if (compareKernel(instance.kernel, PREPARED.last) > 0) return direct;
  return { version: null, preparation: instance.preparation === "none" ? "preUpgraded" : "toBeConfirmed" };
}
