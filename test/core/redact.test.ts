import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { redactor } from "../../provider/core/texts/redact";

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
  ])("takes a secret out %s", (_, form) => {
    expect(redactor([SECRET])(`before ${form} after ${form}`)).toBe("before [secret] after [secret]");
  });

  describe("for a secret of several lines", () => {
    const PEM =
      "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEF\nAASCBKcwggSjAgEAAoIBAQC7VJTU\n-----END PRIVATE KEY-----\n";
    const redact = redactor([PEM]);

    it("takes it out whole, and when its lines were joined by blanks", () => {
      expect(redact(`got ${PEM}!`)).toBe("got [secret]!");
      expect(redact(`got ${PEM.replace(/\s+/g, " ").trim()}!`)).toBe("got [secret]!");
    });

    it("takes out each of its lines alone", () => {
      expect(redact(PEM.split("\n").join(" | "))).toBe(
        "-----BEGIN PRIVATE KEY----- | [secret] | [secret] | -----END PRIVATE KEY----- | ",
      );
    });
  });

  it.each(["as it is", "in base64"])("takes out the beginning of a secret %s where a text was cut", (how) => {
    const long = "c4n4ryRootQ7-and-more-of-it";
    const form = how === "in base64" ? Buffer.from(long).toString("base64") : long;
    for (let length = 3; length < form.length; length += 1) {
      expect(redactor([long])(`it said \u201cxx ${form.slice(0, length)}… then`)).toBe(
        "it said \u201cxx [secret]… then",
      );
    }
  });

  it("leaves a text that was cut elsewhere as it is", () => {
    expect(redactor([SECRET])("a page that begins so… and goes on")).toBe("a page that begins so… and goes on");
  });

  it("takes out a secret as Go escapes it in JSON", () => {
    expect(redactor(["a<b>&c"])('{"auth":"a\\u003cb\\u003e\\u0026c"}')).toBe('{"auth":"[secret]"}');
  });

  it("leaves a text without secrets as it is", () => {
    expect(redactor([SECRET])("GET /api/v1/ob/info at http://10.0.0.1:2886")).toBe(
      "GET /api/v1/ob/info at http://10.0.0.1:2886",
    );
  });

  it("takes the longer of two secrets first, so that no rest of it stays", () => {
    expect(redactor(["hunter", "hunter2-long"])("got hunter2-long and hunter")).toBe("got [secret] and [secret]");
  });

  it("takes regular expression characters as they are", () => {
    expect(redactor(["a.c$&"])("abc a.c$& $&")).toBe("abc [secret] $&");
  });

  it("does not blank out everything for an empty or very short secret", () => {
    expect(redactor(["", "a", "ab"])("a cabbage")).toBe("a cabbage");
  });

  it("survives a secret that is not well-formed Unicode", () => {
    expect(redactor(["\ud800abc"])("x \ud800abc y")).toBe("x [secret] y");
  });

  it("leaves no form of any secret in any text", { timeout: 60_000 }, () => {
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
            // What is part of the mask itself cannot vanish.
            if (/[[\]]/.test(each) || "[secret]".includes(each)) continue;
            expect(clean).not.toContain(each);
          }
        },
      ),
    );
  });
});
