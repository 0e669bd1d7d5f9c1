import type { Engine } from "../../test/engine";

/** A simulated system with an example program, and what an act does to it. */
export interface Stage {
  /** What is simulated, in one sentence. */
  readonly title: string;
  readonly engine: Engine;
  /** The resource that drifts, is interrupted and fails. */
  readonly resource: string;
  /** What it runs at its target, as the report page shows it. */
  readonly target: string;
  /** How many upgrade requests the vendor has received. */
  upgrades(): number;
  /** How many requests of any kind the vendor has received since `forget`. */
  requests(): number;
  forget(): void;
  /** Puts a version back behind Pulumi; answers what was done. */
  setBack(): string;
  /** Stops the next upgrade at the progress `held`, which two runs show, until `release`. */
  hold(): void;
  readonly held: RegExp;
  release(): void;
  /** Lets the next upgrade fail; answers the vendor's reason. */
  fail(): string;
  /** Removes the cause of the failure; answers what an operator does. */
  repair(): string;
  close(): Promise<void>;
}
