#!/usr/bin/env node
import "./node";
import { readFileSync, writeFileSync } from "node:fs";
import { buffer } from "node:stream/consumers";
import { type Command, parseCommand, USAGE } from "./command";
import { decodeText } from "./encoding";
import { ReportError, UsageError } from "./failure";
import { report } from "./report";

/** `npx pulumi-dbversion`. The exit codes are in the usage. */
async function main(args: readonly string[]): Promise<void> {
  const command = parseCommand(args);
  if (command.kind === "help") return print(USAGE);
  if (command.kind === "version") return print(`${ownVersion()}\n`);
  await draw(command);
}

async function draw({ input, output }: Extract<Command, { kind: "report" }>): Promise<void> {
  const name = input === "-" ? "The standard input" : input;
  const text = report(decodeText(await bytesOf(input)), name);
  if (output === undefined) return print(text);
  try {
    writeFileSync(output, text);
  } catch (error) {
    throw new ReportError(`The page could not be written: ${messageOf(error)}.`);
  }
}

async function bytesOf(input: string): Promise<Uint8Array> {
  try {
    return input === "-" ? await buffer(process.stdin) : readFileSync(input);
  } catch (error) {
    throw new ReportError(`The stack export could not be read: ${messageOf(error)}.`);
  }
}

/** Resolves when all is written; a reader that goes away early is no failure of ours. */
function print(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.on("error", (error: NodeJS.ErrnoException) => (error.code === "EPIPE" ? resolve() : reject(error)));
    process.stdout.write(text, () => resolve());
  });
}

/** The package finds itself through its `exports`, wherever this file lies in it. */
function ownVersion(): string {
  const { version } = JSON.parse(readFileSync(require.resolve("pulumi-dbversion/package.json"), "utf8"));
  return String(version);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  if (error instanceof UsageError) {
    process.stderr.write(`pulumi-dbversion: ${error.message}\n\n${USAGE}`);
    process.exitCode = 2;
    return;
  }
  const known = error instanceof ReportError;
  process.stderr.write(`pulumi-dbversion: ${known ? error.message : ((error as Error).stack ?? error)}\n`);
  process.exitCode = 1;
});
