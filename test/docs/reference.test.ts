import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { PinKind } from "../../provider/core/kind";
import { agentVersion } from "../../provider/oceanbase/agent-version";
import { clusterVersion } from "../../provider/oceanbase/cluster-version";
import { databaseVersion } from "../../provider/redisenterprise/database-version";
import { moduleVersions } from "../../provider/redisenterprise/module-versions";
import { kernelVersion } from "../../provider/taurusdb/kernel-version";
import { starRocksVersion } from "../../provider/taurusdb/starrocks-version";
import { declared } from "./interfaces";
import { namesIn, page, ROOT, rowsOf } from "./pages";

interface Resource {
  readonly vendor: string;
  readonly name: string;
  readonly page: string;
  readonly kind: Pick<PinKind, "credentials" | "timeout"> & { readonly inputs: z.ZodType };
}

const RESOURCES: readonly Resource[] = [
  { vendor: "oceanbase", name: "ClusterVersion", page: "docs/oceanbase.md", kind: clusterVersion() },
  { vendor: "oceanbase", name: "AgentVersion", page: "docs/oceanbase.md", kind: agentVersion() },
  { vendor: "taurusdb", name: "KernelVersion", page: "docs/taurusdb.md", kind: kernelVersion() },
  { vendor: "taurusdb", name: "StarRocksVersion", page: "docs/taurusdb.md", kind: starRocksVersion() },
  { vendor: "redisenterprise", name: "ModuleVersions", page: "docs/redis-enterprise.md", kind: moduleVersions() },
  { vendor: "redisenterprise", name: "DatabaseVersion", page: "docs/redis-enterprise.md", kind: databaseVersion() },
];

const titled = RESOURCES.map((resource) => [`${resource.vendor}.${resource.name}`, resource] as const);

/** The rows of the page's tables of arguments that name an argument. */
function rowsFor(resource: Resource, argument: string): string[][] {
  return rowsOf(page(resource.page), "argument").filter(([names = ""]) => namesIn(names).includes(argument));
}

describe.each(titled)("the reference of %s", (title, resource) => {
  const { args, outputs } = declared(resource.vendor, resource.name);

  it("describes the arguments that the provider takes", () => {
    const { inputs } = resource.kind;
    if (!(inputs instanceof z.ZodObject)) throw new Error("the arguments are no object");
    expect([...args.keys()].sort()).toEqual(Object.keys(inputs.shape).sort());
  });

  it("has every argument", () => {
    expect([...args.keys()].filter((argument) => rowsFor(resource, argument).length === 0)).toEqual([]);
  });

  it("tells the defaults that are plain values", () => {
    const wrong = [...args].flatMap(([argument, text]) => {
      const plain = /^(?:"(\w+)"|(true|false))(?:,|$)/.exec(text ?? "");
      const value = plain?.[1] ?? plain?.[2];
      const told = rowsFor(resource, argument).map(([, cell = ""]) => cell);
      if (value === undefined || told.some((cell) => namesIn(cell).includes(value))) return [];
      return [`${argument}: ${value}, told as ${told.join(" and ")}`];
    });
    expect(wrong).toEqual([]);
  });

  it("has every output", () => {
    const told = rowsOf(page(resource.page), "output").flatMap(([names = ""]) => namesIn(names));
    expect(outputs.filter((output) => !told.includes(output))).toEqual([]);
    expect(outputs).toContain("lastUpgrade");
  });

  it("explains every word of `status` that it can show", () => {
    const told = rowsOf(page(resource.page), "output").filter(([names = ""]) => namesIn(names).includes("status"));
    const words = told.flatMap(([, meaning = ""]) => namesIn(meaning));
    const deferred = "schedule" in Object.fromEntries(args) ? ["deferred"] : [];
    expect(words).toEqual(expect.arrayContaining(["current", "behind", "newer", "upgrading", ...deferred, "failed"]));
  });

  it("is headed by its name, which the README links to and gives its time limit", () => {
    expect(page(resource.page).text).toContain(`## \`${title}\``);
    const rows = rowsOf(page("README.md"), "resource").filter(([first = ""]) => namesIn(first).includes(title));
    expect(rows).toHaveLength(2);
    expect(rows[1]?.[3]).toBe(durationOf(resource.kind.timeout));
  });
});

describe("the guide to credentials", () => {
  const rows = rowsOf(page("docs/guides/credentials.md"), "system").map((cells) => cells.slice(1).map(namesIn));

  it.each(titled)("has every place where %s looks", (_, { kind }) => {
    const missing = Object.entries(kind.credentials).filter(
      ([argument, { config, env }]) =>
        !rows.some(
          ([names = [], configs = [], variables = []]) =>
            names.includes(argument) && configs.includes(config) && env.every((name) => variables.includes(name)),
        ),
    );
    expect(missing).toEqual([]);
  });
});

describe("the page of errors", () => {
  it("has every code of the provider, and no other", () => {
    const source = readFileSync(join(ROOT, "provider", "core", "errors.ts"), "utf8");
    const codes = [...source.matchAll(/^ {2}\| "([a-z-]+)"/gm)].map(([, code]) => code);
    expect(codes.length).toBeGreaterThan(10);
    const told = rowsOf(page("docs/errors.md"), "code").flatMap(([first = ""]) => namesIn(first));
    expect(told.sort()).toEqual(codes.sort());
  });

  it("says of each what it means and what to do", () => {
    const rows = rowsOf(page("docs/errors.md"), "code");
    expect(rows.filter((cells) => cells.length !== 3 || cells.some((cell) => cell.length < 5))).toEqual([]);
  });

  it("is where the codes on other pages lead", () => {
    const known = rowsOf(page("docs/errors.md"), "code").flatMap(([first = ""]) => namesIn(first));
    for (const { page: path } of RESOURCES) {
      expect(page(path).text).toContain("](errors.md)");
      const told = rowsOf(page(path), "code").flatMap(([first = ""]) => namesIn(first));
      expect(told.filter((code) => !known.includes(code))).toEqual([]);
    }
  });
});

/** `2 h`, `30 min` */
function durationOf(milliseconds: number): string {
  const minutes = milliseconds / 60_000;
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${minutes} min`;
}
