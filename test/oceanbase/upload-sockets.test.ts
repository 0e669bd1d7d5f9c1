import { createServer, type Server } from "node:http";
import { describe, expect, it, onTestFinished } from "vitest";
import { DIRECT, wallClock } from "../../provider/core/runtime";
import { TransportError } from "../../provider/http/transport";
import { undiciTransport } from "../../provider/http/undici-transport";
import { uploadPackage } from "../../provider/oceanbase/packages/upload";
import { ObshellCluster, ScaledClock, serve } from "../simulators";
import {
  failureOf,
  type Harness,
  harnessFor,
  INTERRUPTED,
  PASSWORD,
  PLAIN,
  packageOf,
  SEALED,
  uploadMissing,
} from "./upload-rig";

const OLD = "4.2.5.0-112024111111";
type Limits = Parameters<typeof undiciTransport>[2];

/** A cluster that is served over real sockets. */
async function served(
  agentVersion: string,
): Promise<Harness & { cluster: ObshellCluster; origins: readonly string[] }> {
  const cluster = new ObshellCluster({ clock: new ScaledClock(), rootPassword: PASSWORD, agentVersion, zones: 1 });
  const server = await serve(cluster);
  onTestFinished(() => server.close());
  return { cluster, origins: server.origins, ...throughSockets(server.origins) };
}

function throughSockets(origins: readonly string[], limits: Limits = {}): Harness {
  const transport = undiciTransport({}, DIRECT, limits);
  onTestFinished(() => transport.close());
  return harnessFor(origins, transport, wallClock);
}

/** An agent of 4.3.0.0 that responds to reads and calls `onUpload` when an upload begins. */
async function agentThat(onUpload: (server: Server, request: import("node:http").IncomingMessage) => void) {
  const cluster = new ObshellCluster({ clock: new ScaledClock(), rootPassword: PASSWORD, zones: 1 });
  const [host] = cluster.hosts;
  const server = createServer((request, response) => {
    if (request.method === "POST") return onUpload(server, request);
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
    const reply = host?.handle({ method: "GET", target: request.url ?? "", headers, body: Buffer.alloc(0) });
    return response.writeHead(reply?.status ?? 500, reply?.headers).end(reply?.body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("the server does not listen");
  return `http://127.0.0.1:${address.port}`;
}

const large = () => packageOf({ payload: Buffer.alloc(30_000_000, 5) });

describe("an upload over a socket", () => {
  it.each([
    ["4.3.3.0-102025103117", PLAIN],
    [OLD, SEALED],
  ])("to an agent of %s arrives complete at %s", async (agentVersion, endpoint) => {
    const harness = await served(agentVersion);
    const { cluster } = harness;
    const pkg = await packageOf({ payload: Buffer.alloc(8_000_001, 9) });
    expect(await uploadMissing(harness, [pkg])).toMatchObject([{ name: "oceanbase-ce", version: "4.3.5.2" }]);
    expect(cluster.journal.count("POST", endpoint)).toBe(1);
    expect(cluster.state.packages).toMatchObject([{ md5: pkg.md5 }]);
  });

  it("whose response is lost is found, not sent again", async () => {
    const harness = await served("4.3.3.0-102025103117");
    const { cluster } = harness;
    cluster.faults.add({ match: { method: "POST", path: PLAIN }, fault: { kind: "loseReply" } });
    expect(await uploadMissing(harness, [await packageOf()])).toHaveLength(1);
    expect(cluster.journal.count("POST", PLAIN)).toBe(1);
  });

  it("that is aborted halfway ends at once, with the signal's reason", async () => {
    let arrived = 0;
    const origin = await agentThat((_, request) => {
      request.on("error", () => undefined);
      request.on("data", (chunk: Buffer) => {
        arrived += chunk.length;
        request.pause();
        setTimeout(() => request.resume(), 20);
      });
    });
    const { agents, controller, runtime } = throughSockets([origin]);
    const pkg = await large();
    const uploading = uploadPackage(agents, pkg, runtime, () => {
      if (arrived > 100_000) controller.abort(INTERRUPTED);
    });
    await expect(uploading).rejects.toBe(INTERRUPTED);
    expect(arrived).toBeLessThan(pkg.bytes);
  });

  it("that is aborted while its response is awaited may have been stored", async () => {
    const origin = await agentThat((_, request) => {
      request.resume();
      request.on("end", () => controller.abort(INTERRUPTED));
    });
    const { agents, controller, runtime } = throughSockets([origin]);
    expect(await failureOf(uploadPackage(agents, await packageOf(), runtime))).toMatchObject({
      name: "Unreachable",
      sent: true,
    });
  });

  it("whose connection breaks halfway has no effect, and is not repeated", async () => {
    let connections = 0;
    const origin = await agentThat((_, request) => {
      connections += 1;
      request.once("data", () => request.socket.resetAndDestroy());
    });
    const { agents, runtime } = throughSockets([origin, origin.replace("127.0.0.1", "localhost")]);
    const error = await failureOf(uploadPackage(agents, await large(), runtime));
    expect(error).toMatchObject({ name: "Unreachable", sent: false });
    expect(error.cause).toBeInstanceOf(TransportError);
    expect(connections).toBe(1);
  });

  it("whose connection breaks halfway ends the run at once", async () => {
    const origin = await agentThat((_, request) => {
      request.once("data", () => request.socket.resetAndDestroy());
    });
    const error = await failureOf(uploadMissing(throughSockets([origin]), [await large()]));
    expect(error).toMatchObject({ name: "UpgradeError", code: "unreachable" });
    expect(error.sentence).toMatch(
      /^The upload of oceanbase-ce-4\S+ was interrupted: .* Nothing was stored\. Run \{apply\} again\.$/,
    );
  });

  it("that the server does not read is aborted", async () => {
    const origin = await agentThat((_, request) => request.pause());
    const { agents, runtime } = throughSockets([origin], { stallTimeout: 300 });
    const error = await failureOf(uploadPackage(agents, await large(), runtime));
    expect(error).toMatchObject({
      name: "Unreachable",
      sent: false,
      message: expect.stringContaining("read no data for"),
    });
  });

  it("that is refused before it is complete fails with the server's reason", async () => {
    const origin = await agentThat((_, request) => {
      const body = JSON.stringify({ successful: false, status: 400, error: { errCode: "X.Y", message: "Not now" } });
      request.socket.write(`HTTP/1.1 400 Bad Request\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
    });
    const { agents, runtime } = throughSockets([origin]);
    const error = await failureOf(uploadPackage(agents, await large(), runtime));
    expect(error).toMatchObject({ name: "Refused", message: expect.stringContaining("Not now (X.Y, HTTP 400)") });
  });

  it("to an agent that no longer listens is certainly not sent", async () => {
    const { agents, cluster, origins, runtime } = await served(OLD);
    await agents.contactAll();
    expect(origins).toHaveLength(1);
    cluster.control.stopAgent(0);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await failureOf(uploadPackage(agents, await packageOf(), runtime))).toMatchObject({ sent: false });
  });
});
