/** Why no report was created, as a sentence. */
export class ReportError extends Error {
  override readonly name = "ReportError";
}
