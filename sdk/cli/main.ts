#!/usr/bin/env node
import "./node";
import { ended, runCommand } from "./commands";
import { processStreams, withoutSecrets } from "./terminal";

/** `npx pulumi-dbversion`. The standard output is written by now; what is kept open for a next resource is of no use. */
function end(code: number): void {
  process.stderr.write("", () => process.exit(code));
}

const terminal = withoutSecrets(processStreams());
// Node would print it with its secrets.
process.on("uncaughtException", (error) => end(ended(error, undefined, terminal)));
runCommand(process.argv.slice(2), terminal).then(end);
