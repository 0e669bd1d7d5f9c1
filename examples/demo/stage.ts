import type { Engine } from "../../test/engine";

/** A simulated system with an example program, and the actions on it. */
export interface Stage {
  /** What is simulated, in one sentence. */
  readonly title: string;
  readonly engine: Engine;
  /** The resource that drifts, is interrupted and fails. */
  readonly resource: string;
  /** Its target version, as the report page shows it. */
  readonly target: string;
  /** How many upgrade requests the vendor has received. */
  upgrades(): number;
  /** How many requests of any kind the vendor has received since `forget`. */
  requests(): number;
  forget(): void;
  /** Resets a version outside Pulumi; returns what was done. */
  setBack(): string;
  /** Stops the next upgrade at the progress `held` until `release`. */
  hold(): void;
  readonly held: RegExp;
  release(): void;
  /** Makes the next upgrade fail; returns the vendor's reason. */
  fail(): string;
  /** Removes the cause of the failure; returns what an operator does. */
  repair(): string;
  close(): Promise<void>;
}
