import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { redactor } from "../../provider/core/texts/redact";
import { vendorText } from "../../provider/core/texts/vendor-text";

describe("vendorText", () => {
  it("puts the text on one line, without control characters, empty lines and surrounding spaces", () => {
    expect(vendorText("  \u001b[31mred\u0007 \r\n\r\n\tnext   word\n")).toBe("[31mred | next word");
  });

  it("keeps each line once, at its last position", () => {
    expect(vendorText(["waiting", "disk is full", "waiting", "failed: disk is full", "failed: disk is full"])).toBe(
      "disk is full | waiting | failed: disk is full",
    );
  });

  it("keeps complete lines at the end of a long text, and marks the cut", () => {
    const lines = Array.from({ length: 500 }, (_, nth) => `line ${nth} of the output`);
    const text = vendorText([...lines, "MyError: 'restore job is not finished'"], 100);
    expect(text).toMatch(
      /^… line \d+ of the output \| .*line 499 of the output \| MyError: 'restore job is not finished'$/,
    );
    expect(text.length).toBeLessThanOrEqual(102);
  });

  it("keeps the last words of an overlong last line", () => {
    expect(vendorText(`${"word ".repeat(100)}is not finished`, 30)).toBe("… word word is not finished");
    expect(vendorText("磁盘空间不足".repeat(100), 6)).toBe("… 磁盘空间不足");
    expect(vendorText(`error ${"x".repeat(100)}`, 30)).toBe("… ");
  });

  it("removes credentials before cutting, because the cut may remove their labels", () => {
    const text = `password="${"R00t-Pw-9 ".repeat(30)}" | ${"x ".repeat(40)}end`;
    for (let longest = 10; longest < 400; longest += 7) expect(vendorText(text, longest)).not.toMatch(/R00t|Pw-9/);
  });

  it("never exceeds the maximum length", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), fc.integer({ min: 20, max: 100 }), (text, longest) => {
        expect(vendorText(text, longest).length).toBeLessThanOrEqual(longest + 2);
      }),
    );
  });
});

const SECRET = 'p@ss "w0rd"\\';

describe("redactor", () => {
  it.each([
    ["as it is", SECRET],
    ["JSON-escaped", JSON.stringify(SECRET).slice(1, -1)],
    ["URL-encoded", encodeURIComponent(SECRET)],
    ["in base64", Buffer.from(SECRET).toString("base64")],
    ["in base64 without padding", Buffer.from(SECRET).toString("base64").replace(/=+$/, "")],
    ["in base64url", Buffer.from(SECRET).toString("base64url")],
    ["URL-encoded in lower case", encodeURIComponent(SECRET).replace(/%../g, (code) => code.toLowerCase())],
    ["form-encoded", "p%40ss+%22w0rd%22%5C"],
    ["in URL-encoded base64", encodeURIComponent(Buffer.from(SECRET).toString("base64"))],
  ])("redacts a secret %s", (_, form) => {
    expect(redactor([SECRET])(`before ${form} after ${form}`)).toBe("before [secret] after [secret]");
  });

  describe("for a multi-line secret", () => {
    const PEM =
      "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEF\nAASCBKcwggSjAgEAAoIBAQC7VJTU\n-----END PRIVATE KEY-----\n";
    const redact = redactor([PEM]);

    it("redacts it whole, and with its lines joined by spaces", () => {
      expect(redact(`got ${PEM}!`)).toBe("got [secret]!");
      expect(redact(`got ${PEM.replace(/\s+/g, " ").trim()}!`)).toBe("got [secret]!");
    });

    it("redacts each of its lines alone", () => {
      expect(redact(PEM.split("\n").join(" | "))).toBe(
        "-----BEGIN PRIVATE KEY----- | [secret] | [secret] | -----END PRIVATE KEY----- | ",
      );
    });
  });

  it.each(["as it is", "in base64"])("redacts the beginning of a secret %s where a text was cut", (how) => {
    const long = "c4n4ryRootQ7-and-more-of-it";
    const form = how === "in base64" ? Buffer.from(long).toString("base64") : long;
    for (let length = 3; length < form.length; length += 1) {
      expect(redactor([long])(`it said \u201cxx ${form.slice(0, length)}… then`)).toBe(
        "it said \u201cxx [secret]… then",
      );
    }
  });

  it("does not change a text that was cut elsewhere", () => {
    expect(redactor([SECRET])("a page that begins so… and goes on")).toBe("a page that begins so… and goes on");
  });

  it("redacts a secret as Go escapes it in JSON", () => {
    expect(redactor(["a<b>&c"])('{"auth":"a\\u003cb\\u003e\\u0026c"}')).toBe('{"auth":"[secret]"}');
  });

  it("does not change a text without secrets", () => {
    expect(redactor([SECRET])("GET /api/v1/ob/info at http://10.0.0.1:2886")).toBe(
      "GET /api/v1/ob/info at http://10.0.0.1:2886",
    );
  });

  it("redacts the longer of two secrets first, so that no part of it remains", () => {
    expect(redactor(["hunter", "hunter2-long"])("got hunter2-long and hunter")).toBe("got [secret] and [secret]");
  });

  it("treats regular expression characters literally", () => {
    expect(redactor(["a.c$&"])("abc a.c$& $&")).toBe("abc [secret] $&");
  });

  it("ignores empty and very short secrets", () => {
    expect(redactor(["", "a", "ab"])("a cabbage")).toBe("a cabbage");
  });

  it("accepts a secret that is not well-formed Unicode", () => {
    expect(redactor(["\ud800abc"])("x \ud800abc y")).toBe("x [secret] y");
  });

  it("redacts every form of every secret in any text", { timeout: 60_000 }, () => {
    const secret = fc.string({ minLength: 3, maxLength: 12, unit: "binary" });
    const form = fc.constantFrom(
      (text: string) => text,
      (text: string) => JSON.stringify(text).slice(1, -1),
      (text: string) => encodeURIComponent(text.toWellFormed()),
      (text: string) => Buffer.from(text).toString("base64"),
      (text: string) => Buffer.from(text).toString("base64url"),
      (text: string) => new URLSearchParams({ s: text }).toString().slice(2),
    );
    const piece = fc.oneof(fc.string({ maxLength: 5 }), fc.tuple(fc.nat(1), form));
    fc.assert(
      fc.property(
        fc.array(secret, { minLength: 2, maxLength: 2 }),
        fc.array(piece, { maxLength: 5 }),
        (secrets, pieces) => {
          const text = pieces.map((one) => (typeof one === "string" ? one : one[1](secrets[one[0]] ?? ""))).join("");
          const clean = redactor(secrets)(text);
          for (const each of secrets) {
            // A secret that is part of the mask itself remains.
            if (/[[\]]/.test(each) || "[secret]".includes(each)) continue;
            expect(clean).not.toContain(each);
          }
        },
      ),
    );
  });
});
