import { describe, expect, it } from "vitest";
import { parseDependencies } from "../../provider/oceanbase/upgrade-path/dependencies";

/** In the manner of the vendor: comments, flow and block lists, conditional barriers. */
const LIST = `# oceanbase versions
- version: 4.2.0.0-100000152023080109   # RC2
  can_be_upgraded_to:
    - 4.2.0.0
  deprecated: True

- version: 4.2.0.0
  can_be_upgraded_to: [4.2.1.0, 4.2.1.1-101000062023110109]

- version: 4.2.1.2
  can_be_upgraded_to:
      - 4.3.0.0
  require_from_binary:
    value: True
    when_come_from: [4.1.0.0, 4.2.0.0]
- version: 4.2.5.1
  can_be_upgraded_to:
  require_from_binary: yes
`;

describe("a list of ways between versions", () => {
  it("is read as the vendor writes it", async () => {
    expect(await parseDependencies(LIST)).toEqual([
      { name: "4.2.0.0-100000152023080109", leadsTo: ["4.2.0.0"], deprecated: true },
      { name: "4.2.0.0", leadsTo: ["4.2.1.0", "4.2.1.1-101000062023110109"], deprecated: false },
      {
        name: "4.2.1.2",
        leadsTo: ["4.3.0.0"],
        deprecated: false,
        barrier: { required: true, whenComeFrom: ["4.1.0.0", "4.2.0.0"] },
      },
      { name: "4.2.5.1", leadsTo: [], deprecated: false, barrier: { required: true, whenComeFrom: [], single: true } },
    ]);
  });

  it.each([
    ["keys that are not known", "- version: 4.2.1.1\n  severity: high\n"],
    ["a key that is there twice", "- version: 4.2.1.0\n  version: 4.2.1.1\n"],
    ["a second document", "- version: 4.2.1.1\n---\nnonsense: [\n"],
    ["an anchor that is merged", "- &a {version: 4.2.1.1}\n"],
  ])("is read with %s", async (_, text) => {
    expect((await parseDependencies(text))?.map(({ name }) => name)).toEqual(["4.2.1.1"]);
  });

  it.each([
    ["a number", "- version: 4.20\n", "4.20"],
    ["a quoted text", '- version: "4.2.1.1"\n', "4.2.1.1"],
  ])("keeps a version as it is written: %s", async (_, text, name) => {
    expect((await parseDependencies(text))?.[0]?.name).toBe(name);
  });

  it("takes over what an anchor brings", async () => {
    const text = "- &old\n  version: 4.2.1.0\n  can_be_upgraded_to: [4.2.1.1]\n- <<: *old\n  version: 4.2.1.3\n";
    expect(await parseDependencies(text)).toMatchObject([
      { name: "4.2.1.0" },
      { name: "4.2.1.3", leadsTo: ["4.2.1.1"] },
    ]);
  });

  it.each(["true", "True", "TRUE", "yes", "on", "y"])("takes %s for true", async (word) => {
    expect((await parseDependencies(`- version: 4.2.1.1\n  deprecated: ${word}\n`))?.[0]?.deprecated).toBe(true);
  });

  it.each(["false", "no", "Off", "", "null"])("takes “%s” for false", async (word) => {
    expect((await parseDependencies(`- version: 4.2.1.1\n  deprecated: ${word}\n`))?.[0]?.deprecated).toBe(false);
  });

  it.each([
    ["", []],
    ["# nothing\n", []],
    ["[]", []],
  ])("may be empty: %j", async (text, nodes) => {
    expect(await parseDependencies(text)).toEqual(nodes);
  });

  it.each([
    ["no YAML", "- version: [4.2.1.1\n"],
    ["a mapping", "version: 4.2.1.1\n"],
    ["a list of texts", "- 4.2.1.1\n"],
    ["a version twice", "- version: 4.2.1.1\n- version: 4.2.1.1\n"],
    ["a truth that is none", "- version: 4.2.1.1\n  deprecated: maybe\n"],
    ["a list in place of a version", "- version: [4.2.1.1]\n"],
    ["an alias to nowhere", "- version: *nowhere\n"],
    ["bytes", "\u0000\u0001\u0002"],
    ["more aliases than anybody needs", bomb()],
  ])("that is %s is not known", async (_, text) => {
    expect(await parseDependencies(text)).toBeUndefined();
  });
});

function bomb(): string {
  const lines = ["a0: &a0 [x]"];
  for (let i = 1; i < 12; i++)
    lines.push(
      `a${i}: &a${i} [${Array(9)
        .fill(`*a${i - 1}`)
        .join(", ")}]`,
    );
  return `- version: 4.2.1.1\n  x:\n    ${lines.join("\n    ")}\n`;
}
