import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const ROOT = join(__dirname, "..", "..");

export interface WorkspaceOptions {
  /** Its directory. Default: a new temporary one. */
  readonly dir?: string;
  /** Text of the program. */
  readonly program?: string;
  /** Default: "index.js". A `.ts` program gets a tsconfig.json. */
  readonly main?: "index.js" | "index.mjs" | "index.ts";
  /** Name of the project; default "trial". */
  readonly project?: string;
  /** The SDK the program and its providers run with; default "@pulumi/pulumi", the newest one that is installed. */
  readonly sdk?: "@pulumi/pulumi" | "pulumi-min";
  /** Further files, by their path in the directory, such as a package under `node_modules`. */
  readonly files?: Readonly<Record<string, string>>;
}

export interface Workspace {
  readonly dir: string;
  /** Writes a file, and creates its directories. */
  write(path: string, text: string): Promise<void>;
  close(): Promise<void>;
}

/**
 * A directory with a Pulumi program in which this package and the SDK are installed, by links to the ones of the
 * repository: the program loads the built package, as a user's program would.
 */
export async function makeWorkspace(options: WorkspaceOptions = {}): Promise<Workspace> {
  const { main = "index.js", project = "trial", program = "", files = {} } = options;
  const workspace = await emptyWorkspace(options.dir);
  await installPackages(workspace.dir, options.sdk);
  const texts = {
    "Pulumi.yaml": `name: ${project}\n${runtime(main)}`,
    "package.json": `${JSON.stringify({ name: project, private: true, main }, undefined, 2)}\n`,
    ...(main === "index.ts" && { "tsconfig.json": TSCONFIG }),
    [main]: program,
    ...files,
  };
  for (const [path, text] of Object.entries(texts)) await workspace.write(path, text);
  return workspace;
}

/** A copy of `examples/<name>`, with the packages linked into it. */
export async function copyExample(name: string, sdk?: WorkspaceOptions["sdk"], at?: string): Promise<Workspace> {
  const workspace = await emptyWorkspace(at);
  const isOurs = (source: string) => !source.split(/[\\/]/).includes("node_modules");
  await cp(join(ROOT, "examples", name), workspace.dir, {
    recursive: true,
    filter: (source) => isOurs(source.slice(ROOT.length)),
  });
  await installPackages(workspace.dir, sdk);
  return workspace;
}

/** A program in plain JavaScript starts sooner without the TypeScript compiler. */
function runtime(main: string): string {
  return main === "index.ts" ? "runtime: nodejs\n" : "runtime:\n  name: nodejs\n  options:\n    typescript: false\n";
}

/** Older SDKs compile with `moduleResolution: node10`, which TypeScript 6 accepts only with `ignoreDeprecations`. */
const COMPILER_OPTIONS = {
  strict: true,
  target: "es2022",
  module: "commonjs",
  moduleResolution: "node10",
  ignoreDeprecations: "6.0",
  skipLibCheck: true,
};
const TSCONFIG = `${JSON.stringify({ compilerOptions: COMPILER_OPTIONS, files: ["index.ts"] }, undefined, 2)}\n`;

async function emptyWorkspace(at?: string): Promise<Workspace> {
  const dir = at ?? (await mkdtemp(join(tmpdir(), "workspace-")));
  return {
    dir,
    async write(path, text) {
      await mkdir(dirname(join(dir, path)), { recursive: true });
      await writeFile(join(dir, path), text);
    },
    close: () => rm(dir, { recursive: true, force: true }),
  };
}

/** Links what `npm install` would install: this package, the SDK, and the compiler of an example. */
async function installPackages(dir: string, sdk: WorkspaceOptions["sdk"] = "@pulumi/pulumi"): Promise<void> {
  const modules = join(dir, "node_modules");
  const links = {
    "pulumi-dbversion": ROOT,
    "@pulumi/pulumi": join(ROOT, "node_modules", sdk),
    "@types/node": join(ROOT, "node_modules", "@types", "node"),
    typescript: join(ROOT, "node_modules", "typescript"),
  };
  for (const [name, target] of Object.entries(links)) {
    await mkdir(dirname(join(modules, name)), { recursive: true });
    await symlink(target, join(modules, name), "dir");
  }
}
