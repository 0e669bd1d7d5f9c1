import type { Definition } from "../../core/arguments";
import type { Proxies } from "../../core/runtime";
import type { ConfigReader } from "./credentials";

/** A setting of the stack or of an explicit Provider, not an argument of a resource. */
export const PROXY = {
  description:
    "The HTTP proxy for all requests, such as `http://user:password@proxy.example.com:3128`; an empty string for none.",
  source: { config: "dbversion:proxy", env: [] },
} satisfies Definition;

/** The proxies of a run, their secrets, and a problem with them, as a sentence without the value. */
export interface ProxySettings {
  readonly proxies: Proxies;
  readonly secrets: readonly string[];
  readonly problem: string | undefined;
}

/**
 * The config key applies to all requests; without it, HTTP_PROXY and HTTPS_PROXY apply, each in lower case first, as in
 * curl. NO_PROXY applies to both. An empty config value disables the proxy.
 */
export function proxySettings(config: ConfigReader, env: NodeJS.ProcessEnv): ProxySettings {
  const [except = { text: "" }] = variables(env, "NO_PROXY");
  const key = PROXY.source.config;
  const configured = config(key);
  const all = typeof configured === "string" ? [{ source: `config \`${key}\``, text: configured }] : undefined;
  const [http] = all ?? variables(env, "HTTP_PROXY");
  const [https] = all ?? variables(env, "HTTPS_PROXY");
  const given = [http, https].flatMap((setting) => (setting?.text ? [setting] : []));
  const proxies = {
    ...(http?.text ? { http: complete(http.text) } : {}),
    ...(https?.text ? { https: complete(https.text) } : {}),
    except: except.text,
  };
  const problems = given.flatMap(({ source, text }) => problemOf(text).map((problem) => `${source} ${problem}`));
  return { proxies, secrets: given.flatMap(({ text }) => secretsOf(text)), problem: problems[0] };
}

interface Setting {
  readonly source: string;
  readonly text: string;
}

function variables(env: NodeJS.ProcessEnv, name: string): Setting[] {
  return [name.toLowerCase(), name].flatMap((source) => (env[source] ? [{ source, text: env[source] }] : []));
}

/** Accepts `10.0.0.9:3128` without a scheme, as curl does. */
function complete(text: string): string {
  return text.includes("://") ? text : `http://${text}`;
}

function problemOf(text: string): string[] {
  const url = URL.parse(complete(text));
  if (url === null) return ["is not a URL. Example: http://proxy.example.com:3128"];
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    return ["is not the URL of an HTTP proxy. Example: http://proxy.example.com:3128"];
  }
  return [];
}

/** The password, and the header derived from it. */
function secretsOf(text: string): string[] {
  const [, raw = ""] = /\/\/(.*)@/s.exec(complete(text)) ?? [];
  const url = URL.parse(complete(text));
  if (url === null) return [raw, text];
  const [user, password] = [url.username, url.password].map(decoded);
  return password === "" ? [] : [password, url.password, raw, `${user}:${password}`].filter((one) => one !== undefined);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
