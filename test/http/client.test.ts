import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import { Refused, Unreachable, UpgradeError } from "../../provider/core/errors";
import type { Clock } from "../../provider/core/runtime";
import { DIRECT } from "../../provider/core/runtime";
import {
  deliveryOf,
  describeResponse,
  excerpt,
  foreignWrite,
  parseJson,
  printable,
  validate,
} from "../../provider/http/body";
import { delayBefore, HttpClient, READ_TRIES, retriedCode, retriedStatus } from "../../provider/http/client";
import { TransportError } from "../../provider/http/transport";
import { undiciTransport } from "../../provider/http/undici-transport";
import { VirtualClock } from "../support/virtual-clock";
import { freePort, reset, serve, status, unresponsive } from "./server";

function clientFor(limits: Parameters<typeof undiciTransport>[2] = {}, time?: Clock) {
  const clock = new VirtualClock();
  const controller = new AbortController();
  const transport = undiciTransport({}, DIRECT, limits);
  onTestFinished(() => transport.close());
  const client = new HttpClient({ transport, clock: time ?? clock, signal: controller.signal });
  const began = clock.now();
  return { client, clock, controller, waited: () => clock.since(began) };
}

/** Time that does not advance: only the signal ends a sleep. */
const frozen: Clock = {
  now: () => 0,
  elapsed: () => 0,
  sleep: (_, signal) =>
    new Promise((_resolve, reject) => signal?.addEventListener("abort", () => reject(signal.reason), { once: true })),
};

const reason = new UpgradeError("interrupted", "Interrupted.");

describe("a read", () => {
  it("returns status, headers and body, and sends its headers and target unchanged", async () => {
    const { origin, requests } = await serve((request, response) =>
      response.writeHead(200, { "X-Thing": "a", "set-cookie": ["b=1", "c=2"] }).end(`got ${request.headers["x-sent"]}`),
    );
    const { client } = clientFor();
    const response = await client.read(() => ({ origin, target: "/a%20b/?q=%2F&r", headers: { "x-sent": "yes" } }));
    expect(response.status).toBe(200);
    expect(response.headers).toMatchObject({ "x-thing": "a", "set-cookie": "b=1, c=2" });
    expect(Buffer.from(response.body).toString()).toBe("got yes");
    expect(requests).toEqual(["GET /a%20b/?q=%2F&r"]);
  });

  it.each([429, 502, 503, 504])("is retried after status %d, at most twice", async (code) => {
    const { origin, requests } = await serve(status(code));
    const { client, waited } = clientFor();
    expect((await client.read(() => ({ origin, target: "/" }))).status).toBe(code);
    expect(requests).toHaveLength(3);
    expect(waited()).toBe(200 + 400);
  });

  it.each([200, 301, 400, 401, 404, 500, 501])("is not retried after status %d", async (code) => {
    const { origin, requests } = await serve(status(code));
    const { client, waited } = clientFor();
    expect((await client.read(() => ({ origin, target: "/" }))).status).toBe(code);
    expect(requests).toHaveLength(1);
    expect(waited()).toBe(0);
  });

  it("waits for the seconds in Retry-After", async () => {
    const { origin, requests } = await serve(status(429, { "retry-after": "7" }), status(200));
    const { client, waited } = clientFor();
    expect((await client.read(() => ({ origin, target: "/" }))).status).toBe(200);
    expect(requests).toHaveLength(2);
    expect(waited()).toBe(7_000);
  });

  it("waits until the date in Retry-After", async () => {
    const { client, clock, waited } = clientFor();
    const date = new Date(clock.now() + 12_000).toUTCString();
    const { origin } = await serve(status(503, { "retry-after": date }), status(200));
    expect((await client.read(() => ({ origin, target: "/" }))).status).toBe(200);
    expect(waited()).toBe(12_000);
  });

  it("is retried after a reset, with a new request", async () => {
    const { origin, requests } = await serve(reset, status(200));
    const { client } = clientFor();
    let made = 0;
    const response = await client.read(() => {
      made += 1;
      return { origin, target: `/try-${made}` };
    });
    expect(response.status).toBe(200);
    expect(requests).toEqual(["GET /try-1", "GET /try-2"]);
  });

  it("fails with the last error if every attempt fails", async () => {
    const { origin, requests } = await serve(reset);
    const { client } = clientFor();
    await expect(client.read(() => ({ origin, target: "/" }))).rejects.toBeInstanceOf(TransportError);
    expect(requests).toHaveLength(3);
  });

  it("is not retried if the connection is refused, because the caller decides", async () => {
    const { client, waited } = clientFor();
    const origin = `http://127.0.0.1:${await freePort()}`;
    await expect(client.read(() => ({ origin, target: "/" }))).rejects.toMatchObject({ code: "ECONNREFUSED" });
    expect(waited()).toBe(0);
  });

  it("is not started once the signal is aborted", async () => {
    const { origin, requests } = await serve(status(200));
    const { client, controller } = clientFor();
    controller.abort(reason);
    await expect(client.read(() => ({ origin, target: "/" }))).rejects.toBe(reason);
    expect(requests).toEqual([]);
  });

  it("is not retried once the signal is aborted, and does not wait for the next attempt", async () => {
    const { client, controller } = clientFor({}, frozen);
    const { origin, requests } = await serve((_, response) => {
      response.writeHead(503, { "retry-after": "20" }).end();
      response.on("close", () => setImmediate(() => controller.abort(reason)));
    });
    await expect(client.read(() => ({ origin, target: "/" }))).rejects.toBe(reason);
    expect(requests).toHaveLength(1);
  });

  it("that is in progress ends with the signal's reason", async () => {
    const { client, controller } = clientFor();
    const { origin } = await serve((request) => {
      request.resume();
      controller.abort(reason);
    });
    await expect(client.read(() => ({ origin, target: "/" }))).rejects.toBe(reason);
  });
});

