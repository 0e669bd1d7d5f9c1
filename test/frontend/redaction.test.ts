import { describe, expect, it } from "vitest";
import { Learnt, Redaction } from "../../provider/frontend/resource/redaction";
import { excerpt } from "../../provider/http/body";

describe("what is told of a resource", () => {
  it("is without the secrets that it was given, and without those that came up later, in every form", () => {
    const { redact, conceal } = new Redaction(["hunter22"]);
    const text = "hunter22 told t0ken/+= (t0ken%2F%2B%3D)";
    expect(redact(text)).toBe("[secret] told t0ken/+= (t0ken%2F%2B%3D)");
    conceal("t0ken/+=");
    expect(redact(text)).toBe("[secret] told [secret] ([secret])");
  });

  it("is without secrets that are hidden behind control characters", () => {
    const { redact, conceal } = new Redaction([]);
    conceal("hun\u0007ter22");
    expect(redact("it is h\u001bunter\u202e22.")).toBe("it is [secret].");
  });

  it("is without what an earlier run of the same resource has learnt", () => {
    const learnt = new Learnt();
    new Redaction([], learnt.of("orders")).conceal("t0ken/+=");
    expect(new Redaction([], learnt.of("orders")).redact("t0ken/+=")).toBe("[secret]");
    expect(new Redaction([], learnt.of("sales")).redact("t0ken/+=")).toBe("t0ken/+=");
    expect(new Redaction([], learnt.of(undefined)).redact("t0ken/+=")).toBe("t0ken/+=");
  });

  it("forgets the oldest of very many tokens, and never what it was given", () => {
    const { redact, conceal } = new Redaction(["hunter22"]);
    for (let number = 100; number < 200; number++) conceal(`token-${number}.`);
    conceal("token-199.");
    expect(redact("hunter22 token-100. token-168. token-199.")).toBe("[secret] token-100. [secret] [secret]");
  });

  it("takes them out of the text of a web page that repeats them", () => {
    const secret = "pa<b>ss</b>w&amp;rd<i";
    const page = Buffer.from(`<html><h1>Not you: ${secret}, go away</h1></html>`);
    expect(new Redaction([secret]).redact(excerpt(page))).toBe("Not you: [secret]");
    const escaped = Buffer.from("<html><p>Not you: a&lt;b&gt;c&quot;d</p></html>");
    expect(new Redaction(['a<b>c"d']).redact(excerpt(escaped))).toBe("Not you: [secret]");
  });
});
