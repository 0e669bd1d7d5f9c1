import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { redactor } from "../../provider/core/redact";

const SECRET = 'p@ss "w0rd"\\';

describe("redactor", () => {
  it.each([
    ["as it is", SECRET],
    ["JSON-escaped", JSON.stringify(SECRET).slice(1, -1)],
    ["URL-encoded", encodeURIComponent(SECRET)],
    ["in base64", Buffer.from(SECRET).toString("base64")],
    ["in base64 without padding", Buffer.from(SECRET).toString("base64").replace(/=+$/, "")],
  ])("takes a secret out %s", (_, form) => {
    expect(redactor([SECRET])(`before ${form} after ${form}`)).toBe("before [secret] after [secret]");
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

  it("leaves no form of any secret in any text", () => {
    const secret = fc.string({ minLength: 3, maxLength: 12, unit: "binary" });
    const form = fc.constantFrom(
      (text: string) => text,
      (text: string) => JSON.stringify(text).slice(1, -1),
      (text: string) => encodeURIComponent(text.toWellFormed()),
      (text: string) => Buffer.from(text).toString("base64"),
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
            if (clean.includes(each)) throw new Error(`${JSON.stringify(clean)} still has ${JSON.stringify(each)}`);
          }
        },
      ),
    );
  });
});
