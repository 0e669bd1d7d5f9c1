import type { FaultScript } from "./faults";
import type { SimRequest, SimResponse } from "./http";
import type { Journal } from "./journal";

/** One address of a simulated system: an agent, a node, a gateway. */
export interface SimHost {
  /** Stable name, for the journal and for fault rules; it does not change when the host is served on another port. */
  readonly name: string;
  /** `host:port` under which the system itself knows this host. */
  readonly address: string;
  /** Whether its port is open now. */
  isUp(): boolean;
  /** A number that changes whenever its process was started again: connections of an earlier one are dead. */
  bootId(): number;
  /** Whether the call asks for a change, as opposed to a mere read. Counted by the journal. */
  isWrite(request: SimRequest): boolean;
  handle(request: SimRequest): SimResponse;
  /** Called once by a server with the address it really got. */
  place(ip: string, port: number): void;
}

/** What the doors (in-memory transport, HTTP server) need of a simulated system. */
export interface SimSystem {
  readonly hosts: readonly SimHost[];
  readonly journal: Journal;
  readonly faults: FaultScript;
  now(): number;
  /** Lets the system catch up with its clock. */
  tick(): void;
}
