#!/usr/bin/env node
import "./node";
import { runCommand } from "./commands";
import { processTerminal } from "./terminal";

/** `npx pulumi-dbversion`. The standard output is written by now; what is kept open for a next resource is of no use. */
function end(code: number, last = ""): void {
  process.stderr.write(last, () => process.exit(code));
}

runCommand(process.argv.slice(2), processTerminal()).then(end, (error: unknown) =>
  end(1, `pulumi-dbversion: ${error instanceof Error ? error.stack : error}\n`),
);
