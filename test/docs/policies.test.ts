import ts from "typescript";
import { describe, expect, it } from "vitest";
import { blocksOf, page } from "./pages";

/** The pack of the guide is run as it stands there; only the server that Pulumi would start for it is left out. */
interface Policy {
  readonly name: string;
  validateResource(resource: { type: string; props: Record<string, unknown> }, report: (message: string) => void): void;
}

function policies(): readonly Policy[] {
  const [block] = blocksOf(page("docs/guides/policies.md")).filter(({ language }) => language === "ts");
  const compilerOptions = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 };
  const { outputText } = ts.transpileModule(block?.text ?? "", { compilerOptions });
  const packs: (readonly Policy[])[] = [];
  class PolicyPack {
    constructor(_name: string, args: { readonly policies: readonly Policy[] }) {
      packs.push(args.policies);
    }
  }
  new Function("require", "exports", outputText)(
    (name: string) => (name === "@pulumi/policy" ? { PolicyPack } : {}),
    {},
  );
  return packs.flat();
}

function violations(type: string, props: Record<string, unknown>): string[] {
  const told: string[] = [];
  for (const policy of policies()) policy.validateResource({ type, props }, (message) => told.push(message));
  return told;
}

const dynamic = (kind: string) => `pulumi-nodejs:dynamic/${kind}`;

describe("the policies of the guide", () => {
  it.each([
    ["oceanbase:ClusterVersion", { version: "4.3.5.2" }],
    ["oceanbase:ClusterVersion", { version: "4.3" }],
    ["taurusdb:KernelVersion", { version: "2.0.75" }],
    ["redisenterprise:DatabaseVersion", { redisVersion: "7.4" }],
    ["redisenterprise:ModuleVersions", { modules: { search: "2.10.17", ReJSON: { version: "2.8.10", args: "" } } }],
  ])("let %s %o pass", (kind, props) => {
    expect(violations(dynamic(kind), props)).toEqual([]);
  });

  it.each([
    ["oceanbase:ClusterVersion", { version: ">=4.3.5" }, /leaves the version open/],
    ["taurusdb:KernelVersion", { version: "latest" }, /leaves the version open/],
    ["oceanbase:ClusterVersion", { version: "4.4.1.0" }, /4\.4\.1\.0 is not in an approved series \(4\.2, 4\.3\)/],
    ["oceanbase:ClusterVersion", { version: "4.30" }, /not in an approved series/],
    ["redisenterprise:DatabaseVersion", { redisVersion: "8.0" }, /not in an approved series/],
    ["redisenterprise:ModuleVersions", { modules: { search: { version: "8.2" } } }, /not in an approved series/],
  ])("stop %s %o", (kind, props, reason) => {
    expect(violations(dynamic(kind), props)).toEqual([expect.stringMatching(reason)]);
  });

  it("leave other resources alone, and what is not known yet", () => {
    expect(violations("aws:rds/instance:Instance", { version: "latest" })).toEqual([]);
    expect(violations(dynamic("oceanbase:ClusterVersion"), {})).toEqual([]);
  });
});
