import type { z } from "zod";
import type { CredentialSource, Definition } from "../../core/arguments";
import type { ChangeArguments, StackRules } from "../../core/policy";
import type { Proxies } from "../../core/runtime";
import type { ConfigReader } from "./credentials";

/** Settings of the stack or of an explicit Provider, which are not arguments of a resource. */

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
  const [problem] = given.flatMap((setting) => problemOf(setting) ?? []);
  return { proxies, secrets: given.flatMap(({ text }) => secretsOf(text)), problem };
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

function problemOf({ source, text }: Setting): string | undefined {
  const url = URL.parse(complete(text));
  if (url?.protocol === "http:" || url?.protocol === "https:") return undefined;
  const expected = url === null ? "a URL" : "the URL of an HTTP proxy";
  return `${source} is not ${expected}. Example: http://proxy.example.com:3128`;
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

export const FREEZE = {
  description: "The reason why no upgrade may begin now: no upgrade request is sent in the whole stack.",
  source: { config: "dbversion:freeze", env: [] },
} satisfies Definition;

export const WINDOWS = {
  description: "When upgrades may begin, as JSON, for resources without `windows` of their own.",
  source: { config: "dbversion:windows", env: [] },
} satisfies Definition;

export const BLACKOUTS = {
  description: "Periods in which no upgrade may begin, as JSON, for resources without `blackouts` of their own.",
  source: { config: "dbversion:blackouts", env: [] },
} satisfies Definition;

export const ON_UNREACHABLE = {
  description:
    'What previews and refreshes do when a system cannot be read, for resources without `onUnreachable` of their own: "warn" or "fail".',
  source: { config: "dbversion:onUnreachable", env: [] },
} satisfies Definition;

const UNREACHABLE: ReadonlySet<unknown> = new Set(["warn", "fail"]);

/** The rules of the stack, and a problem with them, as a sentence. */
export interface StackSettings {
  readonly stack: StackRules;
  /** Whether a preview and a refresh fail if a system is unreachable. */
  readonly failsUnreachable: boolean;
  readonly problem: string | undefined;
}

/** Loads the schemas only if there are such settings. */
export async function stackRules(config: ConfigReader): Promise<StackSettings> {
  const freeze = config(FREEZE.source.config);
  const onUnreachable = config(ON_UNREACHABLE.source.config) || "warn";
  const failsUnreachable = onUnreachable === "fail";
  const misspelt = UNREACHABLE.has(onUnreachable)
    ? undefined
    : `config \`${ON_UNREACHABLE.source.config}\` must be "warn" or "fail"`;
  if (!config(WINDOWS.source.config) && !config(BLACKOUTS.source.config)) {
    return { stack: freeze ? { freeze } : {}, failsUnreachable, problem: misspelt };
  }
  const schemas = await import("../../core/control/arguments.js");
  const given = [parsed(config, WINDOWS, schemas.windows), parsed(config, BLACKOUTS, schemas.blackouts)] as const;
  const [opening, dark] = given;
  return {
    stack: {
      ...(freeze ? { freeze } : {}),
      ...(opening.value === undefined ? {} : { windows: opening.value }),
      ...(dark.value === undefined ? {} : { blackouts: dark.value }),
    },
    failsUnreachable,
    problem: misspelt ?? given.find(({ problem }) => problem !== undefined)?.problem,
  };
}

/** A conflict between the rules of the stack and the arguments of a resource. */
export async function problemBeside(
  { windows }: StackRules,
  { expect, windows: own, schedule }: ChangeArguments & { readonly schedule?: unknown },
): Promise<string | undefined> {
  if (windows === undefined || own !== undefined || expect === undefined || schedule === "maintenance-window") return;
  const { fitsNowhere } = await import("../../core/control/calendar.js");
  if (!fitsNowhere(windows, expect)) return;
  return `is longer than every window of config \`${WINDOWS.source.config}\`, so no upgrade could begin`;
}

function parsed<T>(
  config: ConfigReader,
  { source }: { readonly source: CredentialSource },
  schema: z.ZodType<T>,
): { readonly value?: T; readonly problem?: string } {
  const text = config(source.config);
  if (!text) return {};
  const result = schema.safeParse(jsonOf(text));
  if (result.success) return { value: result.data };
  const [issue] = result.error.issues;
  const at = issue === undefined || issue.path.length === 0 ? "" : ` (${issue.path.join(".")})`;
  return { problem: `config \`${source.config}\`${at} ${issue?.message ?? "is not valid"}` };
}

/** Text that is not JSON is passed to the schema, which has the right error message. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
