/**
 * `pulumi up` of one directory on the local engine, as a process of its own, so that engine, program and provider run on
 * the Node that runs this. The request comes on the standard input, the answer goes to the standard output.
 */
import { text } from "node:stream/consumers";
import { type Deployment, openEngine } from "../engine";

export interface UpRequest {
  readonly dir: string;
  readonly env: Readonly<Record<string, string>>;
}

export interface UpAnswer {
  readonly node: string;
  readonly ok: boolean;
  readonly output: string;
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly state: Deployment;
}

async function main(): Promise<UpAnswer> {
  const { dir, env }: UpRequest = JSON.parse(await text(process.stdin));
  const engine = await openEngine({ dir, env, prefer: "local" });
  try {
    const { ok, output, outputs } = await engine.up();
    return { node: process.versions.node, ok, output, outputs, state: await engine.exportState() };
  } finally {
    await engine.close();
  }
}

main().then((answer) => process.stdout.write(JSON.stringify(answer)));
