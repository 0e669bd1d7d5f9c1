/** The interface of both engines for tests: the local one and the Pulumi CLI. */
export interface Engine {
  /** "local engine", or "pulumi v3.260.0". */
  readonly name: string;
  /** Directory of the program. */
  readonly dir: string;
  preview(options?: RunOptions): Operation;
  up(options?: RunOptions): Operation;
  refresh(options?: RunOptions): Operation;
  destroy(options?: RunOptions): Operation;
  /** Sets a value of the stack's configuration, or removes it: from the next operation on. */
  configure(key: string, value: string | undefined): Promise<void>;
  /** The state in the format of `pulumi stack export`, with secrets encrypted, or in plain text with `--show-secrets`. */
  exportState(options?: ExportOptions): Promise<Deployment>;
  /**
   * Replaces the state, as `pulumi stack import` does, by one that this engine has exported, changed or
   * unchanged, or by one with its secrets in plain text.
   */
  importState(deployment: Deployment): Promise<void>;
  /** Removes the lock that a killed engine left, as `pulumi cancel` does. */
  unlock(): Promise<void>;
  /** Ends every process this engine started and removes what it wrote. */
  close(): Promise<void>;
}

export interface ExportOptions {
  readonly showSecrets?: boolean;
}

export interface RunOptions {
  /** Added to the environment of the engine, and so of the program and of the providers. `undefined` removes a name. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** How many resource operations run at once. Default: four for each processor, as the CLI. */
  readonly parallel?: number;
  /** Called with each line of the human-readable output as it appears. */
  readonly onLine?: (line: string) => void;
  /** `refresh` only: drop pending creates, which an interactive refresh would ask about. */
  readonly clearPendingCreates?: boolean;
}

/** A running engine operation: awaiting it gives the result, and until then it can be interrupted. */
export interface Operation extends Promise<Run> {
  /**
   * What ^C does. The first call stops new steps, sends `Cancel` to the providers and waits for running steps; the
   * second one ends without waiting, so that what ran stays in the state as a pending operation.
   */
  cancel(): void;
  /** SIGKILL to the engine only: its providers keep running, a lock and a pending operation remain. */
  kill(): Promise<void>;
  /** SIGKILL to the dynamic-provider processes. Resolves with their number. */
  killPlugin(): Promise<number>;
  /** Process ids of the dynamic-provider processes that this operation has started and that still live. */
  plugins(): Promise<number[]>;
  /** Resolves with the first output line, past or coming, that matches; rejects when the operation ends without one. */
  seen(pattern: RegExp | string): Promise<string>;
}

export interface Run {
  readonly ok: boolean;
  /** The human-readable output, without colours. */
  readonly output: string;
  /** Number of resources per operation, as in the CLI's summary; absent names are zero. */
  readonly changes: Readonly<Record<string, number>>;
  /** One entry for each step, in the order they began. Default providers are left out, as in the CLI's display. */
  readonly steps: readonly RunStep[];
  /** All messages, ephemeral or not; debug messages are left out. */
  readonly diagnostics: readonly Diagnostic[];
  /** The stack's outputs. A secret is "[secret]", a value not known in a preview is `UNKNOWN_VALUE`. */
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly durationMs: number;
}

export interface RunStep {
  readonly op: string;
  readonly urn: string;
  readonly name: string;
  readonly type: string;
  /** Keys of the inputs that differ between old and new, as the CLI shows them: `__*` is hidden. */
  readonly diff: readonly string[];
  readonly status: "done" | "failed" | "unfinished";
}

export interface Diagnostic {
  readonly severity: "info" | "info#err" | "warning" | "error";
  /** Empty for a message that belongs to the stack as a whole. */
  readonly urn: string;
  readonly message: string;
  readonly ephemeral: boolean;
}

/** The CLI's export format: `apitype.UntypedDeployment` around `apitype.DeploymentV3`. */
export interface Deployment {
  readonly version: number;
  readonly deployment: {
    readonly manifest: Readonly<Record<string, unknown>>;
    readonly secrets_providers?: unknown;
    readonly resources?: readonly ExportedResource[];
    readonly pending_operations?: readonly { readonly resource: ExportedResource; readonly type: string }[];
    readonly metadata?: unknown;
  };
}

/** `apitype.ResourceV3`; only the members that the tests use. */
export interface ExportedResource {
  readonly urn: string;
  readonly custom: boolean;
  readonly delete?: boolean;
  readonly id?: string;
  readonly type: string;
  readonly inputs?: Readonly<Record<string, unknown>>;
  readonly outputs?: Readonly<Record<string, unknown>>;
  readonly parent?: string;
  readonly protect?: boolean;
  readonly external?: boolean;
  readonly dependencies?: readonly string[];
  readonly initErrors?: readonly string[];
  readonly provider?: string;
  readonly propertyDependencies?: Readonly<Record<string, readonly string[]>>;
  readonly pendingReplacement?: boolean;
  readonly additionalSecretOutputs?: readonly string[];
  readonly customTimeouts?: { create?: number; update?: number; delete?: number; read?: number };
  readonly retainOnDelete?: boolean;
}

export interface EngineOptions {
  /** Directory with Pulumi.yaml and the program. */
  readonly dir: string;
  /** Default: the name in Pulumi.yaml. */
  readonly project?: string;
  /** Default: "dev". */
  readonly stack?: string;
  /** Stack configuration; a key without a namespace gets the project's. */
  readonly config?: Readonly<Record<string, string>>;
  readonly secrets?: Readonly<Record<string, string>>;
  /** Environment of every operation; see {@link RunOptions.env}. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Keeps the events of every operation, debug messages too, in files until the engine is closed. */
  readonly keepEvents?: boolean;
  /** Default: the CLI where it is found, the local engine otherwise. */
  readonly prefer?: EngineKind;
}

export type EngineKind = "local" | "cli";

/** How an unknown value is written in a preview (`plugin.UnknownStringValue`). */
export const UNKNOWN_VALUE = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
