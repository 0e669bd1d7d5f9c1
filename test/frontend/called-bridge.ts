import { createRequire } from "node:module";
import { afterAll, vi } from "vitest";

/**
 * A bridge with its own state, and a server that is called as grpc-js would call it. `bridge.test.ts` tests it on a real server.
 * Modules that are imported afterwards use this bridge.
 */
export async function calledBridge() {
  vi.resetModules();
  const bridge = await import("../../provider/frontend/dynamic/bridge.js");
  const handlers = new Map<string, { func: (call: { request: unknown }, answer?: unknown) => unknown }>();
  class Server {
    _retrieveHandler(path: string): unknown {
      return handlers.get(path);
    }
  }
  bridge.installBridge(Object.assign(() => ({ Server }), createRequire(__filename)));
  const call = (method: string, request: unknown, serve: () => unknown): unknown => {
    const path = `/pulumirpc.ResourceProvider/${method}`;
    handlers.set(path, { func: () => serve() });
    new Server()._retrieveHandler(path);
    return handlers.get(path)?.func({ request });
  };
  return { bridge, call };
}

/** Test files share modules, and a bridge stays canceled: a file that uses one calls this. */
export function forgetBridges(): void {
  afterAll(() => void vi.resetModules());
}
