import { afterAll, beforeAll, describe, onTestFinished } from "vitest";
import { makeWorkspace } from "../engine/workspace";
import { FakeEngine } from "./engine";
import { DynamicProvider, type ProviderOptions } from "./provider";

/** The newest and the oldest SDK that the package supports: the process runs it, and the bridge depends on it. */
const SDKS = ["@pulumi/pulumi", "pulumi-min"] as const;
export type Sdk = (typeof SDKS)[number];

/** Declares the same tests for each SDK; those on the oldest one are long. */
export function onEachSdk(subject: string, tests: (sdk: Sdk) => void): void {
  for (const sdk of SDKS) {
    const tags = sdk === "pulumi-min" ? ["long"] : [];
    describe(`SDK ${versionOf(sdk)}: ${subject}`, { tags }, () => tests(sdk));
  }
}

/** The text in every state since the first release. It is a contract, so it is not imported from the sources. */
export const PROVIDER_TEXT = 'exports.handler=()=>require("pulumi-dbversion/provider").provider';

export interface HostOptions extends Pick<ProviderOptions, "config" | "env" | "responseTimeout"> {
  /**
   * Whether no RPC has loaded the provider's module yet: that RPC has no bridge. By default a check has, as in every
   * run that has a program.
   */
  readonly fresh?: boolean;
}

/** A provider process and the engine that it logs to. */
export interface Host {
  readonly engine: FakeEngine;
  readonly provider: DynamicProvider;
  close(): Promise<void>;
}

export async function openHost(sdk: Sdk, { fresh = false, ...options }: HostOptions = {}): Promise<Host> {
  const workspace = await makeWorkspace({ project: "shop", sdk });
  const engine = await FakeEngine.start();
  let provider: DynamicProvider | undefined;
  const close = async () => {
    await provider?.stop();
    engine.die();
    await workspace.close();
  };
  try {
    provider = await DynamicProvider.start({ cwd: workspace.dir, engineAddress: engine.address, ...options });
    if (!fresh) await provider.check(LOADER, { __provider: PROVIDER_TEXT, __urn: LOADER });
    return { engine, provider, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A process for one test. */
export async function hostOfTest(sdk: Sdk, options?: HostOptions): Promise<Host> {
  const host = await openHost(sdk, options);
  onTestFinished(() => host.close());
  return host;
}

/** One process for all tests of a suite: none of them may cancel it or end it. */
export function hostOfSuite(sdk: Sdk, options?: HostOptions): () => Host {
  let host: Host | undefined;
  beforeAll(async () => {
    host = await openHost(sdk, options);
  });
  afterAll(() => host?.close());
  return () => {
    if (host === undefined) throw new Error("the suite has not begun");
    return host;
  };
}

export function urnOf(name: string, type = "oceanbase:ClusterVersion"): string {
  return `urn:pulumi:dev::shop::pulumi-nodejs:dynamic/${type}::${name}`;
}

/** Its arguments are missing, so that nothing but the module is loaded for it. */
const LOADER = urnOf("loads-the-module");

function versionOf(sdk: string): string {
  const { version }: { version: string } = require(`${sdk}/package.json`);
  return version;
}
