#!/usr/bin/env node
import "./node";
import { runCommand } from "./commands";
import { processTerminal } from "./terminal";

/** `npx pulumi-dbversion`. */
runCommand(process.argv.slice(2), processTerminal()).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`pulumi-dbversion: ${error instanceof Error ? error.stack : error}\n`);
    process.exitCode = 1;
  },
);
