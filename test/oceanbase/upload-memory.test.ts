import { execFile, spawn } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it, onTestFinished } from "vitest";
import { writeLargeRpm } from "../support/rpm-package";
import { scratch } from "./upload-rig";

const MEGABYTES = 1_000_000;
const TSX = [process.execPath, "--import", "tsx"] as const;

async function receiver(version: string): Promise<string> {
  const [node, ...options] = TSX;
  const child = spawn(node, [...options, join(__dirname, "upload-receiver.ts"), version], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill());
  const [port] = await new Promise<Buffer[]>((resolve) => child.stdout.once("data", (line: Buffer) => resolve([line])));
  return `http://127.0.0.1:${String(port).trim()}`;
}

it.each([
  ["plain", "4.5.0.0-1"],
  ["encrypted", "4.2.6.0-1"],
])("200 MB are uploaded %s within 64 MB of memory", { timeout: 180_000 }, async (_, version) => {
  const origin = await receiver(version);
  const path = join(await scratch(), "large.rpm");
  await writeLargeRpm(path, 200 * MEGABYTES);
  const [node, ...options] = TSX;
  const sender = join(__dirname, "upload-sender.ts");
  const { stdout } = await promisify(execFile)(node, [...options, sender, origin, path]);
  const { extra, same, bytes } = JSON.parse(stdout);
  console.info(`${version}: ${(extra / MEGABYTES).toFixed(1)} MB beyond the memory before the upload`);
  expect(same).toBe(true);
  expect(bytes).toBeGreaterThan(200 * MEGABYTES);
  expect(extra).toBeLessThan(64 * MEGABYTES);
});
