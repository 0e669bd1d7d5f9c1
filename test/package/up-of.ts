import { type Deployment, openEngine } from "../engine";

export interface UpRequest {
  readonly dir: string;
  readonly env: Readonly<Record<string, string>>;
}

export interface UpResult {
  readonly node: string;
  readonly ok: boolean;
  readonly output: string;
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly state: Deployment;
}

/** `pulumi up` of one directory on the local engine, with the current Node. */
export async function up({ dir, env }: UpRequest): Promise<UpResult> {
  // The package of a test is never loaded again, so caching its compiled code has no use.
  const engine = await openEngine({ dir, env: { ...env, NODE_COMPILE_CACHE: undefined }, prefer: "local" });
  try {
    const { ok, output, outputs } = await engine.up();
    return { node: process.versions.node, ok, output, outputs, state: await engine.exportState() };
  } finally {
    await engine.close();
  }
}
