import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hideCredentials } from "../../provider/base/printed-credentials";
import { textsOf } from "../docs/texts";
import { HARMLESS, PRINTED } from "./printed";

const SECRET = "R00t-Pw-9";
const FORMS = Object.values(PRINTED).flat();

describe.each(Object.entries(PRINTED))("an unknown credential in %s", (_, forms) => {
  it.each(forms)("is hidden: %s", (form) => {
    const hidden = hideCredentials(form.replaceAll("§", SECRET));
    expect(hidden).not.toContain(SECRET);
    expect(hidden).toContain("[secret]");
  });

  it.each(forms)("is hidden between other words, which are kept: %s", (form) => {
    const hidden = hideCredentials(`run of step 7 | ${form.replaceAll("§", SECRET)} | MyError: 'disk is full'`);
    expect(hidden).not.toContain(SECRET);
    expect(hidden).toMatch(/^run of step 7 \| /);
    expect(hidden).toMatch(/ \| MyError: 'disk is full'$/);
  });
});

it.each([
  ['password="R00t-Pw-9", timeout=1', 'password="[secret]", timeout=1'],
  ["-uroot -p'it's' -z'zone1'", "-uroot -p'[secret]' -z'zone1'"],
  ["-p'two words and a -p' && x", "-p'[secret]' && x"],
  ['{"password":"a\\"b","host":"c"}', '{"password":"[secret]","host":"c"}'],
  ["mysql://root:p@ss/w:rd@host/db", "mysql://root:[secret]@host/db"],
  ["user=root&password=x1&useSSL=true", "user=root&password=[secret]&useSSL=true"],
  ["(password=abc), next", "(password=[secret]), next"],
  ["Authorization: Bearer abc.def", "Authorization: Bearer [secret]"],
  ["'password': 'cut off in the mid", "'password': [secret]"],
  ["token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln!", "token [secret]!"],
  ["key AKIAIOSFODNN7EXAMPLE", "key [secret]"],
])("only the value in %j is hidden", (text, expected) => {
  expect(hideCredentials(text)).toBe(expected);
});

it.each(["\n", "\\n", " ", " | "])(
  "a private key is hidden completely, with lines separated by %j, even if it is truncated",
  (between) => {
    const lines = ["-----BEGIN EC PRIVATE KEY-----", "MHcCAQEEIBkg4LV", "WM9nuwNSk3yByxZ"];
    const cut = lines.join(between);
    expect(hideCredentials(`a ${cut}`)).toBe("a [secret]");
    expect(hideCredentials(`a ${cut}${between}-----END EC PRIVATE KEY----- b`)).toBe("a [secret] b");
  },
);

describe("a text without credentials is unchanged", () => {
  it.each(HARMLESS)("%s", (text) => {
    expect(hideCredentials(text)).toBe(text);
  });

  it.each(["every-type", "oceanbase", "taurusdb", "redisenterprise"])("each text of this package: %s", (of) => {
    const texts = textsOf(of).flatMap(({ message, remedy }) => [message, remedy, `${message} ${remedy}`]);
    expect(texts.length).toBeGreaterThan(20);
    for (const text of texts) expect(hideCredentials(text)).toBe(text);
  });

  it("random words without a name of a credential", () => {
    const word = fc.constantFrom(
      "zone1",
      "observer",
      "10.0.0.1:2886",
      "failed:",
      "disk=full",
      "'x'",
      "4.3.5.2-1",
      "(3)",
      "|",
    );
    fc.assert(
      fc.property(fc.array(word), (words) => {
        expect(hideCredentials(words.join(" "))).toBe(words.join(" "));
      }),
    );
  });
});

describe("in any text", () => {
  /** Random passwords, without characters that end an unquoted value. */
  const password = fc
    .tuple(
      fc.constantFrom("Q7", "x9X", "Zz0"),
      fc.string({ unit: fc.constantFrom(..."abcXYZ019!#^*~_-+"), minLength: 4, maxLength: 20 }),
      fc.constantFrom("W3", "k5K"),
    )
    .map((parts) => parts.join(""));

  it("the value is hidden, regardless of its characters", () => {
    fc.assert(
      fc.property(fc.constantFrom(...FORMS), password, (form, value) => {
        expect(hideCredentials(form.replaceAll("§", () => value))).not.toContain(value);
      }),
      { numRuns: 2_000 },
    );
  });

  it("hiding a second time never restores a secret", () => {
    const piece = fc.oneof(
      fc.constantFrom(...FORMS),
      fc.constantFrom(...HARMLESS),
      fc.constantFrom('"', "'", "\\", "=", ": ", "password", "[secret]", "-p", "@", "://", "…", " | "),
      fc.string({ maxLength: 6 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
        const once = hideCredentials(pieces.join("").replaceAll("§", SECRET));
        // Quotes that the mark closes can change what follows, but never restore a secret.
        expect(hideCredentials(once).length).toBeLessThanOrEqual(once.length + "[secret]".length * 6);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each(FORMS)("hiding a second time changes nothing: %s", (form) => {
    const once = hideCredentials(form.replaceAll("§", SECRET));
    expect(hideCredentials(once)).toBe(once);
  });
});

/** If the time were not linear, a megabyte of these would exceed the time limit of a test. */
it.each([
  ..."password: |password=|password=\"|password='|-p|AUTH |key |token=a;|cookie: a; |identified |basic |<password>".split(
    "|",
  ),
  ...'://|a:b@|@tcp(|x:y@1.1.1.1|%22|%3A%2F%2F|eyJ|-eyJ|-----BEGIN PRIVATE KEY|-----BEGIN |\\|"|\'|\\"|&a=|{|[|a'.split(
    "|",
  ),
])("a megabyte of %j is read in linear time", { tags: ["long"] }, (unit) => {
  const many = unit.repeat(Math.ceil(1_000_000 / unit.length));
  expect(hideCredentials(`password=${many}`)).not.toBe("");
  expect(hideCredentials(many)).not.toBe("");
});
