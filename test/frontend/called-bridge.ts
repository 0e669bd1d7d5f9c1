import { createRequire } from "node:module";
import { afterAll, vi } from "vitest";

/**
 * A bridge with a state of its own, and a server that is called as grpc-js would call it: what the bridge does on a real one is
 * tested beside it. What is imported afterwards is behind this bridge.
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

/** Files share modules, and a bridge stays canceled: to be called in a file that uses one. */
export function forgetBridges(): void {
  afterAll(() => void vi.resetModules());
}
