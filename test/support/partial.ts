import { expect } from "vitest";

/** A partial failure as Pulumi receives it. */
export interface Partial {
  readonly id: string;
  readonly properties: Record<string, unknown>;
  readonly reasons: string[];
}

/** The partial failure of an operation; fails the test if it has any other result. */
export async function partial(call: Promise<unknown>): Promise<Partial> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(Error);
  expect(error).toMatchObject({ id: expect.any(String), properties: expect.any(Object), reasons: expect.any(Array) });
  // Checked just above.
  return error as unknown as Partial;
}
