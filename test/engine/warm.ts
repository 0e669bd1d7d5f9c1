import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { definedEnv } from "./settings";

const ROOT = join(__dirname, "..", "..");
const PROVIDER = join(ROOT, "dist", "provider");

/**
 * Makes Node cache the compiled code of the provider and the SDK: processes that load it end by a signal, as
 * the engine ends them, and cache nothing. Runs in the background.
 */
export default function warm(): (() => void) | undefined {
  if (!existsSync(PROVIDER)) return undefined;
  const modules = readdirSync(PROVIDER, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".js"))
    .map((file) => join(PROVIDER, file));
  const loads = "for (const file of process.argv.slice(1)) require(file); process.exit();";
  const child = spawn(process.execPath, ["-e", loads, ...modules], { cwd: ROOT, env: definedEnv({}), stdio: "ignore" });
  child.on("error", () => {});
  child.unref();
  return () => void child.kill();
}
