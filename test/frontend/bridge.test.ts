import { createRequire } from "node:module";
import { Server } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { engineAddress, sdkModules } from "../../provider/frontend/dynamic/bridge";
import { grpcService, type Seen } from "./grpc-server";

const PROVIDER = "pulumirpc.ResourceProvider";
const real = createRequire(__filename);

/** The bridge with its own state: a cancellation lasts as long as the module. */
async function freshBridge() {
  vi.resetModules();
  return import("../../provider/frontend/dynamic/bridge.js");
}

// The private method that the bridge wraps. It is restored after each test.
const original: unknown = Reflect.get(Server.prototype, "_retrieveHandler");
beforeEach(() => {
  Reflect.set(Server.prototype, "_retrieveHandler", original);
});
afterEach(() => {
  Reflect.set(Server.prototype, "_retrieveHandler", original);
});

describe("the bridge on a real server", () => {
  it("provides the URN and the time limit of the current call", async () => {
    const { installBridge, currentCall } = await freshBridge();
    expect(installBridge(real)).toBe(true);
    const { call } = await grpcService(PROVIDER, () => ({ ...currentCall() }));
    expect(await call("Create", { urn: "urn:a", timeout: 90 })).toEqual({ urn: "urn:a", timeoutSeconds: 90 });
  });

  it("provides them after the handler has waited, for overlapping calls", async () => {
    const { installBridge, currentCall } = await freshBridge();
    installBridge(real);
    const both = Promise.withResolvers<void>();
    let running = 0;
    const { call } = await grpcService(PROVIDER, async () => {
      running += 1;
      if (running === 2) both.resolve();
      await both.promise;
      return { ...currentCall() };
    });
    const seen = await Promise.all([call("Create", { urn: "urn:a" }), call("Update", { urn: "urn:b", timeout: 5 })]);
    expect(seen).toEqual([{ urn: "urn:a" }, { urn: "urn:b", timeoutSeconds: 5 }]);
  });

  it("provides undefined for properties that the call does not contain", async () => {
    const { installBridge, currentCall } = await freshBridge();
    installBridge(real);
    const { call } = await grpcService(PROVIDER, () => ({ known: currentCall() !== undefined, ...currentCall() }));
    expect(await call("Create")).toEqual({ known: true });
  });

  it("does not wrap other services", async () => {
    const { installBridge, currentCall } = await freshBridge();
    installBridge(real);
    const { call } = await grpcService("pulumirpc.Other", (): Seen => ({ known: currentCall() !== undefined }));
    expect(await call("Create", { urn: "urn:a" })).toEqual({ known: false });
    expect(currentCall()).toBeUndefined();
  });

  it("reports Cancel, and still responds to it", async () => {
    const { installBridge, onCancel } = await freshBridge();
    installBridge(real);
    let cancelled = 0;
    onCancel(() => {
      cancelled += 1;
    });
    const { call } = await grpcService(PROVIDER, () => ({ answered: true }));
    await call("Create");
    expect(cancelled).toBe(0);
    expect(await call("Cancel")).toEqual({ answered: true });
    expect(cancelled).toBe(1);
  });

  it("reports an earlier Cancel to new listeners immediately, and nothing to removed ones", async () => {
    const { installBridge, onCancel } = await freshBridge();
    installBridge(real);
    const heard: string[] = [];
    const stop = onCancel(() => heard.push("stopped"));
    stop();
    const { call } = await grpcService(PROVIDER, () => ({}));
    await call("Cancel");
    onCancel(() => heard.push("late"));
    expect(heard).toEqual(["late"]);
  });

  it("ignores Cancel of another service", async () => {
    const { installBridge, onCancel } = await freshBridge();
    installBridge(real);
    const heard: string[] = [];
    onCancel(() => heard.push("cancel"));
    const { call } = await grpcService("pulumirpc.Other", () => ({}));
    await call("Cancel");
    expect(heard).toEqual([]);
  });
});

describe("without the private method, calls are still served", () => {
  /** A stand-in for `require` that returns one module. */
  function loading(load: () => unknown): NodeJS.Require {
    return Object.assign(load, real);
  }

  it.each<[string, () => NodeJS.Require | undefined]>([
    ["there is no SDK", () => undefined],
    [
      "the module cannot be loaded",
      () =>
        loading(() => {
          throw new Error("Cannot find module '@grpc/grpc-js'");
        }),
    ],
    ["the module has no Server", () => loading(() => ({}))],
    ["the method is missing", () => loading(() => ({ Server: class {} }))],
    ["it is not a method", () => loading(() => ({ Server: { prototype: { _retrieveHandler: new Map() } } }))],
  ])("%s", async (_, load) => {
    const { installBridge, currentCall } = await freshBridge();
    expect(installBridge(load())).toBe(false);
    expect(currentCall()).toBeUndefined();
    const { call } = await grpcService(PROVIDER, () => ({ known: currentCall() !== undefined }));
    expect(await call("Create", { urn: "urn:a" })).toEqual({ known: false });
  });

  it.each([
    ["nothing", undefined],
    ["a function", () => "handler"],
    ["an object without a function", { serve: () => "handler" }],
  ])("the method returns %s", async (_, handler) => {
    class Changed {
      _retrieveHandler(_path: string): unknown {
        return handler;
      }
    }
    const { installBridge } = await freshBridge();
    expect(installBridge(loading(() => ({ Server: Changed })))).toBe(true);
    expect(new Changed()._retrieveHandler(`/${PROVIDER}/Create`)).toBe(handler);
  });

  it("a request without getters is served, without a URN", async () => {
    const handler = { func: (_call: unknown, _answer: unknown) => ({ ...currentCall() }) };
    class Changed {
      _retrieveHandler(_path: string): unknown {
        return handler;
      }
    }
    const { installBridge, currentCall } = await freshBridge();
    installBridge(loading(() => ({ Server: Changed })));
    new Changed()._retrieveHandler(`/${PROVIDER}/Create`);
    for (const request of [undefined, null, {}, { getUrn: "urn:a", getTimeout: () => -1 }]) {
      expect(handler.func({ request }, undefined)).toEqual({ urn: undefined, timeoutSeconds: undefined });
    }
  });

  it("a handler that is retrieved for every call is wrapped once", async () => {
    let served = 0;
    const handler = {
      func: (_call: unknown) => {
        served += 1;
      },
    };
    class Changed {
      _retrieveHandler(_path: string): unknown {
        return handler;
      }
    }
    const { installBridge } = await freshBridge();
    installBridge(loading(() => ({ Server: Changed })));
    const server = new Changed();
    server._retrieveHandler(`/${PROVIDER}/Create`);
    const wrapped = handler.func;
    server._retrieveHandler(`/${PROVIDER}/Create`);
    expect(handler.func).toBe(wrapped);
    handler.func({});
    expect(served).toBe(1);
  });
});

describe("engineAddress", () => {
  it.each([
    [["127.0.0.1:40123"], "127.0.0.1:40123"],
    [["--logtostderr", "-v=9", "127.0.0.1:40123"], "127.0.0.1:40123"],
    [["--tracing", "file:/tmp/trace", "127.0.0.1:40123"], "127.0.0.1:40123"],
    [["--tracing=tcp://h:1", "127.0.0.1:40123", "more"], "127.0.0.1:40123"],
    [["--logtostderr", "--tracing"], undefined],
    [[], undefined],
  ])("in %j is %s", (args, expected) => {
    expect(engineAddress(args)).toBe(expected);
  });
});

describe("sdkModules", () => {
  it("is undefined outside a dynamic-provider process", () => {
    expect(sdkModules()).toBeUndefined();
  });
});
