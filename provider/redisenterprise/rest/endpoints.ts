import { z } from "zod";
import { quoting } from "../../core/arguments";

const ONE = '"https://10.0.0.1:9443"';
const SEVERAL = '["https://10.0.0.1:9443", "https://10.0.0.2:9443"]';

/**
 * Addresses of the nodes: a list, or one comma-separated string, as in configuration and environment. Converted to a
 * list of distinct URLs without a path.
 */
export const endpoints = z.unknown().transform((value, context): readonly string[] => {
  const list = typeof value === "string" ? textsOf(value) : value;
  const complain = (message: string, path: number[] = [], secret = false) =>
    context.addIssue({ code: "custom", message, path: typeof value === "string" ? [] : path, params: { secret } });
  if (!Array.isArray(list)) complain(`must be a list of node addresses, such as ${SEVERAL}`);
  else if (list.length === 0) complain(`must name at least one node, such as ${SEVERAL}`);
  else {
    const origins = list.map((one: unknown, index) => {
      const problem = problemOf(one);
      if (problem === undefined) return new URL(String(one)).origin;
      complain(
        `${typeof one === "string" ? quoting(one, problem) : problem}. Example: ${ONE}`,
        [index],
        String(one).includes("@"),
      );
      return "";
    });
    return [...new Set(origins)];
  }
  return z.NEVER;
});

function textsOf(value: string): string[] {
  return value
    .split(",")
    .map((text) => text.trim())
    .filter((text) => text !== "");
}

function problemOf(value: unknown): string | undefined {
  if (typeof value !== "string") return "must be a string";
  if (!URL.canParse(value)) return "is not a URL";
  const url = new URL(value);
  if (url.protocol !== "https:" && url.protocol !== "http:") return "must begin with https://";
  if (url.username !== "" || url.password !== "") {
    return "must not contain credentials; set `username` and `password` instead";
  }
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "")
    return "must be only a host and port, without a path";
  return undefined;
}

export function isPlain(endpoint: string): boolean {
  return endpoint.startsWith("http:");
}
