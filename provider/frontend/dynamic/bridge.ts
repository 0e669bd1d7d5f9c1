import { AsyncLocalStorage } from "node:async_hooks";
import { createRequire } from "node:module";

/**
 * What the SDK's dynamic-provider RPC layer receives and does not pass on: the URN, the engine's time limit, and
 * Cancel.
 *
 * It wraps the handlers that grpc-js looks up for each call, through its private `Server#_retrieveHandler`. If that is
 * missing or has changed, everything here returns "unknown". The URN then comes from the hidden input `__urn`, the
 * limit from `__timeouts`, and ^C is only noticed when the process ends. The call that first loads this module is not
 * covered.
 */
export interface CallContext {
  readonly urn: string | undefined;
  /** The value of customTimeouts as the engine sends it. */
  readonly timeoutSeconds: number | undefined;
}

type Handler = { func: (this: unknown, call: { request?: unknown }, callback: unknown) => unknown };
type Server = { prototype: { _retrieveHandler?: (path: string) => unknown } };

const SERVICE = "/pulumirpc.ResourceProvider/";
const CANCEL = `${SERVICE}Cancel`;

const contexts = new AsyncLocalStorage<CallContext>();
const listeners = new Set<() => void>();
/** For the whole process: the engine sends Cancel once, for all calls of its run. */
let cancelled = false;

/** The call in progress; undefined if unknown. */
export function currentCall(): CallContext | undefined {
  return contexts.getStore();
}

/** Calls the listener when the engine cancels the run, or has canceled it. Returns a function that removes it. */
export function onCancel(listener: () => void): () => void {
  if (cancelled) listener();
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** @returns whether the bridge is installed; without it everything degrades to "unknown" */
export function installBridge(load: NodeJS.Require | undefined = sdkModules()): boolean {
  try {
    // The module can be the grpc-js of any SDK version, so the members used are checked below.
    if (load === undefined) return false;
    const { Server } = load("@grpc/grpc-js") as { Server: Server };
    const lookUp = Server.prototype._retrieveHandler;
    if (typeof lookUp !== "function") return false;
    const wrapped = new WeakSet<object>();
    Server.prototype._retrieveHandler = function (path) {
      const handler = lookUp.call(this, path);
      if (path.startsWith(SERVICE) && isHandler(handler) && !wrapped.has(handler)) {
        wrapped.add(handler);
        wrap(handler, path);
      }
      return handler;
    };
    return true;
  } catch {
    return false;
  }
}

function wrap(handler: Handler, path: string): void {
  const serve = handler.func;
  handler.func = function (call, callback) {
    if (path === CANCEL) cancelAll();
    return contexts.run(contextOf(call.request), () => serve.call(this, call, callback));
  };
}

function cancelAll(): void {
  cancelled = true;
  for (const listener of listeners) listener();
}

function contextOf(request: unknown): CallContext {
  const urn = fieldOf(request, "getUrn");
  const timeout = fieldOf(request, "getTimeout");
  return {
    urn: typeof urn === "string" && urn !== "" ? urn : undefined,
    timeoutSeconds: typeof timeout === "number" && timeout > 0 ? timeout : undefined,
  };
}

/** The result of a getter of a generated message, if it has this getter. */
function fieldOf(request: unknown, getter: string): unknown {
  if (typeof request !== "object" || request === null) return undefined;
  const method: unknown = Reflect.get(request, getter);
  return typeof method === "function" ? method.call(request) : undefined;
}

function isHandler(value: unknown): value is Handler {
  return typeof value === "object" && value !== null && "func" in value && typeof value.func === "function";
}

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
