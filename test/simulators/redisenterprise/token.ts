import { createHmac, timingSafeEqual } from "node:crypto";
import { epochSeconds } from "./response";
import type { ClusterState, UserState } from "./state";

/** A JSON Web Token as issued by POST /v1/users/authorize: HS256, with an expiry. */
export function issueToken(state: ClusterState, user: UserState, now: number, ttlSeconds: number): string {
  const issued = epochSeconds(now);
  const claims = { iat: issued, exp: issued + ttlSeconds, uid: String(user.uid) };
  const text = `${encode({ alg: "HS256", typ: "JWT" })}.${encode(claims)}`;
  return `${text}.${signatureOf(state, text)}`;
}

/** The user of a token; undefined if it is foreign, expired, or of an earlier generation. */
export function bearerOf(state: ClusterState, token: string, now: number): UserState | undefined {
  const [header = "", claims = "", signature = ""] = token.split(".");
  const expected = Buffer.from(signatureOf(state, `${header}.${claims}`));
  const given = Buffer.from(signature);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
  // The signature proves that this file created the claims.
  const { exp, uid } = JSON.parse(Buffer.from(claims, "base64url").toString("utf8")) as { exp: number; uid: string };
  return exp * 1000 > now ? state.users.find((user) => String(user.uid) === uid) : undefined;
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function signatureOf({ name, tokenGeneration }: ClusterState, text: string): string {
  return createHmac("sha256", `${name}/${tokenGeneration}`).update(text).digest("base64url");
}
