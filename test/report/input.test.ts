import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeText, ReportError } from "../../sdk/report/stack-export";
import { open, report, resource, SHOP, SHOP_EXPORT, SIGNATURE, sealed, stackExport } from "./export";
import { faultsOf, textOf } from "./valid";

function refusal(text: string): string {
  try {
    report(text, "stack.json");
  } catch (error) {
    if (error instanceof ReportError) return error.message;
    throw error;
  }
  throw new Error("a page was drawn");
}

describe("an input that is not a stack with databases is rejected in one sentence", () => {
  it.each([
    ["", "stack.json is empty. Pass the output of `pulumi stack export`."],
    ["\n", "stack.json is empty. Pass the output of `pulumi stack export`."],
    ["error: no stack selected", "stack.json is not JSON. Pass the output of `pulumi stack export`."],
    [SHOP_EXPORT.slice(0, -5), "stack.json is not JSON. Pass the output of `pulumi stack export`."],
    [
      "null",
      'stack.json is JSON, but not a stack export: it has no "deployment". Pass the output of `pulumi stack export`.',
    ],
    [
      "[]",
      'stack.json is JSON, but not a stack export: it has no "deployment". Pass the output of `pulumi stack export`.',
    ],
    [
      '{"version":3,"checkpoint":{"latest":{}}}',
      'stack.json is JSON, but not a stack export: it has no "deployment". It is a checkpoint file of a state backend. Pass the output of `pulumi stack export`.',
    ],
    [
      '{"version":2,"deployment":{}}',
      "stack.json has deployment format 2; supported formats are 3 and 4. Pass the output of `pulumi stack export`.",
    ],
    [
      '{"deployment":{}}',
      "stack.json has deployment format none; supported formats are 3 and 4. Pass the output of `pulumi stack export`.",
    ],
    [
      '{"version":3,"deployment":{"manifest":{}}}',
      "stack.json is a stack export with 0 resources, none of which belongs to pulumi-dbversion: there is nothing to report.",
    ],
    [
      stackExport([]),
      "stack.json is a stack export with 2 resources, none of which belongs to pulumi-dbversion: there is nothing to report.",
    ],
  ])("%.30s", (text, message) => {
    expect(refusal(text)).toBe(message);
  });

  it("the error never contains a part of the input", () => {
    expect(refusal('{"deployment": {"password": "hunter2" "x"}}')).not.toContain("hunter2");
  });
});

describe("the text of a file", () => {
  const text = '{"name":"café"}';
  it.each([
    ["UTF-8", Buffer.from(text)],
    ["UTF-8 with a mark", Buffer.from(`\ufeff${text}`)],
    ["UTF-16, as PowerShell redirects", Buffer.from(`\ufeff${text}`, "utf16le")],
    ["UTF-16, the other way round", Buffer.from(`\ufeff${text}`, "utf16le").swap16()],
  ])("is read as %s", (_, bytes) => {
    expect(decodeText(bytes)).toBe(text);
  });
});

/** A stack with this text in every property that could be shown. */
function everywhere(text: string): string {
  return stackExport(
    [
      resource({
        type: "taurusdb:KernelVersion",
        name: text,
        args: { version: text, release: text, instanceIds: [text, text], region: text, endpoint: text },
        observed: {
          currentVersion: text,
          members: { [text]: text, other: text },
          problems: { [text]: text },
          status: text,
          lastUpgrade: {
            task: text,
            kind: text,
            from: text,
            to: text,
            state: text,
            startedAt: "2026-03-10T18:00:00.000Z",
            finishedAt: text,
            window: { opens: text, closes: text },
          },
        },
        more: { initErrors: [text] },
      }),
      resource({ type: "redisenterprise:ModuleVersions", name: "m", args: { modules: { [text]: text } } }),
      resource({ type: `redisenterprise:${text.replace(/[:/$]/g, "")}`, name: "odd" }),
    ],
    { manifest: { time: text } },
  );
}

const ATTACKS = [
  `<script>alert(1)</script>`,
  `</style><script>alert(1)</script>`,
  `"><img src=x onerror=alert(1)>`,
  `' onmouseover='alert(1)`,
  `</title></svg><iframe src="https://example.com">`,
  `javascript:alert(1)`,
  `<!--`,
  `]]>`,
  "`$" + "{alert(1)}`",
  `&lt;b&gt;`,
  `{{constructor.constructor('alert(1)')()}}`,
  `__proto__`,
  `constructor`,
];

