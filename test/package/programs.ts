/** Programs as users write them: each manages the cluster that the environment names. */

const YAML = (name: string, typescript: boolean) =>
  `name: ${name}\nruntime:\n  name: nodejs\n  options:\n    typescript: ${typescript}\n`;

const ES = `
import * as pulumi from "@pulumi/pulumi";
import { oceanbase } from "pulumi-dbversion";

const endpoints = JSON.parse(process.env["ENDPOINTS"] ?? "[]");
const orders = new oceanbase.ClusterVersion("orders", {
  endpoints,
  password: pulumi.secret(process.env["PASSWORD"] ?? ""),
  version: "4.3.5.2",
});

export const version: pulumi.Output<string> = orders.version;
export const status = orders.status;
`;

const COMMON = `
const pulumi = require("@pulumi/pulumi");
const { oceanbase } = require("pulumi-dbversion");

const endpoints = JSON.parse(process.env.ENDPOINTS);
const password = pulumi.secret(process.env.PASSWORD);
const orders = new oceanbase.ClusterVersion("orders", { endpoints, password, version: "4.3.5.2" });
exports.version = orders.version;
exports.status = orders.status;
`;

const TSCONFIG = JSON.stringify({
  compilerOptions: {
    strict: true,
    target: "es2022",
    module: "commonjs",
    moduleResolution: "node10",
    // The oldest SDK requires node10, which TypeScript 6 rejects as deprecated by default.
    ignoreDeprecations: "6.0",
    skipLibCheck: true,
    types: ["node"],
  },
  files: ["index.ts"],
});

/** The files of a program, by name. */
export type ProgramFiles = Readonly<Record<string, string>>;

/** TypeScript as an ES module: Node itself strips the types. */
export const ES_TYPESCRIPT: ProgramFiles = {
  "Pulumi.yaml": YAML("es-typescript", false),
  "package.json": manifest("es-typescript", { type: "module", main: "index.ts" }),
  "index.ts": ES,
};

/** TypeScript as CommonJS: the SDK compiles it, and checks its types. */
export const COMMON_TYPESCRIPT: ProgramFiles = {
  "Pulumi.yaml": YAML("common-typescript", true),
  "package.json": manifest("common-typescript", { main: "index.ts" }),
  "tsconfig.json": TSCONFIG,
  "index.ts": ES,
};

export const COMMONJS: ProgramFiles = {
  "Pulumi.yaml": YAML("commonjs", false),
  "package.json": manifest("commonjs", { main: "index.js" }),
  "index.js": COMMON,
};

export const ES_MODULE: ProgramFiles = {
  "Pulumi.yaml": YAML("es-module", false),
  "package.json": manifest("es-module", { type: "module", main: "index.js" }),
  "index.js": ES.replace(": pulumi.Output<string>", ""),
};

/** Bundled from `source.ts` into `index.js`. */
export const BUNDLED: ProgramFiles = {
  "Pulumi.yaml": YAML("bundled", false),
  "package.json": manifest("bundled", { main: "index.js" }),
  "source.ts": ES,
};

function manifest(name: string, more: object): string {
  return `${JSON.stringify({ name, version: "1.0.0", private: true, ...more }, undefined, 2)}\n`;
}
