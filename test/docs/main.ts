import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { regeneratedSource, sdkSources } from "./declarations";
import { regenerated } from "./generated";
import { pages, ROOT } from "./pages";

/**
 * `npm run docs`: writes the arguments into `sdk/` from their definitions, then the generated parts of the pages from the
 * docstrings and the sources.
 */
for (const { path, text } of sdkSources()) write(path, text, regeneratedSource);
for (const page of pages()) write(page.path, page.text, () => regenerated(page));

function write(path: string, before: string, regenerate: (text: string) => string): void {
  const text = regenerate(before);
  if (text === before) return;
  writeFileSync(join(ROOT, path), text);
  console.log(`wrote ${path}`);
}
