import { readFileSync } from "node:fs";
import { suggestion } from "../../provider/base/closest";
import { type Definition, definitionsOf } from "../../provider/core/arguments";
import { Unreachable, UpgradeError } from "../../provider/core/errors";
import type { Estate, EstateKind } from "../../provider/core/estate";
import { type Progress, type Proxies, type Runtime, steady } from "../../provider/core/runtime";
import { type Resolved, resolveArguments } from "../../provider/frontend/resource/arguments";
import { fillCredentials } from "../../provider/frontend/resource/credentials";
import { reasonsOf } from "../../provider/frontend/resource/session";
import { estates } from "../../provider/systems";
import type { Given, Option, Options } from "./command";
import { messageOf, UsageError } from "./failure";
import { configOf } from "./stack";
import type { Terminal } from "./terminal";

/** Arguments that are PEM text: an option names their file. */
const FILES: ReadonlySet<string> = new Set(["caCertificate", "clientCertificate", "clientKey"]);

/** Options whose meaning depends on the system. */
const MEANINGS: Readonly<Record<string, string>> = {
  endpoint: "Addresses of one cluster, separated by commas; for taurusdb, the address of the service",
};

/** One cluster or project, with its connection. */
export interface Connection {
  readonly kind: EstateKind;
  /** The validated arguments from options, configuration and prompts, including secrets. */
  readonly args: object;
  /** Arguments that were read from a file, with its path. */
  readonly files: ReadonlyMap<string, string>;
  readonly proxies: Proxies;
  /** Sends no request itself. Errors name the source of rejected credentials. */
  open(): Estate;
}

/** `caCertificate` as `--ca-certificate`; one value of a list is an option in the singular. */
function optionOf(argument: string): string {
  const singular = argument === "endpoints" ? "endpoint" : argument;
  return singular.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** The connection options of all systems, without secrets: other users of the machine can see a command line. */
export function connectionOptions(kinds: ReadonlyMap<string, EstateKind>): Options {
  const options = new Map<string, { readonly option: Option; readonly systems: string[] }>();
  for (const [system, kind] of kinds) {
    for (const [argument, definition] of definitionsOf(kind.inputs.shape)) {
      if (definition.secret === true && !FILES.has(argument)) continue;
      const name = optionOf(argument);
      const known = options.get(name);
      known?.systems.push(system);
      if (known === undefined) options.set(name, { option: optionFor(argument, definition, kind), systems: [system] });
    }
  }
  return Object.fromEntries(
    [...options].map(([name, { option, systems }]) => {
      const whose = systems.length === kinds.size ? "" : ` (${systems.join(", ")})`;
      return [name, { ...option, description: `${option.description}${whose}` }];
    }),
  );
}

/** An option for an argument, as the argument is defined. */
function optionFor(argument: string, definition: Definition, { each, filters = [] }: EstateKind): Option {
  const { description, values } = definition;
  const sentence = typeof description === "string" ? description : (description[0] ?? "");
  const meaning = MEANINGS[optionOf(argument)] ?? sentence.replace(/\.$/, "");
  const value = values === undefined ? placeholder(argument) : Object.keys(values).join("|");
  const multiple = argument === each || filters.includes(argument);
  return {
    description: `${meaning}${multiple ? "; may be repeated" : ""}`,
    ...(typeof definition.default === "boolean" ? {} : { value }),
    ...(multiple ? { multiple: true } : {}),
  };
}

function placeholder(argument: string): string {
  if (FILES.has(argument)) return "FILE";
  if (argument === "tag") return "KEY=VALUE";
  return /^endpoint/.test(argument) ? "URL[,URL]" : argument.replace(/^.*(?=[A-Z])/, "").toUpperCase();
}

/** The names of all systems on the command line. */
export const SYSTEMS: readonly string[] = Object.keys(estates);

/** Every system of the package, by its name on the command line. */
export async function estateKinds({ systems }: Pick<Terminal, "systems">): Promise<ReadonlyMap<string, EstateKind>> {
  const loaded = Object.entries(systems.estates).map(async ([name, load]) => [name, await load()] as const);
  return new Map(await Promise.all(loaded));
}

/** A system and its name on the command line. */
export interface System {
  readonly name: string;
  readonly kind: EstateKind;
}

/** The system that the first operand names. @throws UsageError also for an option of another one */
export async function systemOf(given: Given, terminal: Terminal): Promise<System> {
  given.atMost(1);
  const kinds = await estateKinds(terminal);
  const [system] = given.operands;
  const names = [...kinds.keys()];
  if (system === undefined) throw new UsageError(`specify a system: ${names.join(", ")}`);
  const kind = kinds.get(system);
  if (kind === undefined) throw new UsageError(`unknown system "${system}"; ${suggestion(system, names)}`);
  const own = connectionOptions(new Map([[system, kind]]));
  const foreign = Object.keys(connectionOptions(kinds)).find((name) => given.has(name) && !Object.hasOwn(own, name));
  if (foreign !== undefined) {
    const known = Object.keys(own).map((name) => `--${name}`);
    throw new UsageError(`--${foreign} is not an option of ${system}; ${suggestion(`--${foreign}`, known)}`);
  }
  const twice = Object.keys(own).find((name) => own[name]?.multiple !== true && given.all(name).length > 1);
  if (twice !== undefined) throw new UsageError(`--${twice} was given more than once`);
  return { name: system, kind };
}

/**
 * The connections of a command line: one for each value of the argument that names a cluster or project.
 * @throws UsageError if the system does not have an option, or the arguments are incomplete
 */
export async function connectionsOf(system: System, given: Given, terminal: Terminal): Promise<readonly Connection[]> {
  const { kind } = system;
  const config = await configOf(given, terminal);
  const files = new Map<string, string>();
  const written: Record<string, unknown> = {};
  for (const [argument] of definitionsOf(kind.inputs.shape)) {
    const option = optionOf(argument);
    const value = given.text(option);
    if (value === undefined || argument === kind.each) continue;
    if (FILES.has(argument)) files.set(argument, value);
    if (kind.filters?.includes(argument) === true) written[argument] = given.all(option);
    else written[argument] = FILES.has(argument) ? contentOf(option, value) : value === "" ? true : value;
  }
  const several = [...new Set(given.all(optionOf(kind.each)))].map((value) => ({
    [kind.each]: partsOf(kind.each, value),
  }));
  const { values } = fillCredentials(written, kind.credentials, config, terminal.env);
  const entered = await promptFor(kind, { ...values, ...several[0] }, terminal);
  const origins = {
    ...Object.fromEntries(Object.keys(written).map((argument) => [argument, `--${optionOf(argument)}`])),
    ...Object.fromEntries(Object.keys(entered).map((argument) => [argument, "the prompt"])),
  };
  return (several.length === 0 ? [{}] : several).map((own) => {
    const places = { config, env: terminal.env, origins };
    const resolved = resolveArguments(kind, { ...written, ...entered, ...own }, places);
    const failures = resolved.failures.map(({ property, reason }) => ({
      property: propertyOf(property, system),
      reason: withOptions(reason, system),
    }));
    const attribute = (error: UpgradeError) => inOptions(resolved.attribute(error), system);
    return connectionTo(system, { ...resolved, failures, attribute }, terminal, files);
  });
}

function hasOption(argument: string, { name, kind }: System): boolean {
  return Object.hasOwn(connectionOptions(new Map([[name, kind]])), optionOf(argument));
}

/** A text with options of the command in place of arguments: `--allow-plain-http` for `allowPlainHttp`. */
function withOptions(text: string, system: System): string {
  return text
    .replace(/argument `(\w+)`, /g, (whole, argument: string) => (hasOption(argument, system) ? whole : ""))
    .replace(/(argument )?`(\w+)`/g, (whole, noun: string | undefined, argument: string) =>
      hasOption(argument, system) ? `${noun === undefined ? "" : "option "}\`--${optionOf(argument)}\`` : whole,
    );
}

/** `--endpoint` for `endpoints.0` */
function propertyOf(property: string, system: System): string {
  const [argument = ""] = property.split(".");
  return hasOption(argument, system) ? `--${optionOf(argument)}` : property;
}

/** An error of a connection whose remedy names arguments. */
function inOptions(error: UpgradeError, system: System): UpgradeError {
  const { code, message, remedy } = error;
  if (remedy === undefined || error instanceof Unreachable) return error;
  return new UpgradeError(code, withOptions(message, system), { remedy: withOptions(remedy, system), cause: error });
}

/** Several addresses of one cluster are one value. */
function partsOf(argument: string, value: string): unknown {
  return argument === "endpoints" ? value.split(",").map((part) => part.trim()) : value;
}

function contentOf(option: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new UsageError(`--${option} cannot be read: ${messageOf(error)}`);
  }
}

