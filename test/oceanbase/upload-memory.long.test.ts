/** @module-tag long */
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

/** The most additional bytes in use while a package of this size is uploaded. */
async function memoryFor(size: number, origin: string): Promise<number> {
  const path = join(await scratch(), "large.rpm");
  await writeLargeRpm(path, size);
  const [node, ...options] = TSX;
  const sender = join(__dirname, "upload-sender.ts");
  const { stdout } = await promisify(execFile)(node, ["--expose-gc", ...options, sender, origin, path]);
  const { extra, samples, same, bytes } = JSON.parse(stdout);
  expect(same).toBe(true);
  expect(bytes).toBeGreaterThan(size);
  expect(samples).toBeGreaterThan(50);
  return extra;
}

it.each([
  ["plain", "4.5.0.0-1"],
  ["encrypted", "4.2.6.0-1"],
])("200 MB are uploaded %s with no more memory than 25 MB need", { timeout: 180_000 }, async (_, version) => {
  const origin = await receiver(version);
  const small = await memoryFor(25 * MEGABYTES, origin);
  const large = await memoryFor(200 * MEGABYTES, origin);
  console.info(
    `${version}: ${(large / MEGABYTES).toFixed(1)} MB in use for 200 MB, ${(small / MEGABYTES).toFixed(1)} for 25`,
  );
  // Only a few chunks are in memory; a body that is kept would be 175 MB more.
  expect(large - small).toBeLessThan(16 * MEGABYTES);
  expect(large).toBeLessThan(32 * MEGABYTES);
});
