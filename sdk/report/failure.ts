/** Why no report was made, as a sentence for people. */
export class ReportError extends Error {
  override readonly name = "ReportError";
}