describe("values from the state", () => {
  it.each(ATTACKS)("%s stays text", async (attack) => {
    const page = report(everywhere(attack), "x");
    expect(await faultsOf(page)).toEqual([]);
    expect(page.match(/<script/g)).toHaveLength(1);
    expect(page.match(/<style/g)).toHaveLength(1);
    expect(page).not.toMatch(/<(img|iframe|b|object|embed|base)\b/);
    expect(textOf(page)).toContain(attack);
  });

  it("that are invisible, or change the direction of text, are shown as code points", () => {
    const page = report(everywhere("a\0b\u001b[31mc\u202ed\u200be\ufefff\ud800g"), "x");
    expect(textOf(page)).toContain("a[U+0000]b[U+001B][31mc[U+202E]d[U+200B]e[U+FEFF]f[U+D800]g");
    expect(page).not.toMatch(/(?![\n])[\p{Cc}\p{Cf}\p{Cs}]/u);
  });

  it("are truncated if they are very long", () => {
    const page = report(everywhere("9".repeat(100_000)), "x");
    expect(page.length).toBeLessThan(100_000);
    expect(page).not.toContain("9".repeat(4_001));
  });

  it("with any characters keep the page valid", { timeout: 60_000 }, async () => {
    const texts = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.string({ unit: fc.constantFrom(..."<>&\"'`/=-! \n\u202e") }),
    );
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        expect(await faultsOf(report(everywhere(`x${text}`), "x"))).toEqual([]);
      }),
      { numRuns: 20 },
    );
  });

  it("of any JSON type cause no error", { timeout: 60_000 }, async () => {
    const keys = fc.constantFrom(
      "version",
      "currentVersion",
      "members",
      "problems",
      "status",
      "lastUpgrade",
      "modules",
    );
    await fc.assert(
      fc.asyncProperty(fc.dictionary(keys, fc.jsonValue({ maxDepth: 3 })), fc.jsonValue(), async (outputs, more) => {
        const odd = { ...resource({ type: "oceanbase:ClusterVersion", name: "odd" }), outputs, initErrors: more };
        const fine = resource({ type: "oceanbase:ClusterVersion", name: "fine" });
        expect(await faultsOf(report(stackExport([odd, fine]), "x"))).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });

  it("may be nested to any depth", () => {
    const deep = `${"[".repeat(50_000)}${"]".repeat(50_000)}`;
    const text = everywhere("x").replace('"currentVersion":"x"', `"currentVersion":${deep},"members":{"a":${deep}}`);
    expect(textOf(report(text, "x"))).toContain("x TaurusDB Kernel");
  });
});

describe("secrets", () => {
  it("that are encrypted are not in the page, regardless of their location", () => {
    const args = { version: sealed, endpoints: [sealed], region: { [SIGNATURE]: "something new", value: "hunter2" } };
    const observed = { currentVersion: sealed, members: { a: sealed }, lastUpgrade: sealed, status: "current" };
    const page = report(stackExport([resource({ type: "oceanbase:ClusterVersion", name: "a", args, observed })]), "x");
    for (const trace of [SIGNATURE, sealed.ciphertext, "ciphertext", "v1:", "hunter2"])
      expect(page).not.toContain(trace);
    expect(textOf(page)).toContain("[secret]");
  });

  it("that `--show-secrets` has decrypted are redacted in other texts too", () => {
    const args = {
      version: "4.3.5.2",
      password: open("hunter2"),
      clientKey: open({ pem: ["KEY<MATERIAL>"] }),
      more: open(["ab"]),
    };
    const more = { initErrors: ["login as root with hunter2 failed; sent KEY<MATERIAL>, about it"] };
    const observed = { members: { "hunter2@10.0.0.1": "4.3.5.2" } };
    const page = report(
      stackExport([resource({ type: "oceanbase:ClusterVersion", name: "a", args, observed, more })]),
      "x",
    );
    expect(page).not.toMatch(/hunter2|MATERIAL/);
    expect(textOf(page)).toContain("login as root with [secret] failed; sent [secret], about it");
  });

  it("that a vendor has included in its reasons are recognized by their labels", () => {
    const more = { initErrors: ['pre-check failed: host="a", password="hunter2", timeout=3'] };
    const observed = { members: { a: "1" }, problems: { a: "cannot connect to mysql://root:hunter2@10.0.0.1" } };
    const args = { version: "1" };
    const page = report(
      stackExport([resource({ type: "taurusdb:KernelVersion", name: "a", args, observed, more })]),
      "x",
    );
    expect(page).not.toContain("hunter2");
    expect(textOf(page)).toContain("mysql://root:[secret]@10.0.0.1");
  });

  it("in the address of an endpoint are not shown", () => {
    const args = { version: "1", endpoints: ["https://admin:hunter2@10.0.3.1:9443", "https://a@b:c@10.0.3.2"] };
    const page = report(stackExport([resource({ type: "redisenterprise:DatabaseVersion", name: "a", args })]), "x");
    expect(page).not.toMatch(/hunter2|admin|a@b/);
    expect(textOf(page)).toContain("https://10.0.3.1:9443 https://10.0.3.2");
  });
});

describe("a stack of a thousand databases", () => {
  const text = stackExport(
    Array.from({ length: 1_000 }, (_, index) => {
      const like = SHOP[index % SHOP.length] ?? { type: "", name: "" };
      return resource({ ...like, name: `db-${index}`, args: { ...like.args, password: open(`password ${index}`) } });
    }),
  );

  it("is shown on one page of moderate size", () => {
    const page = report(text, "x");
    expect(page.match(/<tr data-index/g)).toHaveLength(1_000);
    expect(page.match(/<details/g)).toHaveLength(1_000);
    expect(page.length).toBeLessThan(3_000_000);
  });
});
