import { createServer, type Server } from "node:http";
import { describe, expect, it, onTestFinished } from "vitest";
import { DIRECT, wallClock } from "../../provider/core/runtime";
import { TransportError } from "../../provider/http/transport";
import { undiciTransport } from "../../provider/http/undici-transport";
import { uploadPackage } from "../../provider/oceanbase/packages/upload";
import { ObshellCluster, ScaledClock, serve } from "../simulators";
import { ensured, failureOf, type Hands, handsOn, INTERRUPTED, PASSWORD, PLAIN, packageOf, SEALED } from "./upload-rig";

const OLD = "4.2.5.0-112024111111";
type Limits = Parameters<typeof undiciTransport>[2];

/** A cluster behind real sockets. */
async function served(agentVersion: string): Promise<Hands & { cluster: ObshellCluster; origins: readonly string[] }> {
  const cluster = new ObshellCluster({ clock: new ScaledClock(), rootPassword: PASSWORD, agentVersion, zones: 1 });
  const door = await serve(cluster);
  onTestFinished(() => door.close());
  return { cluster, origins: door.origins, ...throughSockets(door.origins) };
}

function throughSockets(origins: readonly string[], limits: Limits = {}): Hands {
  const transport = undiciTransport({}, DIRECT, limits);
  onTestFinished(() => transport.close());
  return handsOn(origins, transport, wallClock);
}

/** An agent of 4.3.0.0 that is asked who it is, and then does `onUpload` with its first bytes. */
async function agentThat(onUpload: (server: Server, request: import("node:http").IncomingMessage) => void) {
  const cluster = new ObshellCluster({ clock: new ScaledClock(), rootPassword: PASSWORD, zones: 1 });
  const [host] = cluster.hosts;
  const server = createServer((request, response) => {
    if (request.method === "POST") return onUpload(server, request);
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
    const answer = host?.handle({ method: "GET", target: request.url ?? "", headers, body: Buffer.alloc(0) });
    return response.writeHead(answer?.status ?? 500, answer?.headers).end(answer?.body);
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
  ])("to an agent of %s arrives whole at %s", async (agentVersion, endpoint) => {
    const hands = await served(agentVersion);
    const { cluster } = hands;
    const pkg = await packageOf({ payload: Buffer.alloc(8_000_001, 9) });
    expect(await ensured(hands, [pkg])).toMatchObject([{ name: "oceanbase-ce", version: "4.3.5.2" }]);
    expect(cluster.journal.count("POST", endpoint)).toBe(1);
    expect(cluster.state.packages).toMatchObject([{ md5: pkg.md5 }]);
  });

  it("whose answer is lost is found, not sent again", async () => {
    const hands = await served("4.3.3.0-102025103117");
    const { cluster } = hands;
    cluster.faults.add({ match: { method: "POST", path: PLAIN }, fault: { kind: "loseReply" } });
    expect(await ensured(hands, [await packageOf()])).toHaveLength(1);
    expect(cluster.journal.count("POST", PLAIN)).toBe(1);
  });

  it("that is aborted in the middle ends at once, with the signal's reason", async () => {
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

  it("that is aborted while its answer is awaited may have been stored", async () => {
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

  it("whose connection breaks in the middle has no effect, and is not begun again", async () => {
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

  it("whose connection breaks in the middle ends the run: it is not waited out", async () => {
    const origin = await agentThat((_, request) => {
      request.once("data", () => request.socket.resetAndDestroy());
    });
    const error = await failureOf(ensured(throughSockets([origin]), [await large()]));
    expect(error).toMatchObject({ name: "UpgradeError", code: "unreachable" });
    expect(error.sentence).toMatch(
      /^The upload of oceanbase-ce-4\S+ was interrupted: .* Nothing was stored\. Run \{apply\} again\.$/,
    );
  });

  it("that the server leaves unread is given up", async () => {
    const origin = await agentThat((_, request) => request.pause());
    const { agents, runtime } = throughSockets([origin], { stallTimeout: 300 });
    const error = await failureOf(uploadPackage(agents, await large(), runtime));
    expect(error).toMatchObject({
      name: "Unreachable",
      sent: false,
      message: expect.stringContaining("read no data for"),
    });
  });

  it("that is refused before it has all arrived tells why", async () => {
    const origin = await agentThat((_, request) => {
      const body = JSON.stringify({ successful: false, status: 400, error: { errCode: "X.Y", message: "Not now" } });
      request.socket.write(`HTTP/1.1 400 Bad Request\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
    });
    const { agents, runtime } = throughSockets([origin]);
    const error = await failureOf(uploadPackage(agents, await large(), runtime));
    expect(error).toMatchObject({ name: "Refused", message: expect.stringContaining("Not now (X.Y, HTTP 400)") });
  });

  it("to nobody was certainly not sent", async () => {
    const { agents, cluster, origins, runtime } = await served(OLD);
    await agents.contactAll();
    expect(origins).toHaveLength(1);
    cluster.control.stopAgent(0);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await failureOf(uploadPackage(agents, await packageOf(), runtime))).toMatchObject({ sent: false });
  });
});
