#!/usr/bin/env node
import "./node";
import { ended, runCommand } from "./commands";
import { processStreams, withoutSecrets } from "./terminal";

/** `npx pulumi-dbversion`. Exits although connections are still open for reuse: standard output has been written. */
function end(code: number): void {
  process.stderr.write("", () => process.exit(code));
}

const terminal = withoutSecrets(processStreams());
// Node would print it with its secrets.
process.on("uncaughtException", (error) => end(ended(error, undefined, terminal)));
runCommand(process.argv.slice(2), terminal).then(end);
