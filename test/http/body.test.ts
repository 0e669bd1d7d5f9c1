import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { UpgradeError } from "../../provider/core/errors";
import { excerpt, parseJson, printable, validate } from "../../provider/http/body";

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
  ])("of a page is what people see of it: %s", (page, expected) => {
    expect(excerpt(bytes(page))).toBe(expected);
  });

  it("is one line", () => {
    expect(excerpt(bytes("<html>\r\n\t<body>\n\n  502 Bad Gateway\n"))).toBe("502 Bad Gateway");
  });

  it("of a page is its start, and shows that it is cut", () => {
    const text = "x".repeat(120);
    expect(excerpt(bytes(`<p>${text}`))).toBe(text);
    expect(excerpt(bytes(`<p>${text}y`))).toBe(`${text}…`);
  });

  it("of any other text is its end, where a stack trace has the reason", () => {
    const trace = `Traceback (most recent call last):\n${'  File "a.py", line 3\n'.repeat(20)}${"  call(x)\n".repeat(40)}`;
    expect(excerpt(bytes(`${trace}MyError: restore job is not finished\n`))).toBe(
      'Traceback (most recent call last): | File "a.py", line 3 | call(x) | MyError: restore job is not finished',
    );
    const long = Array.from({ length: 100 }, (_, nth) => `step ${nth}`).join("\n");
    expect(excerpt(bytes(long))).toMatch(/^… step \d\d \|.* \| step 98 \| step 99$/);
  });

  it("is without the credentials in it", () => {
    expect(excerpt(bytes(`${"password=abcXYZ123 ".repeat(40)}`))).not.toContain("abcXYZ");
    expect(excerpt(bytes("<p>password=abcXYZ123</p>"))).not.toContain("abcXYZ");
  });

  it("is empty for no body", () => {
    expect(excerpt(new Uint8Array())).toBe("");
  });

  it("survives bytes that are no text", () => {
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
  ])("takes out %s", (_, text, expected) => {
    expect(printable(text)).toBe(expected);
  });
});

describe("validate", () => {
  const schema = z.object({ contents: z.array(z.object({ id: z.string() })) });

  function complaint(value: unknown, shape: z.ZodType = schema): UpgradeError {
    try {
      validate(shape, value, "GET /dags at http://a");
    } catch (error) {
      if (error instanceof UpgradeError) return error;
      throw error;
    }
    throw new Error("was taken");
  }

  it("gives the value, unknown fields allowed", () => {
    expect(validate(schema, { contents: [{ id: "1", more: 2 }], extra: true }, "x")).toEqual({
      contents: [{ id: "1" }],
    });
  });

  it("names the path of what does not fit", () => {
    const error = complaint({ contents: [{ id: "1" }, { id: 2 }] });
    expect(error.code).toBe("not-the-vendor");
    expect(error.message).toMatch(
      /^GET \/dags at http:\/\/a: the response has an unexpected format: contents\.1\.id: .*string/,
    );
    expect(error.remedy).toBe("Check the endpoint and the server's version.");
  });

  it("names the answer itself when all of it does not fit", () => {
    expect(complaint(undefined).message).toContain("unexpected format: the response: ");
    expect(complaint("text", z.number()).message).toContain("unexpected format: the response: ");
  });

  it("does not quote the value, which may hold a secret", () => {
    expect(complaint({ contents: [{ id: { password: "hunter2" } }] }).message).not.toContain("hunter2");
  });
});
