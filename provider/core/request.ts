import { createHash, createHmac } from "node:crypto";
import { canonical } from "../base/json";

/** JSON as it is sent. Keys with the value `undefined` are left out. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };

/** What a request upgrades: one thing that the vendor upgrades independently. */
export interface Requested {
  /** The vendor's name for it: a host, an instance id, `bdb:1`. */
  readonly unit: string;
  readonly from: string;
  /** The expected version, also where the body does not name it. */
  readonly to: string;
}

/** What is sent for one unit. The item may hold secrets: never log it. */
export interface Step extends Requested {
  readonly method: "POST";
  /** Without what only the connection knows, such as a project id. */
  readonly path: string;
  /** The body, or the unit's share of the body of a request that names several. */
  readonly item: Json;
  /** Only steps of one group share a request. */
  readonly group?: string | undefined;
  /** Files that have to be at the vendor before it. */
  readonly uploads?: readonly Upload[];
  /**
   * Makes a secret without which nobody can verify guesses by a digest that leaves the process; for items that may hold secrets
   * themselves. Slow on purpose.
   */
  readonly key?: (() => string) | undefined;
}

export interface Upload {
  readonly name: string;
  readonly sha256: string;
}

/** An upgrade request, exactly as it will be sent. Plain data. The body may hold secrets: never log it. */
export interface Request {
  readonly method: "POST";
  /** Without what only the connection knows, such as a project id. */
  readonly path: string;
  readonly body: Json;
  readonly units: readonly Requested[];
  /** Files that have to be at the vendor before it. */
  readonly uploads?: readonly Upload[];
}

/** Says immediately before a write leaves whether it still may. @throws Held when it must not: nothing was sent */
export type Permit = () => void;

/** The request of a step that is sent alone: its item is the whole body. */
export function requestOf([step]: readonly Step[]): Request {
  if (step === undefined) throw new Error("a request is to be composed without a step");
  const { method, path, item, unit, from, to, uploads } = step;
  return { method, path, body: item, units: [{ unit, from, to }], ...(uploads === undefined ? {} : { uploads }) };
}

/**
 * Identifies what is sent for one unit: equal for equal steps in every process, whatever the order of keys. Where the item holds
 * a secret, it allows guesses to be verified: it must not leave the process.
 */
export function digest(step: Step): string {
  return createHash("sha256").update(textOf(step)).digest("hex");
}

/** The same for people and files: where the item may hold a secret, it is a keyed hash. */
export function publicDigest(step: Step): string {
  if (step.key === undefined) return digest(step);
  return createHmac("sha256", step.key()).update(textOf(step)).digest("hex");
}

function textOf({ unit, from, to, method, path, item, group, uploads = [] }: Step): string {
  return canonical({ unit, from, to, method, path, item, group, uploads });
}
