import type { Served } from "../shell/server";

/**
 * A simulated system on its own loopback ports, for tests of a stack.
 *
 * @typeParam System the simulator: its `control` changes it, its `journal` has every call
 * @typeParam Connection the connection arguments of the resources
 */
export interface Running<System, Connection> {
  readonly system: System;
  /** Arguments that connect a resource to the simulator: `new oceanbase.ClusterVersion(name, { ...connection, version })`. */
  readonly connection: Connection;
  /** The same as stack configuration, for programs that read their credentials from it; see `pulumi config set`. */
  readonly config: {
    readonly plain: Readonly<Record<string, string>>;
    readonly secret: Readonly<Record<string, string>>;
  };
  /** The credentials as the environment of `pulumi`. */
  readonly environment: Readonly<Record<string, string>>;
  /** Closes every socket and timer. */
  close(): Promise<void>;
  /** The same, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** The part of {@link Running} that closes it. */
export function endOf(served: Served): Pick<Running<unknown, unknown>, "close" | typeof Symbol.asyncDispose> {
  const close = () => served.close();
  return { close, [Symbol.asyncDispose]: close };
}