describe("a write", () => {
  it("sends its body", async () => {
    const { origin, requests } = await serve((request, response) => request.pipe(response));
    const { client } = clientFor();
    const response = await client.write({ origin, target: "/up?grade", body: '{"a":1}' });
    expect(Buffer.from(response.body).toString()).toBe('{"a":1}');
    expect(requests).toEqual(["POST /up?grade"]);
  });

  it.each([429, 500, 502, 503, 504])("is not retried after status %d", async (code) => {
    const { origin, requests } = await serve(status(code, { "retry-after": "1" }));
    const { client, waited } = clientFor();
    expect((await client.write({ origin, target: "/", body: "x" })).status).toBe(code);
    expect(requests).toHaveLength(1);
    expect(waited()).toBe(0);
  });

  it("is not retried after a reset before the response, and may have arrived", async () => {
    const { origin, requests } = await serve(reset);
    const { client } = clientFor();
    await expect(client.write({ origin, target: "/", body: "x" })).rejects.toMatchObject({ sent: true, tls: false });
    expect(requests).toHaveLength(1);
  });

  it("is not retried after a timeout, and may have arrived", async () => {
    const { origin, requests } = await serve(unresponsive);
    const { client } = clientFor({ headersTimeout: 50 });
    await expect(client.write({ origin, target: "/", body: "x" })).rejects.toMatchObject({
      code: "UND_ERR_HEADERS_TIMEOUT",
      sent: true,
    });
    expect(requests).toHaveLength(1);
  });

  it("is not retried if the connection is refused, and was certainly not sent", async () => {
    const { client, waited } = clientFor();
    const origin = `http://127.0.0.1:${await freePort()}`;
    await expect(client.write({ origin, target: "/", body: "x" })).rejects.toMatchObject({
      code: "ECONNREFUSED",
      sent: false,
    });
    expect(waited()).toBe(0);
  });

  it("is not started once the signal is aborted", async () => {
    const { origin, requests } = await serve(status(200));
    const { client, controller } = clientFor();
    controller.abort(reason);
    await expect(client.write({ origin, target: "/", body: "x" })).rejects.toBe(reason);
    expect(requests).toEqual([]);
  });

  it("that is in progress when the signal is aborted still receives its response", async () => {
    const { client, controller } = clientFor({}, frozen);
    const { origin } = await serve((request, response) => {
      request.resume();
      controller.abort(reason);
      response.end("accepted");
    });
    const response = await client.write({ origin, target: "/", body: "x" });
    expect(Buffer.from(response.body).toString()).toBe("accepted");
  });

  it("that is in progress is abandoned after its grace period, as a lost response", async () => {
    const { client, controller, waited } = clientFor();
    const { origin, requests } = await serve((request) => {
      request.resume();
      controller.abort(reason);
    });
    await expect(client.write({ origin, target: "/", body: "x" })).rejects.toMatchObject({
      name: "TransportError",
      code: "ABANDONED",
      sent: true,
    });
    expect(waited()).toBe(700);
    expect(requests).toHaveLength(1);
  });
});

