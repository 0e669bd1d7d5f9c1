/** A failure of an operation, in words for people. The state stays as it was. */
export class Failure extends Error {
  override readonly name = "Failure";
}
