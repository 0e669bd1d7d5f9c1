import { wallClock } from "../../provider/core/runtime";
import { HttpClient } from "../../provider/http/client";
import { undiciTransport } from "../../provider/http/undici-transport";
import { Agents } from "../../provider/oceanbase/agent/agents";
import { readRpm } from "../../provider/oceanbase/packages/rpm";
import { uploadPackage } from "../../provider/oceanbase/packages/upload";

/** Bytes in use. Garbage is collected first, because it says nothing about the memory that is needed. */
function live(): number {
  if (globalThis.gc === undefined) throw new Error("the process needs --expose-gc");
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/**
 * A process that reads a package, uploads it, and prints how many additional bytes were in use at most at any percentage.
 * Arguments: origin, the package.
 */
async function main([origin = "", path = ""]: readonly string[]): Promise<void> {
  const { signal } = new AbortController();
  const transport = undiciTransport({});
  const http = new HttpClient({ transport, clock: wallClock, signal });
  const agents = new Agents({ endpoints: [origin], password: "p", http, clock: wallClock });
  const before = live();
  const pkg = await readRpm(path);
  const samples = [live()];
  const uploaded = await uploadPackage(agents, pkg, { signal }, () => samples.push(live()));
  await transport.close();
  const extra = Math.max(...samples) - before;
  console.log(JSON.stringify({ extra, samples: samples.length, same: uploaded.name === pkg.sha256, bytes: pkg.bytes }));
}

void main(process.argv.slice(2));
