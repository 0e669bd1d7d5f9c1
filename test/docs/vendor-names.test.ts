import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import { pages, ROOT } from "./pages";
import { COMMANDS, LABELS, PERMISSIONS, REQUESTS } from "./vendor-names";

interface Text {
  readonly path: string;
  readonly text: string;
}

/** Everything that people may read: pages, docstrings, texts of the provider, of the simulators and of examples. */
function texts(): Text[] {
  const folders = ["provider", "sdk", "examples", "test/simulators"];
  return [...pages(), ...folders.flatMap(sourcesIn)].map(({ path, text }) => ({ path, text: withoutCases(text) }));
}

function sourcesIn(folder: string): Text[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true, recursive: true })
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
    .filter((path) => path.endsWith(".ts") && !path.endsWith(".test.ts") && !path.includes("node_modules"))
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), "utf8") }));
}

/** What depends on the case as `…`: `${dag.id}` in a source, `<id>` and `{uid}` on a page, `-i 11` in a transcript. */
function withoutCases(text: string): string {
  return text.replaceAll("\\`", "`").replaceAll(/\$\{[^}]*\}|<[a-z_]+>|\{[a-z_]+\}|(?<= -i )\d+/g, "…");
}

/** A tool in a code span, and a command of one anywhere. */
const IN_CODE = /`((?:obshell|obd|rladmin|rlutil|crdb-cli|python) [^`\n]+)`/g;
const ANYWHERE = [
  /\b(obshell (?:agent|cluster|task|tenant|unit|rp|recyclebin|backup|restore|admin|package|upgrade) (?:[a-z]+-)?(?:start|stop|restart|init|join|remove|show|upgrade|upload|add|list|delete|retry|rollback|cancel|pass|scale|takeover)[a-z]*)\b/g,
  /\b((?:obd|rladmin|rlutil|crdb-cli) [a-z_-]+(?: [a-z_]+(?![a-z_:=]))*)/g,
];
const REQUEST = /\b((?:GET|POST|PUT|PATCH|DELETE) \/(?:api|v[0-9.]+)[^\s`'",;)|?\]]*)/g;
const PERMISSION = /\b((?:gaussdb|gaussdbformysql|iam|taurusdb):[a-z]+:[a-zA-Z]+)\b/g;
const LABEL = /(?:\((\\?"[^"]+")\)|("[A-Z][^"]+")) in the console|in the console \(("[^"]+")\)/g;

interface Naming {
  readonly name: string;
  readonly path: string;
}

function named(pattern: RegExp, among: readonly Text[]): Naming[] {
  return among.flatMap(({ path, text }) =>
    [...text.matchAll(pattern)].map((match) => {
      const name = match.slice(1).find((group) => group !== undefined) ?? "";
      return { name: name.replace(/[.:]+$/, "").trim(), path };
    }),
  );
}

/** Whether a command is listed, whole or as the beginning of one that is. */
function isCommand({ name }: Naming): boolean {
  return Object.keys(COMMANDS).some((known) => known === name || known.startsWith(`${name} `));
}

/** The scripts that obshell runs; what a text shows of them is not advice. */
const SCRIPT = /^python …\//;
/** A sentence that begins with the name of the tool. */
const PROSE = /^obshell simulator/;

describe("what the texts name of the vendors' tools", () => {
  const all = texts();

  it("commands exist", () => {
    const found = [IN_CODE, ...ANYWHERE].flatMap((pattern) => named(pattern, all));
    const commands = found.filter(({ name }) => !SCRIPT.test(name) && !PROSE.test(name));
    expect(commands.length).toBeGreaterThan(20);
    expect(commands.filter((one) => !isCommand(one))).toEqual([]);
  });

  it.each([
    ["requests", REQUEST, REQUESTS, 40],
    ["permissions", PERMISSION, PERMISSIONS, 10],
    ["labels of consoles", LABEL, LABELS, 1],
  ] as const)("%s exist", (_, pattern, known, least) => {
    const found = named(pattern, all);
    expect(found.length).toBeGreaterThanOrEqual(least);
    expect(found.filter(({ name }) => !Object.hasOwn(known, name))).toEqual([]);
  });

  it("an invented one is noticed, in a code span or in prose", () => {
    const invented = [
      "Upload them with `obshell package upload`.",
      "Run obshell package upload.",
      "`rladmin retry bdb db:<uid>` on a node",
      "crdb-cli crdb heal",
    ].map((text) => ({ path: "a.ts", text: withoutCases(text) }));
    for (const text of invented) {
      const found = [IN_CODE, ...ANYWHERE].flatMap((pattern) => named(pattern, [text]));
      expect(
        found.filter((one) => !isCommand(one)),
        text.text,
      ).not.toEqual([]);
    }
  });
});
