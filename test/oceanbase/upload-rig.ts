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

export interface Hands {
  readonly agents: Agents;
  readonly runtime: Runtime;
  readonly controller: AbortController;
  readonly reports: Progress[];
  /** Lasting lines. */
  readonly said: string[];
}

export interface UploadRig extends Hands {
  readonly cluster: ObshellCluster;
  readonly clock: VirtualClock;
  /** POSTs of either endpoint that reached the cluster. */
  uploads(): number;
}

type ClusterOptions = Omit<ConstructorParameters<typeof ObshellCluster>[0], "clock">;

/** A cluster in memory and agents to upload to it. */
export function uploadRig(options: ClusterOptions = {}): UploadRig {
  const clock = new VirtualClock();
  const cluster = new ObshellCluster({ clock, rootPassword: PASSWORD, ...options });
  const send = createTransport(cluster, { sleep: (ms) => clock.sleep(ms) });
  const endpoints = cluster.endpoints.map((address) => `http://${address}`);
  return {
    cluster,
    clock,
    uploads: () => cluster.journal.count("POST", /package$/),
    ...handsOn(endpoints, simulatedTransport(send), clock),
  };
}

export function handsOn(endpoints: readonly string[], transport: Transport, clock: Clock): Hands {
  const controller = new AbortController();
  const { signal } = controller;
  const reports: Progress[] = [];
  const said: string[] = [];
  const http = new HttpClient({ transport, clock, signal });
  const tell = (message: string) => void said.push(message);
  const report = (progress: Progress) => void reports.push(progress);
  return {
    agents: new Agents({ endpoints, password: PASSWORD, http, clock }),
    runtime: {
      clock,
      wall: clock,
      signal,
      random: () => 0.5,
      report,
      inform: tell,
      warn: tell,
      conceal: () => undefined,
    },
    controller,
    reports,
    said,
  };
}

/** A directory that goes with the test. */
export async function scratch(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "rpm-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** A file with these bytes; its path. */
export async function fileOf(bytes: Buffer, name = "some.rpm"): Promise<string> {
  const path = join(await scratch(), name);
  await writeFile(path, bytes);
  return path;
}

export async function packageOf(options: RpmOptions = {}): Promise<RpmPackage> {
  return readRpm(await fileOf(makeRpm(options)));
}

/** The error that a call ends in. */
export async function failureOf(call: Promise<unknown>): Promise<UpgradeError> {
  const thrown: unknown = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(thrown instanceof UpgradeError)) throw new Error(`expected an UpgradeError, got ${String(thrown)}`);
  return thrown;
}

/** What an upload of missing packages has brought. */
export async function ensured(
  { agents, runtime }: Hands,
  packages: readonly RpmPackage[],
): Promise<readonly UploadedPackage[]> {
  const receipts: UploadedPackage[] = [];
  await ensureUploaded(agents, packages, runtime, receipts);
  return receipts;
}
