import { Refused } from "../../core/errors";
import type { HttpUpload } from "../../http/client";
import type { Generation } from "./auth";
import type { AgentInfo } from "./schema";

/** How an agent wants to be sent something. */
export interface Recipient {
  readonly info: AgentInfo;
  readonly generation: Generation;
  /** Base64 of a text under the agent's RSA key. */
  encrypt(text: string): string;
  /**
   * The headers of a request whose body is encrypted with `keys` (AES key and IV, 32 bytes).
   * @param validFor milliseconds beyond a request's usual time
   */
  authorize(target: string, validFor: number, keys: Buffer): Readonly<Record<string, string>>;
}

/** What is streamed to an agent. */
export type Upload = Omit<HttpUpload, "origin">;

/** obshell has no such answer, but proxies do. */
export const TOO_LARGE = 413;

export function tooLarge(origin: string, target: string): Refused {
  return new Refused(`POST ${target} at ${origin} was refused for its size (HTTP ${TOO_LARGE}).`, {
    refusal: "final",
    remedy: "obshell has no such limit: raise that of the proxy between, or name the agents themselves in `endpoints`.",
  });
}
