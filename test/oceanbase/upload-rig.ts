import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { UpgradeError } from "../../provider/core/errors";
import type { Clock, Progress, Runtime } from "../../provider/core/runtime";
import { HttpClient } from "../../provider/http/client";
import type { Transport } from "../../provider/http/transport";
import { Agents } from "../../provider/oceanbase/agent/agents";
import type { UploadedPackage } from "../../provider/oceanbase/agent/schema";
import { type RpmPackage, readRpm } from "../../provider/oceanbase/packages/rpm";
import { ensureUploaded } from "../../provider/oceanbase/packages/upload";
import { createTransport, ObshellCluster } from "../simulators";
import { makeRpm, type RpmOptions } from "../support/rpm-package";
import { simulatedTransport } from "../support/simulated-transport";
import { VirtualClock } from "../support/virtual-clock";

export const PASSWORD = "r00t-p@ssword";
export const PLAIN = "/api/v1/package";
export const SEALED = "/api/v1/upgrade/package";
export const INTERRUPTED = new UpgradeError("interrupted", "Interrupted.");

export interface Harness {
  readonly agents: Agents;
  readonly runtime: Runtime;
  readonly controller: AbortController;
  readonly reports: Progress[];
  /** Messages that are not progress. */
  readonly messages: string[];
}

export interface UploadRig extends Harness {
  readonly cluster: ObshellCluster;
  readonly clock: VirtualClock;
  /** Upload requests of either endpoint that reached the cluster. */
  uploads(): number;
}

type ClusterOptions = Omit<ConstructorParameters<typeof ObshellCluster>[0], "clock">;

/** A cluster in memory and agents for uploads to it. */
export function uploadRig(options: ClusterOptions = {}): UploadRig {
  const clock = new VirtualClock();
  const cluster = new ObshellCluster({ clock, rootPassword: PASSWORD, ...options });
  const send = createTransport(cluster, { sleep: (ms) => clock.sleep(ms) });
  const endpoints = cluster.endpoints.map((address) => `http://${address}`);
  return {
    cluster,
    clock,
    uploads: () => cluster.journal.count("POST", /package$/),
    ...harnessFor(endpoints, simulatedTransport(send), clock),
  };
}

export function harnessFor(endpoints: readonly string[], transport: Transport, clock: Clock): Harness {
  const controller = new AbortController();
  const { signal } = controller;
  const reports: Progress[] = [];
  const messages: string[] = [];
  const http = new HttpClient({ transport, clock, signal });
  const addMessage = (message: string) => void messages.push(message);
  const report = (progress: Progress) => void reports.push(progress);
  return {
    agents: new Agents({ endpoints, password: PASSWORD, http, clock }),
    runtime: {
      clock,
      wall: clock,
      signal,
      random: () => 0.5,
      report,
      inform: addMessage,
      warn: addMessage,
      conceal: () => undefined,
    },
    controller,
    reports,
    messages,
  };
}

/** A directory that is removed after the test. */
export async function scratch(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "rpm-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** Writes a file with these bytes and returns its path. */
export async function fileOf(bytes: Buffer, name = "some.rpm"): Promise<string> {
  const path = join(await scratch(), name);
  await writeFile(path, bytes);
  return path;
}

export async function packageOf(options: RpmOptions = {}): Promise<RpmPackage> {
  return readRpm(await fileOf(makeRpm(options)));
}

/** The error with which a call fails. */
export async function failureOf(call: Promise<unknown>): Promise<UpgradeError> {
  const thrown: unknown = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(thrown instanceof UpgradeError)) throw new Error(`expected an UpgradeError, got ${String(thrown)}`);
  return thrown;
}

/** Uploads the missing packages and returns the receipts. */
export async function uploadMissing(
  { agents, runtime }: Harness,
  packages: readonly RpmPackage[],
): Promise<readonly UploadedPackage[]> {
  const receipts: UploadedPackage[] = [];
  await ensureUploaded(agents, packages, runtime, receipts);
  return receipts;
}
