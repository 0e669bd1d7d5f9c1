import { beforeSending } from "../core/errors";
import type { Clock } from "../core/runtime";
import { isBadSignature } from "./errors";
import type { Reply } from "./responses";

/** Longer than a gateway takes to refuse a signature: requests do not wait one after the other for a server that is down. */
const LONGEST_WAIT = 10_000;

/**
 * The requests of an access key that the gateway has not accepted yet. Five bad signatures in a row lock the key for
 * all its users, so only one request at a time is sent until one is accepted, and none after a bad signature.
 */
export class KeyTrial {
  #accepted = false;
  /** The response to a bad signature. */
  #refusal: Reply | undefined;
  #pending: Promise<void> | undefined;

  /**
   * Sends a request when it may be sent.
   * @param signal ends the wait
   * @returns its response; after a bad signature the response to that, which this request would receive as well
   */
  async send(request: () => Promise<Reply>, clock: Clock, signal: AbortSignal): Promise<Reply> {
    const until = clock.elapsed() + LONGEST_WAIT;
    while (!this.#accepted && this.#pending !== undefined && clock.elapsed() < until) {
      const pending = this.#pending;
      await beforeSending(() => firstOf(pending, until - clock.elapsed(), clock, signal));
    }
    if (this.#accepted) return request();
    if (this.#refusal !== undefined) return this.#refusal;
    const reply = request();
    const pending: Promise<void> = reply.then(
      (received) => this.#ended(pending, received),
      () => this.#ended(pending),
    );
    this.#pending = pending;
    return reply;
  }

  #ended(pending: Promise<void>, reply?: Reply): void {
    if (this.#pending === pending) this.#pending = undefined;
    if (reply?.answer.kind === "data") this.#accepted = true;
    else if (reply !== undefined && !reply.worthAnother && isBadSignature(reply.answer)) this.#refusal = reply;
  }
}

/** Resolves with the promise, but not later than after this many milliseconds. */
async function firstOf(promise: Promise<void>, milliseconds: number, clock: Clock, signal: AbortSignal): Promise<void> {
  const ended = new AbortController();
  const limit = clock.sleep(milliseconds, AbortSignal.any([signal, ended.signal]));
  await Promise.race([promise, limit]).finally(() => ended.abort());
}
