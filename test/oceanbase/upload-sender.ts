import { wallClock } from "../../provider/core/runtime";
import { HttpClient } from "../../provider/http/client";
import { undiciTransport } from "../../provider/http/undici-transport";
import { Agents } from "../../provider/oceanbase/agent/agents";
import { readRpm } from "../../provider/oceanbase/packages/rpm";
import { uploadPackage } from "../../provider/oceanbase/packages/upload";

/** Bytes that are in use: what a collector has not got round to yet says nothing of what is needed. */
function live(): number {
  if (globalThis.gc === undefined) throw new Error("the process needs --expose-gc");
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/**
 * A process that reads a package and uploads it, and prints how many bytes more were in use at any percent of that than before.
 * Arguments: origin, the package.
 */
async function main([origin = "", path = ""]: readonly string[]): Promise<void> {
  const { signal } = new AbortController();
  const transport = undiciTransport({});
  const http = new HttpClient({ transport, clock: wallClock, signal });
  const agents = new Agents({ endpoints: [origin], password: "p", http, clock: wallClock });
  const before = live();
  const pkg = await readRpm(path);
  const seen = [live()];
  const answer = await uploadPackage(agents, pkg, { signal }, () => seen.push(live()));
  await transport.close();
  const extra = Math.max(...seen) - before;
  console.log(JSON.stringify({ extra, looks: seen.length, same: answer.name === pkg.sha256, bytes: pkg.bytes }));
}

void main(process.argv.slice(2));
