import { z } from "zod";
import * as core from "../../provider/core/arguments";
import * as changes from "../../provider/core/control/arguments";
import * as stack from "../../provider/frontend/resource/stack-settings";
import * as oceanbase from "../../provider/oceanbase/arguments";
import * as redisenterprise from "../../provider/redisenterprise/arguments";
import * as targets from "../../provider/redisenterprise/modules/targets";
import * as taurusdb from "../../provider/taurusdb/arguments";

/** The definitions of the arguments, as the generated parts of `sdk/` and of the pages name them. */

const MODULES: Readonly<Record<string, object>> = {
  "provider/core/arguments.ts": core,
  "provider/core/control/arguments.ts": changes,
  "provider/oceanbase/arguments.ts": oceanbase,
  "provider/taurusdb/arguments.ts": taurusdb,
  "provider/redisenterprise/arguments.ts": redisenterprise,
  "provider/redisenterprise/modules/targets.ts": targets,
  "provider/frontend/resource/stack-settings.ts": stack,
};

/** An argument with its complete definition. */
export interface Argument extends core.Definition {
  readonly name: string;
  readonly schema: z.ZodType;
}

/** A value of the stack configuration or of a `Provider`. */
export interface Setting extends core.Definition {
  readonly name: string;
  readonly source: core.CredentialSource;
  /** Missing if no resource has it as an argument. */
  readonly schema?: z.ZodType;
}

/** @param file path of a module @param name of the arguments that it exports */
export function argumentsOf(file: string, name: string): Argument[] {
  const fields = Object.entries(moduleOf(file)).find(([exported]) => exported === name)?.[1];
  if (!isFields(fields)) throw new Error(`${file} exports no arguments ${name}`);
  return defined(fields);
}

/** The names of a module's secrets, each once. */
export function secretsOf(file: string): string[] {
  return [...new Set(groupsOf(file).flatMap(({ name, secret }) => (secret ? [name] : [])))];
}

/** The values that a module reads from the stack configuration. */
export function settingsOf(file: string): Setting[] {
  // By name: the order of exports differs between loaders.
  const exported = Object.entries(moduleOf(file)).sort(([one], [other]) => one.localeCompare(other, "en"));
  const alone = exported.map(([, value]) => value).filter(isDefinition);
  const found = [...groupsOf(file), ...alone].flatMap((one) => {
    if (one.source === undefined) return [];
    const [, name = ""] = one.source.config.split(":");
    return [{ ...one, name, source: one.source }];
  });
  return unique(found);
}

/** Settings by vendor, in the order of the modules. */
export function settings(): Map<string, Setting[]> {
  const all = unique(Object.keys(MODULES).flatMap(settingsOf));
  return Map.groupBy(all, ({ source }) => source.config.split(":")[0] ?? "");
}

/** Several resource types have the same settings. */
function unique(settings: readonly Setting[]): Setting[] {
  return [...new Map(settings.map((one) => [one.source.config, one])).values()];
}

function groupsOf(file: string): Argument[] {
  return Object.values(moduleOf(file)).filter(isFields).flatMap(defined);
}

function defined(fields: core.Fields): Argument[] {
  return core.definitionsOf(fields).flatMap(([name, definition]) => {
    const schema = fields[name];
    return schema === undefined ? [] : [{ ...definition, name, schema }];
  });
}

function moduleOf(file: string): object {
  const found = MODULES[file];
  if (found === undefined) throw new Error(`no arguments are defined in ${file}`);
  return found;
}

function isFields(value: unknown): value is core.Fields {
  if (typeof value !== "object" || value === null) return false;
  const fields: unknown[] = Object.values(value);
  return fields.length > 0 && fields.every((one) => one instanceof z.ZodType);
}

function isDefinition(value: unknown): value is core.Definition {
  return typeof value === "object" && value !== null && "description" in value && "source" in value;
}