const NOW = Date.UTC(2026, 0, 1);

function responseWith(retryAfter?: string) {
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

  it("allows three attempts", () => {
    expect(READ_TRIES).toBe(3);
  });
});

describe("delayBefore", () => {
  it.each([
    [2, 200],
    [3, 400],
    [4, 800],
    [20, 30_000],
  ])("attempt %d follows after %d ms without Retry-After", (next, expected) => {
    expect(delayBefore(next, undefined, NOW)).toBe(expected);
    expect(delayBefore(next, responseWith(), NOW)).toBe(expected);
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
    expect(delayBefore(2, responseWith(value), NOW)).toBe(expected);
  });

  it.each(["", "soon", "NaN"])("Retry-After: %j is ignored", (value) => {
    expect(delayBefore(2, responseWith(value), NOW)).toBe(200);
  });
});

const bytes = (text: string) => new Uint8Array(Buffer.from(text));

describe("parseJson", () => {
  it("reads JSON as UTF-8", () => {
    expect(parseJson(bytes('{"a":"中文"}'))).toEqual({ a: "中文" });
  });

  it.each(["", "<html>", "{", '{"a":1}x', "undefined"])("is undefined for %j", (text) => {
    expect(parseJson(bytes(text))).toBeUndefined();
  });
});

describe("excerpt", () => {
  it.each([
    [
      "<!DOCTYPE html><html><head><title>404 Not Found</title></head><body><center><h1>404 Not Found</h1></center><hr>nginx</body></html>",
      "404 Not Found nginx",
    ],
    [
      "<html><head><title>Sign in</title><style>p{color:red}</style></head><body><script>steal()</script><p>Your&nbsp;name &amp; password</p></body></html>",
      "Sign in: Your name & password",
    ],
    ["<!-- hidden --><h1>Whitelabel Error Page</h1>", "Whitelabel Error Page"],
    ["<pre>Cannot POST /api/v1/ob/upgrade</pre>", "Cannot POST /api/v1/ob/upgrade"],
    ["<html><body>cut off in the <stro", "cut off in the"],
    ["<html></html>", ""],
    ["a < b", "a < b"],
  ])("of a page is its visible text: %s", (page, expected) => {
    expect(excerpt(bytes(page))).toBe(expected);
  });

  it("is one line", () => {
    expect(excerpt(bytes("<html>\r\n\t<body>\n\n  502 Bad Gateway\n"))).toBe("502 Bad Gateway");
  });

  it("of a page is its start, and shows that it was truncated", () => {
    const text = "x".repeat(120);
    expect(excerpt(bytes(`<p>${text}`))).toBe(text);
    expect(excerpt(bytes(`<p>${text}y`))).toBe(`${text}…`);
  });

  it("of any other text is its end, which has the reason in a stack trace", () => {
    const trace = `Traceback (most recent call last):\n${'  File "a.py", line 3\n'.repeat(20)}${"  call(x)\n".repeat(40)}`;
    expect(excerpt(bytes(`${trace}MyError: restore job is not finished\n`))).toBe(
      'Traceback (most recent call last): | File "a.py", line 3 | call(x) | MyError: restore job is not finished',
    );
    const long = Array.from({ length: 100 }, (_, nth) => `step ${nth}`).join("\n");
    expect(excerpt(bytes(long))).toMatch(/^… step \d\d \|.* \| step 98 \| step 99$/);
  });

  it("contains no credentials", () => {
    expect(excerpt(bytes(`${"password=abcXYZ123 ".repeat(40)}`))).not.toContain("abcXYZ");
    expect(excerpt(bytes("<p>password=abcXYZ123</p>"))).not.toContain("abcXYZ");
  });

  it("is empty for no body", () => {
    expect(excerpt(new Uint8Array())).toBe("");
  });

  it("accepts bytes that are not text", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (body) => {
        const line = excerpt(body);
        expect(line.length).toBeLessThanOrEqual(302);
        expect(line).not.toMatch(/[\p{Cc}\p{Cf}\n]/u);
      }),
    );
  });
});

describe("printable", () => {
  it.each([
    ["a terminal escape", "\u001b[31mred\u001b[0m", "[31mred[0m"],
    ["a title that a terminal would set", "\u001b]0;owned\u0007", "]0;owned"],
    ["an 8-bit control sequence", "\u009b2Jx", "2Jx"],
    ["a backspace and a delete", "safe\b\b\u007f", "safe"],
    ["a change of the writing direction", "a\u202eb\u2066c", "abc"],
    ["characters without a width", "pass\u200bword", "password"],
    ["a line break, which becomes a space", "a\nb\tc\rd", "a b c d"],
    ["nothing", "plain text — 中文 ✓", "plain text — 中文 ✓"],
  ])("removes %s", (_, text, expected) => {
    expect(printable(text)).toBe(expected);
  });
});

