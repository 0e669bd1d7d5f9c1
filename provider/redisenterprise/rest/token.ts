/** How long a token shall be valid, in seconds; it is renewed long before. The vendor's own default is 300. */
export const TOKEN_SECONDS = 900;
const VENDOR_DEFAULT = 300;
/** The share of its life after which a token is renewed. */
const DUE_AFTER = 0.7;

/** The word before a token in the Authorization header: one page says JWT, another bearer. */
export const SCHEMES = ["JWT", "Bearer"] as const;

export interface Token {
  readonly text: string;
  /** When it is to be renewed, in elapsed milliseconds of the clock. */
  readonly due: number;
}

/** Its life is what it says itself, measured by its own two times: the cluster's clock may differ from ours. */
export function tokenOf(text: string, now: number): Token {
  return { text, due: now + lifeOf(text) * 1_000 * DUE_AFTER };
}

/** Seconds. */
function lifeOf(text: string): number {
  const { iat, exp } = claimsOf(text);
  return typeof iat === "number" && typeof exp === "number" && exp > iat ? exp - iat : VENDOR_DEFAULT;
}

function claimsOf(text: string): { readonly iat?: unknown; readonly exp?: unknown } {
  try {
    const claims: unknown = JSON.parse(Buffer.from(text.split(".")[1] ?? "", "base64url").toString("utf8"));
    return typeof claims === "object" && claims !== null ? claims : {};
  } catch {
    return {};
  }
}
