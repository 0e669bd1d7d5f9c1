import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { renewedSource, sdkSources } from "./declarations";
import { renewed } from "./generated";
import { pages, ROOT } from "./pages";

/**
 * `npm run docs`: writes the arguments into `sdk/` from their definitions, then what the pages have from the docstrings there and
 * from the sources.
 */
for (const { path, text } of sdkSources()) write(path, text, renewedSource);
for (const page of pages()) write(page.path, page.text, () => renewed(page));

function write(path: string, before: string, renew: (text: string) => string): void {
  const text = renew(before);
  if (text === before) return;
  writeFileSync(join(ROOT, path), text);
  console.log(`wrote ${path}`);
}
