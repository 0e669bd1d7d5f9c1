import type { Fault } from "./faults";
import type { SimHost, SimSystem } from "./host";
import type { SimRequest, SimResponse } from "./http";

/** The result of a call, for the transport to carry out. */
export type Outcome =
  | { readonly kind: "response"; readonly response: SimResponse; readonly truncateTo?: number }
  | { readonly kind: "refused" }
  | { readonly kind: "reset" }
  | { readonly kind: "hang" };

/** Waits in the caller's time; a transport with virtual time passes its own. */
export type Sleep = (ms: number) => Promise<void>;

/** Processes one call: up or down, faults, handling, journal. Both transports share it. */
export async function exchange(system: SimSystem, host: SimHost, request: SimRequest, sleep: Sleep): Promise<Outcome> {
  system.tick();
  if (!host.isUp()) return refuse(system, host, request);
  const fault = system.faults.take(host.name, request);
  if (fault?.kind === "delay" || fault?.kind === "hold") {
    const boot = host.bootId();
    await (fault.kind === "delay" ? sleep(fault.ms) : fault.until);
    system.tick();
    if (!host.isUp() || host.bootId() !== boot) {
      note(system, host, request, 0, fault);
      return { kind: "reset" };
    }
  }
  return apply(system, host, request, fault);
}

function apply(system: SimSystem, host: SimHost, request: SimRequest, fault: Fault | undefined): Outcome {
  switch (fault?.kind) {
    case "refuse":
      note(system, host, request, 0, fault);
      return { kind: "refused" };
    case "reset":
      note(system, host, request, 0, fault);
      return { kind: "reset" };
    case "replace": {
      note(system, host, request, fault.status, fault);
      return { kind: "response", response: replacement(fault) };
    }
    case "hang":
      note(system, host, request, fault.processed ? host.handle(request).status : 0, fault);
      return { kind: "hang" };
    case "loseReply":
      note(system, host, request, host.handle(request).status, fault);
      return { kind: "reset" };
    default: {
      const response = host.handle(request);
      note(system, host, request, response.status, fault);
      return fault?.kind === "truncate"
        ? { kind: "response", response, truncateTo: fault.bytes }
        : { kind: "response", response };
    }
  }
}

function replacement(fault: Extract<Fault, { kind: "replace" }>): SimResponse {
  return {
    status: fault.status,
    headers: fault.headers ?? { "content-type": "text/plain" },
    body: typeof fault.body === "string" ? Buffer.from(fault.body) : (fault.body ?? Buffer.alloc(0)),
  };
}

function refuse(system: SimSystem, host: SimHost, request: SimRequest): Outcome {
  note(system, host, request, 0, undefined);
  return { kind: "refused" };
}

function note(system: SimSystem, host: SimHost, request: SimRequest, status: number, fault: Fault | undefined): void {
  const call = { at: system.now(), host: host.name, status, write: host.isWrite(request) };
  system.journal.record(fault === undefined ? call : { ...call, fault: fault.kind }, request);
}
