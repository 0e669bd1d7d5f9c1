import type { Member } from "../core/unit";
import { compareVersions } from "../core/version";
import type { Running } from "./system";

/** An agent that was met at one of the endpoints. */
export interface MetAgent {
  readonly origin: string;
  /** `ip:port`, as the cluster knows it. */
  readonly address: string;
}

/**
 * The agent that gets the call. obshell compares the target with what the called agent itself runs or has beside it, so
 * in a cluster that is half upgraded only an agent beside an old member accepts.
 * @returns undefined when none was met
 */
export function calleeOf<A extends MetAgent>(
  met: readonly A[],
  members: readonly Member[],
  running: readonly Running[],
): A | undefined {
  const lowestFirst = [...members].sort((a, b) => compareVersions(a.version, b.version));
  for (const member of lowestFirst) {
    const beside = running.find(({ name }) => name === member.name)?.agent;
    const agent = met.find(({ address }) => address === beside);
    if (agent !== undefined) return agent;
  }
  return met[0];
}
