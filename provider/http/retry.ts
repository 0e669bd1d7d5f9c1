import type { WireResponse } from "./transport";

/**
 * Why a read is tried again. Writes are never tried again here, whatever happens to them.
 * undici's own retry interceptor is not used: it sleeps on the real clock, and these waits have to be virtual in tests.
 */
const STATUSES = new Set([429, 502, 503, 504]);
const CODES = new Set(["ECONNRESET", "EPIPE", "EAI_AGAIN", "UND_ERR_SOCKET", "UND_ERR_CONNECT_TIMEOUT"]);

export const READ_TRIES = 3;
const FIRST_DELAY = 200;
const LONGEST_RETRY_AFTER = 30_000;

export function retriedStatus(status: number): boolean {
  return STATUSES.has(status);
}

export function retriedCode(code: string): boolean {
  return CODES.has(code);
}

/** Milliseconds before try number `next` (2, 3, …): what the server asks for, else 200 ms, 400 ms, … */
export function delayBefore(next: number, response: WireResponse | undefined, now: number): number {
  const asked = response && retryAfterOf(response.headers, now);
  return Math.min(asked ?? FIRST_DELAY * 2 ** (next - 2), LONGEST_RETRY_AFTER);
}

/** Milliseconds that Retry-After asks for: it is seconds or an HTTP date (RFC 9110 §10.2.3). Callers bound it. */
export function retryAfterOf(headers: WireResponse["headers"], now: number): number | undefined {
  const value = headers["retry-after"];
  if (value === undefined || value === "") return undefined;
  if (/^\d+$/.test(value)) return Number(value) * 1_000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(date - now, 0);
}
