import { wallClock } from "../../provider/core/clock";
import { HttpClient } from "../../provider/http/client";
import { undiciTransport } from "../../provider/http/undici-transport";
import { Agents } from "../../provider/oceanbase/agent/agents";
import { readRpm } from "../../provider/oceanbase/packages/rpm";
import { uploadPackage } from "../../provider/oceanbase/packages/upload";

/**
 * A process that reads a package and uploads it, and prints by how many bytes its memory grew for that. Arguments:
 * origin, the package.
 */
async function main([origin = "", path = ""]: readonly string[]): Promise<void> {
  const { signal } = new AbortController();
  const transport = undiciTransport({});
  const http = new HttpClient({ transport, clock: wallClock, signal });
  const agents = new Agents({ endpoints: [origin], password: "p", http, clock: wallClock });
  const before = process.memoryUsage.rss();
  let peak = before;
  const sampler = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss());
  }, 5);
  const pkg = await readRpm(path);
  const answer = await uploadPackage(agents, pkg, { signal }, () => {
    peak = Math.max(peak, process.memoryUsage.rss());
  });
  clearInterval(sampler);
  await transport.close();
  console.log(JSON.stringify({ extra: peak - before, same: answer.name === pkg.sha256, bytes: pkg.bytes }));
}

void main(process.argv.slice(2));
