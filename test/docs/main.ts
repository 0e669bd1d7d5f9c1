import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { renewed } from "./generated";
import { pages, ROOT } from "./pages";

/** `npm run docs`: writes what the pages have from the docstrings and from the sources. */
for (const page of pages()) {
  const text = renewed(page);
  if (text === page.text) continue;
  writeFileSync(join(ROOT, page.path), text);
  console.log(`wrote ${page.path}`);
}
