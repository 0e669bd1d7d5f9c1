/**
 * The engine events that the CLI writes with `--event-log`, one JSON object a line (`apitype.EngineEvent`). The local
 * engine writes the same, so that one reader serves both. Only the members that are used are declared.
 */
export interface EngineEvent {
  readonly sequence: number;
  readonly timestamp: number;
  readonly diagnosticEvent?: DiagnosticEvent;
  readonly stdoutEvent?: { readonly message: string };
  readonly preludeEvent?: { readonly config: Readonly<Record<string, string>> };
  readonly resourcePreEvent?: StepEvent;
  readonly resOutputsEvent?: StepEvent;
  readonly resOpFailedEvent?: StepEvent;
  readonly summaryEvent?: SummaryEvent;
}

export type EventBody = Omit<EngineEvent, "sequence" | "timestamp">;

export type Severity = "debug" | "info" | "info#err" | "warning" | "error";

export interface DiagnosticEvent {
  readonly urn?: string;
  readonly prefix?: string;
  readonly message: string;
  readonly severity: Severity;
  readonly streamID?: number;
  readonly ephemeral?: boolean;
}

export interface StepEvent {
  readonly metadata: StepMetadata;
  readonly planning?: boolean;
}

export interface StepMetadata {
  readonly op: string;
  readonly urn: string;
  readonly type: string;
  readonly old: StateMetadata | null;
  readonly new: StateMetadata | null;
  readonly detailedDiff?: Readonly<Record<string, unknown>> | null;
  readonly logical?: boolean;
  readonly provider: string;
}

export interface StateMetadata {
  readonly type: string;
  readonly urn: string;
  readonly custom?: boolean;
  readonly id: string;
  readonly parent: string;
  readonly protect?: boolean;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly provider: string;
  readonly initErrors?: readonly string[];
}

export interface SummaryEvent {
  readonly maybeCorrupt: boolean;
  readonly durationSeconds: number;
  readonly resourceChanges: Readonly<Record<string, number>>;
  readonly isPreview: boolean;
  readonly result: "succeeded" | "failed";
}

export const STACK_TYPE = "pulumi:pulumi:Stack";
export const SIGNATURE = "4dabf18193072939515e22adb298388d";
export const SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270";