async function promptFor(
  kind: EstateKind,
  given: Readonly<Record<string, unknown>>,
  { prompt }: Terminal,
): Promise<Record<string, string>> {
  const prompted: Record<string, string> = {};
  if (prompt === undefined) return prompted;
  for (const argument of kind.prompts(given)) {
    const input = await prompt(`${kind.title}: ${argument}`);
    if (input !== "") prompted[argument] = input;
  }
  return prompted;
}

/**
 * @param files arguments that were read from a file, with its path
 * @throws UsageError if the arguments are incomplete or invalid
 */
export function connectionTo(
  { name, kind }: System,
  { args, failures, proxies, secrets, attribute }: Resolved<object>,
  terminal: Terminal,
  files: ReadonlyMap<string, string> = new Map(),
): Connection {
  for (const secret of secrets) terminal.conceal(secret);
  if (args === undefined) throw new UsageError(`${name}: ${reasonsOf({ failures })}`);
  const runtime: Runtime = {
    clock: steady(terminal.clock),
    wall: terminal.clock,
    signal: terminal.signal,
    proxies,
    random: Math.random,
    report: ({ message, percent }: Progress) =>
      terminal.progress(`${percent === undefined ? "" : `${Math.floor(percent)}% `}${message}`),
    inform: () => undefined,
    warn: () => undefined,
    conceal: terminal.conceal,
  };
  return { kind, args, files, proxies, open: () => attributing(kind.open(args, runtime), attribute) };
}

/** The same estate, with errors that name the source of rejected credentials. */
function attributing(estate: Estate, attribute: (error: UpgradeError) => UpgradeError): Estate {
  const attempt = <T>(read: () => Promise<T>): Promise<T> =>
    read().catch((error: unknown) => {
      throw error instanceof UpgradeError ? attribute(error) : error;
    });
  return {
    title: estate.title,
    origins: estate.origins,
    checks: estate.checks.map(({ name, run }) => ({ name, run: () => attempt(run) })),
    inventory: () => attempt(() => estate.inventory()),
    close: () => estate.close(),
  };
}
