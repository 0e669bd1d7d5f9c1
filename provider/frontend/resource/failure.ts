/** A failed operation, with a message for users. The state is not changed. */
export class Failure extends Error {
  override readonly name = "Failure";
}
