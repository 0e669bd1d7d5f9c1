import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, expect, it, onTestFinished } from "vitest";
import { resource, stackExport } from "../report/export";
import { onNetwork } from "./rig";

const MAIN = join(__dirname, "..", "..", "sdk", "cli", "main.ts");
const ENV = {
  OCEANBASE_PASSWORD: "unused-password",
  REDIS_ENTERPRISE_USER: "ops",
  REDIS_ENTERPRISE_PASSWORD: "unused-too",
};

/** A server that takes connections and never answers. */
async function silentServer(): Promise<{ readonly server: Server; readonly address: string }> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    onTestFinished(() => void socket.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const address = server.address();
  return { server, address: `127.0.0.1:${typeof address === "object" ? address?.port : ""}` };
}

function stackOn(address: string): string {
  const args = { endpoints: [`http://${address}`], version: "4.3.5.2" };
  return stackExport([resource({ type: "oceanbase:ClusterVersion", name: "orders", args })]);
}

const COMMANDS: readonly (readonly [string, (address: string) => readonly string[]])[] = [
  ["doctor, for a TLS handshake", (to) => ["doctor", "redis-enterprise", "--endpoint", `https://${to}`]],
  ["doctor, for an answer", (to) => ["doctor", "oceanbase", "--endpoint", `http://${to}`]],
  ["doctor of a stack", () => ["doctor", "--file", "-"]],
  ["discover", (to) => ["discover", "oceanbase", "--endpoint", `http://${to}`]],
];

describe("^C ends a command that waits for a server", () => {
  // The first connection is the look at TCP, the second and third wait for an answer.
  it.each(COMMANDS.flatMap(([name, args]) => [1, 2].map((count) => [name, count, args] as const)))(
    "%s, at connection %i",
    async (_, count, args) => {
      const { server, address } = await silentServer();
      const interrupt = new AbortController();
      let connections = 0;
      server.on("connection", () => {
        connections += 1;
        if (connections === count) interrupt.abort();
      });
      const run = onNetwork({ env: ENV, signal: interrupt.signal, input: stackOn(address) });
      const { code, out, err } = await run(...args(address));
      expect([code, out, err]).toEqual([130, "", expect.stringMatching(/: Interrupted\. \[interrupted\]\n$/)]);
    },
  );

  it("before it has begun", async () => {
    const signal = AbortSignal.abort();
    expect(
      (await onNetwork({ env: ENV, signal }).apply(null, ["doctor", "oceanbase", "--endpoint", "http://a:1"])).code,
    ).toBe(130);
  });

  it("as a process, with the status that shells have for ^C", async () => {
    const { server, address } = await silentServer();
    const args = ["--import", "tsx", MAIN, "doctor", "redis-enterprise"];
    const child = spawn(process.execPath, [...args, "--endpoint", `https://${address}`], {
      env: { ...process.env, ...ENV },
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    const said = Promise.all([text(child.stdout), text(child.stderr)]);
    await once(server, "connection");
    child.kill("SIGINT");
    const [code] = await once(child, "exit");
    const [out, err] = await said;
    expect([code, out, err]).toEqual([130, "", "pulumi-dbversion doctor: Interrupted. [interrupted]\n"]);
  });
});
