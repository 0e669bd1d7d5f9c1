import { page } from "./page";
import { stackOf } from "./stack";
import { readStackExport } from "./stack-export";

/**
 * The page for what `pulumi stack export` printed.
 * @param name of the input, for messages
 * @throws ReportError
 */
export function report(text: string, name: string): string {
  return page(stackOf(readStackExport(text, name), name));
}
