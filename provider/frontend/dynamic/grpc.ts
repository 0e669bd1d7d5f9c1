import { createRequire } from "node:module";

/**
 * The modules of the SDK that started this dynamic-provider process. They are resolved from that process's main file:
 * under pnpm, or with two copies installed, our own resolution would find others. Undefined outside of such a process
 * (in tests, or when a program only imports the package).
 */
export function sdkModules(): NodeJS.Require | undefined {
  const main = require.main?.filename;
  return main !== undefined && DYNAMIC_PROVIDER.test(main) ? createRequire(main) : undefined;
}

const DYNAMIC_PROVIDER = /[\\/]cmd[\\/]dynamic-provider[\\/]/;

/** Options that take a value in the next argument. */
const WITH_VALUE = new Set(["--tracing"]);

/** The engine's gRPC address, the first positional argument: `[--logtostderr] [-v=N] [--tracing EP] <engineAddr>`. */
export function engineAddress(args: readonly string[] = process.argv.slice(2)): string | undefined {
  for (let i = 0; i < args.length; i++) {
    const argument = args[i] ?? "";
    if (WITH_VALUE.has(argument)) i++;
    else if (!argument.startsWith("-")) return argument;
  }
  return undefined;
}
