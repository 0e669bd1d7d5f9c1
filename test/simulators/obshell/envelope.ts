import type { SimResponse } from "../shell/http";
import type { Dialect } from "./dialect";
import { type Panic, type Refusal, word } from "./errors";

/** Go's zero time. */
export const ZERO_TIME = "0001-01-01T00:00:00Z";

/** RFC3339 with as many fraction digits as there are. */
export function rfc3339(ms: number | null): string {
  return ms === null ? ZERO_TIME : new Date(ms).toISOString().replace(/\.?0*Z$/, "Z");
}

const PLAIN = { "content-type": "application/json" } as const;
/** Responses written before the content type is set: by the decryption of header and body. */
const EARLY = { "content-type": "application/json; charset=utf-8" } as const;

/** `{"successful":…}` around every response (OBShell facts §2.1). `data` undefined is omitted; lists are wrapped. */
export function success(data: unknown, now: number, traceId: string): SimResponse {
  const envelope = { successful: true, timestamp: rfc3339(now), duration: 1, status: 200, traceId };
  const wrapped = Array.isArray(data) ? { contents: data } : data;
  return reply(200, PLAIN, wrapped === undefined ? envelope : { ...envelope, data: wrapped });
}

export function failure(refusal: Refusal, dialect: Dialect, now: number, traceId: string): SimResponse {
  const { status, error } = word(refusal, dialect);
  const { data, early } = refusal.options;
  const envelope = {
    successful: false,
    timestamp: rfc3339(now),
    duration: 0,
    status,
    traceId: early ? "" : traceId,
    ...(data === undefined ? {} : { data }),
    error,
  };
  return reply(status, early ? EARLY : PLAIN, envelope);
}

/** The constant response to a Go panic: it contains the start time of the process. */
export function panicked({ early }: Panic, dialect: Dialect, startedAt: number): SimResponse {
  const code = dialect === "errCode" ? { errCode: "Common.Unexpected" } : { code: 1002 };
  const error = { ...code, message: "Unexpected error: Internal Server Error" };
  const envelope = { successful: false, timestamp: rfc3339(startedAt), duration: 0, status: 500, traceId: "", error };
  return reply(500, early ? EARLY : PLAIN, envelope);
}

function reply(status: number, headers: Readonly<Record<string, string>>, envelope: object): SimResponse {
  return { status, headers, body: Buffer.from(JSON.stringify(envelope)) };
}
