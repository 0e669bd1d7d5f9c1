/** What one run of the local engine is asked to do. It arrives on the standard input, because it holds secrets. */
export interface OperationRequest {
  readonly kind: OperationKind;
  readonly dir: string;
  readonly project: string;
  readonly stack: string;
  readonly typescript: boolean;
  /** Full keys, `namespace:name`. */
  readonly config: Readonly<Record<string, string>>;
  readonly secretKeys: readonly string[];
  readonly stateDir: string;
  readonly eventLog: string;
  readonly parallel: number;
  readonly clearPendingCreates: boolean;
  readonly env: Readonly<Record<string, string>>;
}

export type OperationKind = "preview" | "up" | "refresh" | "destroy";

export const ORGANIZATION = "organization";
