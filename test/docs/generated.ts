import type { Page } from "./pages";
import { RESOURCES, titleOf } from "./resources";
import { argumentsTable, credentialsTable, errorsTable, outputsTable, upgradeTable } from "./tables";
import { textsTable, vendorsCodes } from "./texts";

/**
 * `npm run docs` writes everything between `<!-- generated: name of thing -->` and `<!-- end -->`.
 */
const PART = /(<!-- generated: ([\w-]+)(?: of ([\w.-]+))? -->\n)([\s\S]*?)(\n<!-- end -->)/g;

/** The text of a page with its generated parts up to date. */
export function regenerated(page: Page): string {
  return page.text.replaceAll(PART, (_, open: string, name: string, of: string | undefined, _old, close: string) => {
    return `${open}\n${part(name, of ?? "", page)}\n${close}`;
  });
}

/** The text of a page without its generated parts. */
export function withoutGenerated({ text }: Page): string {
  return text.replaceAll(PART, "");
}

/** The number of generated parts of a page. */
export function partsOf(page: Page): number {
  return [...page.text.matchAll(PART)].length;
}

function part(name: string, of: string, page: Page): string {
  if (name === "texts") return textsTable(of);
  if (name === "codes") return vendorsCodes(of);
  if (name === "credentials") return credentialsTable();
  const resource = RESOURCES.find((one) => titleOf(one) === of);
  if (resource === undefined) throw new Error(`${page.path}: there is no resource ${of}`);
  switch (name) {
    case "arguments":
      return argumentsTable(resource);
    case "outputs":
      return outputsTable(resource);
    case "lastUpgrade":
      return upgradeTable(resource);
    case "errors":
      return errorsTable(resource, { ...page, text: withoutGenerated(page) });
    default:
      throw new Error(`${page.path}: nothing is called ${name}`);
  }
}
