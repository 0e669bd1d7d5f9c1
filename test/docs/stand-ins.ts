import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { z } from "zod";

/** A command that a documented block runs. */
export interface Call {
  readonly args: readonly string[];
  readonly cwd: string;
  /** Its standard input. */
  readonly input: string;
}

/** Returns the output of the command, or rejects with the reason of its failure. */
export type StandIn = (call: Call) => Promise<string>;

export interface StandIns {
  /** A directory for the PATH, with an executable for each command. */
  readonly bin: string;
  close(): Promise<void>;
}

const request = z.object({ name: z.string(), args: z.array(z.string()), cwd: z.string(), input: z.string() });

/** Sends a command to the test, which responds with its output. */
const CLIENT = `
import { text } from "node:stream/consumers";
const [address, name, ...args] = process.argv.slice(2);
const body = JSON.stringify({ name, args, cwd: process.cwd(), input: await text(process.stdin) });
const response = await fetch(address, { method: "POST", body });
process.stdout.write(await response.text());
process.exitCode = response.ok ? 0 : 1;
`;

/** Commands that need a network or an account, served by functions of the test while a shell runs the block. */
export async function standIns(commands: Readonly<Record<string, StandIn>>): Promise<StandIns> {
  const bin = await mkdtemp(join(tmpdir(), "stand-ins-"));
  const server = createServer(async (message, response) => {
    const { name, ...call } = request.parse(await json(message));
    const result = commands[name]?.(call) ?? Promise.reject(new Error(`there is no stand-in for ${name}`));
    result.then(
      (text) => response.end(text),
      (error: unknown) => response.writeHead(500).end(`${error instanceof Error ? error.message : error}\n`),
    );
  });
  const address = await new Promise<string>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const bound = server.address();
      if (bound === null || typeof bound === "string") reject(new Error("no port"));
      else resolve(`http://127.0.0.1:${bound.port}`);
    });
  });
  await mkdir(bin, { recursive: true });
  await writeFile(join(bin, "client.mjs"), CLIENT);
  for (const name of Object.keys(commands)) {
    const file = join(bin, name);
    await writeFile(file, `#!/bin/sh\nexec "${process.execPath}" "${bin}/client.mjs" ${address} ${name} "$@"\n`);
    await chmod(file, 0o755);
  }
  return {
    bin,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(bin, { recursive: true, force: true });
    },
  };
}
