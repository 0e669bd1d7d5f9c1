import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { type Journal, startOceanBase, startRedisEnterprise, startTaurusDB } from "../simulators";

const PACKAGES = [["4.3.5.2", "102000042025031214.el7"]] as const;

export async function oceanbase() {
  const running = await startOceanBase({ buildVersion: "4.2.1.8-108000022024072217", packages: PACKAGES });
  onTestFinished(() => running.close());
  const args = ["oceanbase", "--endpoint", running.connection.endpoints.join(",")];
  return { running, args, journal: running.system.journal, secrets: [running.connection.password] };
}

export async function taurusdb() {
  const running = await startTaurusDB({ instances: 8 });
  onTestFinished(() => running.close());
  const { endpoint, projectId, accessKey, secretKey } = running.connection;
  const args = ["taurusdb", "--endpoint", endpoint, "--iam-endpoint", endpoint, "--project-id", projectId];
  return { running, args, journal: running.system.journal, secrets: [accessKey, secretKey] };
}

export async function redis() {
  const databases = [{ name: "cache", redisVersion: "7.4", modules: [{ name: "search", version: "2.10.8" }] }];
  const running = await startRedisEnterprise({ databases });
  onTestFinished(() => running.close());
  const { endpoints, serverName, caCertificate, password } = running.connection;
  const ca = await fileWith(caCertificate);
  const reach = ["redis-enterprise", "--endpoint", endpoints.join(",")];
  const trust = ["--ca-certificate", ca];
  const args = [...reach, ...trust, "--server-name", serverName];
  const journal: Journal = running.system.journal;
  return { running, reach, trust, args, journal, secrets: [password] };
}

export async function fileWith(text: string): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "doctor-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const path = join(dir, "file");
  await writeFile(path, text);
  return path;
}

/** Without its line breaks. */
export function flat(out: string): string {
  return out.replaceAll(/\s+/g, " ");
}

/** The signs of all lines, without those of the machine. */
export function signsOf(out: string): string {
  const [, ...sections] = out.split("\n\n");
  return [...sections.join("\n").matchAll(/^ {2}([✓✗–]) /gm)].map(([, sign]) => sign).join("");
}
