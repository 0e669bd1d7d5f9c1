import { page } from "./page";
import { stackOf } from "./stack";
import { parseInput, stackExportIn } from "./stack-export";

/**
 * The page for what `pulumi stack export` printed.
 * @param name of the input, for messages
 * @throws ReportError
 */
export function report(text: string, name: string): string {
  return reportOf(parseInput(text, name), name);
}

/** The same for parsed JSON. @throws ReportError */
export function reportOf(root: unknown, name: string): string {
  return page(stackOf(stackExportIn(root, name), name));
}
