import { describe, expect, it } from "vitest";
import { delayBefore, READ_TRIES, retriedCode, retriedStatus } from "../../provider/http/client";

const NOW = Date.UTC(2026, 0, 1);

function answer(retryAfter?: string) {
  const headers: Record<string, string> = retryAfter === undefined ? {} : { "retry-after": retryAfter };
  return { status: 503, headers, body: new Uint8Array() };
}

describe("the retry table", () => {
  it.each([
    [200, false],
    [401, false],
    [404, false],
    [408, false],
    [429, true],
    [500, false],
    [502, true],
    [503, true],
    [504, true],
  ])("status %d: %s", (status, expected) => {
    expect(retriedStatus(status)).toBe(expected);
  });

  it.each([
    ["ECONNRESET", true],
    ["EPIPE", true],
    ["EAI_AGAIN", true],
    ["UND_ERR_SOCKET", true],
    ["UND_ERR_CONNECT_TIMEOUT", true],
    ["ECONNREFUSED", false],
    ["ENOTFOUND", false],
    ["UND_ERR_HEADERS_TIMEOUT", false],
    ["UND_ERR_RES_EXCEEDED_MAX_SIZE", false],
    ["CERT_HAS_EXPIRED", false],
  ])("code %s: %s", (code, expected) => {
    expect(retriedCode(code)).toBe(expected);
  });

  it("allows three tries", () => {
    expect(READ_TRIES).toBe(3);
  });
});

describe("delayBefore", () => {
  it.each([
    [2, 200],
    [3, 400],
    [4, 800],
    [20, 30_000],
  ])("try %d comes %d ms later without a word from the server", (next, expected) => {
    expect(delayBefore(next, undefined, NOW)).toBe(expected);
    expect(delayBefore(next, answer(), NOW)).toBe(expected);
  });

  it.each([
    ["0", 0],
    ["5", 5_000],
    ["29", 29_000],
    ["3600", 30_000],
    [new Date(NOW + 9_000).toUTCString(), 9_000],
    [new Date(NOW - 9_000).toUTCString(), 0],
    [new Date(NOW + 3_600_000).toUTCString(), 30_000],
  ])("Retry-After: %s means %d ms", (value, expected) => {
    expect(delayBefore(2, answer(value), NOW)).toBe(expected);
  });

  it.each(["", "soon", "NaN"])("Retry-After: %j means nothing", (value) => {
    expect(delayBefore(2, answer(value), NOW)).toBe(200);
  });
});
