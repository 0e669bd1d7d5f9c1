import { NEW, OLD } from "./facts";
import { HOUR, many, type Up, World } from "./world";

/** Fleets whose instances have maintenance windows. */

export const evening = [6 * HOUR, 10 * HOUR] as const;
export const night = [12 * HOUR, 16 * HOUR] as const;
export const windowed: Up = { schedules: true };
export const opens = "2026-01-01T06:00:00.000Z";
export const closes = "2026-01-01T16:00:00.000Z";

/** Two windows, and one instance that is up to date. */
export function fleet(fates: Parameters<typeof many>[2] = {}) {
  return new World([
    ...many(2, OLD, { window: evening, ...fates }),
    ...many(1, OLD, { window: night, ...fates }, 3),
    ...many(1, NEW, { window: night }, 4),
  ]);
}
