import type { DiagnosticEvent, EventBody } from "../events";

/** Where messages of the engine, the program and the providers meet, on their way to the log and the display. */
export class Diagnostics {
  readonly #emit: (event: EventBody) => void;
  #streams = 0;

  constructor(emit: (event: EventBody) => void) {
    this.#emit = emit;
  }

  /** A number for the lines of one pipe, which the display joins into one message. */
  stream(): number {
    this.#streams += 1;
    return this.#streams;
  }

  log(event: DiagnosticEvent): void {
    const prefix = event.severity === "info" || event.severity === "info#err" ? {} : { prefix: `${event.severity}: ` };
    this.#emit({ diagnosticEvent: { ...event, ...prefix, message: event.message.replace(/\n*$/, "\n") } });
  }

  error(urn: string, message: string): void {
    this.log({ severity: "error", urn, message });
  }

  warn(urn: string, message: string): void {
    this.log({ severity: "warning", urn, message });
  }

  info(urn: string, message: string): void {
    this.log({ severity: "info", urn, message });
  }
}
