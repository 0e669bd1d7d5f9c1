import type { z } from "zod";
import type { CredentialSource, Definition } from "../../core/arguments";
import type { ChangeArguments } from "../../core/control/change-arguments";
import type { StackRules } from "../../core/policy";
import type { ConfigReader } from "./credentials";

/** Settings of the stack or of an explicit Provider. None are secret. */

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
