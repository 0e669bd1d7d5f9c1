import { createHash, createHmac } from "node:crypto";
import { canonical } from "../base/json";
import type { Refused, Unreachable } from "./errors";
import type { Task } from "./task";

/** JSON as it is sent. Keys with the value `undefined` are omitted. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };

/** The target of a request: one thing that the vendor upgrades independently. */
export interface Requested {
  /** The vendor's name for it: a host, an instance id, `bdb:1`. */
  readonly unit: string;
  readonly from: string;
  /** The expected version, even if the body does not contain it. */
  readonly to: string;
}

/** The request for one unit. The item may contain secrets: never log it. */
export interface Step extends Requested {
  readonly method: "POST";
  /** Without parts that only the connection knows, such as a project id. */
  readonly path: string;
  /** The body, or the unit's share of the body of a request that names several. */
  readonly item: Json;
  /** A request only combines steps of one group. */
  readonly group?: string | undefined;
  /** Files that must be uploaded first. */
  readonly uploads?: readonly Upload[];
  /**
   * Derives a key for digests that leave the process. Without it, a digest could be used to verify guesses of secrets
   * in the item. Deliberately slow.
   */
  readonly key?: (() => string) | undefined;
}

export interface Upload {
  readonly name: string;
  readonly sha256: string;
}

/** An upgrade request, exactly as it will be sent. Plain data. The body may contain secrets: never log it. */
export interface Request {
  readonly method: "POST";
  /** Without parts that only the connection knows, such as a project id. */
  readonly path: string;
  readonly body: Json;
  readonly units: readonly Requested[];
}

/** The result of a request. `lost`: it may have been received. `unsent`: it certainly was not. */
export type RequestResult =
  | { readonly kind: "accepted"; readonly task?: Task }
  | { readonly kind: "lost"; readonly error: Unreachable }
  | { readonly kind: "unsent"; readonly error: Unreachable }
  | { readonly kind: "refused"; readonly error: Refused };

/** Checks immediately before a write is sent whether it is still allowed. @throws Held if not; nothing was sent */
export type Permit = () => void;

/** The request for a single step: its item is the whole body. */
export function requestOf([step]: readonly Step[]): Request {
  if (step === undefined) throw new Error("a request is to be composed without a step");
  const { method, path, item, unit, from, to } = step;
  return { method, path, body: item, units: [{ unit, from, to }] };
}

/**
 * Identifies the request for one unit: equal steps have equal digests in every process, regardless of key order. If the
 * item contains a secret, the digest can be used to verify guesses and must not leave the process.
 */
export function digest(step: Step): string {
  return createHash("sha256").update(textOf(step)).digest("hex");
}

/** The same for display and files: a keyed hash if the item may contain a secret. */
export function publicDigest(step: Step): string {
  if (step.key === undefined) return digest(step);
  return createHmac("sha256", step.key()).update(textOf(step)).digest("hex");
}

function textOf({ unit, from, to, method, path, item, group, uploads = [] }: Step): string {
  return canonical({ unit, from, to, method, path, item, group, uploads });
}
