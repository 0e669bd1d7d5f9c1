import { settings } from "./definitions";
import { declared, type Property, propertiesOf, textOf } from "./interfaces";
import { namesIn, type Page, page, rowsOf } from "./pages";
import type { Resource } from "./resources";

/** The tables of the pages, from the docstrings of the SDK, the definitions of the arguments and the page of errors. */

export function argumentsTable({ vendor, name }: Resource): string {
  const { args } = declared(vendor, name);
  const sorted = [...args.filter(({ required }) => required), ...args.filter(({ required }) => !required)];
  const rows = sorted.map((one) => [code(one.name), code(one.type), fallbackOf(one), meaningOf(one)]);
  return table(["argument", "type", "default", "meaning"], rows);
}

export function outputsTable({ vendor, name, without }: Resource): string {
  const rows = declared(vendor, name).outputs.map((one) => {
    const values = one.type === "Status" ? cell(listed(textOf("resource", "Status"), without)) : "";
    return [code(one.name), code(one.type), `${meaningOf(one)}${values}`];
  });
  return table(["output", "type", "meaning"], rows);
}

/** The fields of `lastUpgrade`. */
export function upgradeTable({ without }: Resource): string {
  const fields = propertiesOf("resource", "Upgrade").filter(({ name }) => !without.includes(name));
  const rows = fields.map((one) => {
    const type = one.name === "state" ? "string" : one.type;
    return [code(one.name), code(type), cell(listed(one.text, without))];
  });
  return table(["field", "type", "meaning"], rows);
}

/** The codes that a page does not explain itself, from the page of errors. */
export function errorsTable({ without }: Resource, own: Page): string {
  const omitted = new Set([...without, ...rowsOf(own, "code").flatMap(([first = ""]) => namesIn(first))]);
  const rows = rowsOf(page("docs/errors.md"), "code").filter(([first = ""]) =>
    namesIn(first).some((one) => !omitted.has(one)),
  );
  return table(
    ["code", "meaning", "what to do"],
    rows.map((cells) =>
      cells.map((text) => text.replaceAll("](guides/", "](../guides/").replaceAll(/<a id="[^"]*"><\/a>/g, "")),
    ),
  );
}

const VENDORS: Readonly<Record<string, string>> = {
  oceanbase: "OceanBase",
  huaweicloud: "Huawei Cloud",
  redisenterprise: "Redis Enterprise",
};

/** Where the arguments of a vendor's resources are read from. */
export function credentialsTable(): string {
  const rows = [...settings()].flatMap(([vendor, own]) => {
    const system = VENDORS[vendor];
    if (system === undefined) return [];
    return own.map(({ name, source, variable }, at) => {
      const variables = [...source.env.map(code), ...(variable === undefined ? [] : [variable])];
      return [at === 0 ? system : "", code(name), code(source.config), variables.join(", ")];
    });
  });
  return table(["system", "argument", "configuration", "environment"], rows).replaceAll("|  |", "| |");
}

/** @param rows the text of each cell */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(heads), `|${heads.map(() => "---|").join("")}`, ...rows.map(line)].join("\n");
}

/** A piece of code in a cell. */
export function code(text: string): string {
  return `\`${text.replaceAll("|", "\\|")}\``;
}

function meaningOf({ text, example }: Property): string {
  const exampleText = example === undefined ? "" : ` For example ${code(example.trim())}.`;
  return `${cell(text)}${exampleText}`;
}

function fallbackOf({ required, fallback }: Property): string {
  if (required) return "required";
  if (fallback === undefined) return "none";
  const value = /^(?:"[^"]*"|true|false)/.exec(fallback)?.[0];
  return cell(value === undefined ? fallback : `${code(value)}${fallback.slice(value.length)}`);
}

/** Prose and lists as one line. */
function cell(text: string): string {
  const lines = text.replaceAll(/\n\s*- /g, "<br>- ").replaceAll(/\s*\n\s*/g, " ");
  return lines.trim().replaceAll("|", "\\|").replace(/^- /, "<br>- ");
}

/** A docstring without the items of its list that begin with one of these names. */
function listed(text: string, without: readonly string[]): string {
  return text
    .split(/\n(?=- )/)
    .filter((item) => !without.some((name) => item.startsWith(`- \`${name}\``)))
    .join("\n");
}
