import { describe, expect, it } from "vitest";
import { resource, stackExport } from "../report/export";
import { onNetwork } from "./rig";
import { silentServer } from "./silent-server";

const ENV = {
  OCEANBASE_PASSWORD: "unused-password",
  REDIS_ENTERPRISE_USER: "ops",
  REDIS_ENTERPRISE_PASSWORD: "unused-too",
};

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
});
