import type { FaultScript } from "./faults";
import type { SimRequest, SimResponse } from "./http";
import type { Journal } from "./journal";

/** Called just before a host handles a call; it may use the controls. */
export type CallHook = (call: { readonly host: string; readonly request: SimRequest }) => void;

/** One address of a simulated system: an agent, a node, a gateway. */
export interface SimHost {
  /** Stable name, for the journal and for fault rules; it does not change when the host is served on another port. */
  readonly name: string;
  /** `host:port` of this host inside the system. */
  readonly address: string;
  /** Whether its port is open now. */
  isUp(): boolean;
  /** A number that changes with every restart of its process, which closes all connections. */
  bootId(): number;
  /** Whether the call is a write. Counted by the journal. */
  isWrite(request: SimRequest): boolean;
  handle(request: SimRequest): SimResponse;
  /** Called once by a server with its actual address. */
  place(ip: string, port: number): void;
}

/** The interface of a simulated system for the in-memory transport and the HTTP server. */
export interface SimSystem {
  readonly hosts: readonly SimHost[];
  readonly journal: Journal;
  readonly faults: FaultScript;
  now(): number;
  /** Updates the system to the time of its clock. */
  tick(): void;
}