describe("validate", () => {
  const schema = z.object({ contents: z.array(z.object({ id: z.string() })) });

  function failureOf(value: unknown, shape: z.ZodType = schema): UpgradeError {
    try {
      validate(shape, value, "GET /dags at http://a");
    } catch (error) {
      if (error instanceof UpgradeError) return error;
      throw error;
    }
    throw new Error("the value was accepted");
  }

  it("returns the value and allows unknown fields", () => {
    expect(validate(schema, { contents: [{ id: "1", more: 2 }], extra: true }, "x")).toEqual({
      contents: [{ id: "1" }],
    });
  });

  it("names the path of the invalid field", () => {
    const error = failureOf({ contents: [{ id: "1" }, { id: 2 }] });
    expect(error.code).toBe("not-the-vendor");
    expect(error.message).toMatch(
      /^GET \/dags at http:\/\/a: the response has an unexpected format: contents\.1\.id: .*string/,
    );
    expect(error.remedy).toBe("Check the endpoint and the server's version.");
  });

  it("names the response itself if it is invalid as a whole", () => {
    expect(failureOf(undefined).message).toContain("unexpected format: the response: ");
    expect(failureOf("text", z.number()).message).toContain("unexpected format: the response: ");
  });

  it("does not quote the value, which may contain a secret", () => {
    expect(failureOf({ contents: [{ id: { password: "hunter2" } }] }).message).not.toContain("hunter2");
  });
});

describe("a write to which something other than the vendor responded", () => {
  it.each([
    [200, "unconfirmed"],
    [201, "unconfirmed"],
    [204, "unconfirmed"],
    [301, "final"],
    [302, "final"],
    [303, "unconfirmed"],
    [307, "final"],
    [308, "final"],
    [400, "final"],
    [401, "final"],
    [403, "final"],
    [404, "final"],
    [405, "final"],
    [407, "final"],
    [408, "unconfirmed"],
    [411, "final"],
    [413, "final"],
    [421, "final"],
    [425, "soon"],
    [429, "soon"],
    [451, "final"],
    [499, "unconfirmed"],
    [500, "unconfirmed"],
    [501, "unconfirmed"],
    [502, "unconfirmed"],
    [503, "unconfirmed"],
    [504, "unconfirmed"],
    [599, "unconfirmed"],
  ])("with HTTP %i is %s", (status, delivery) => {
    expect(deliveryOf(status)).toBe(delivery);
    const error = foreignWrite("POST /x at http://a", { status, text: `HTTP ${status}` }, "Check it.");
    if (delivery === "unconfirmed") {
      expect(error).toBeInstanceOf(Unreachable);
      expect(error).toMatchObject({ sent: true, message: `POST /x at http://a returned HTTP ${status}` });
    } else {
      expect(error).toBeInstanceOf(Refused);
      const message = `POST /x at http://a was refused: HTTP ${status}.`;
      expect(error).toMatchObject({ refusal: delivery, message, remedy: "Check it." });
    }
  });
});

describe("the description of a response", () => {
  const describedAs = (status: number, headers: Record<string, string>, body = "") =>
    describeResponse({ status, headers, body: Buffer.from(body) });

  it("has status, type and text", () => {
    expect(describedAs(404, { "content-type": "text/html; charset=utf-8" }, "<title>Not Found</title>")).toBe(
      "HTTP 404, text/html: “Not Found”",
    );
    expect(describedAs(404, {}, "404 page not found\n")).toBe("HTTP 404: “404 page not found”");
    expect(describedAs(204, { "content-type": "text/html" })).toBe("HTTP 204 without a body");
    expect(describedAs(200, { "content-type": "text/html" }, "<html></html>")).toBe("HTTP 200, text/html");
  });

  it("of a redirect has its destination without path and query, which may contain secrets", () => {
    expect(describedAs(302, { location: "https://login.example/realm?code=s3cret" })).toBe(
      "HTTP 302 to https://login.example without a body",
    );
    expect(describedAs(302, { location: "https://user:pw@login.example/" })).not.toContain("pw");
    expect(describedAs(302, { location: "/login" })).toBe("HTTP 302 without a body");
  });
});
