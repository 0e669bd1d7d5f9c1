import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { expect, it, onTestFinished } from "vitest";
import { silentServer } from "../silent-server";
import { COMMAND } from "./command";

const ENV = { REDIS_ENTERPRISE_USER: "ops", REDIS_ENTERPRISE_PASSWORD: "unused-too" };

it("^C ends a command that waits for a server with the status that shells have for ^C", async () => {
  const { server, address } = await silentServer();
  const args = [COMMAND, "doctor", "redis-enterprise", "--endpoint", `https://${address}`];
  const child = spawn(process.execPath, args, { env: { ...process.env, ...ENV } });
  onTestFinished(() => void child.kill("SIGKILL"));
  const said = Promise.all([text(child.stdout), text(child.stderr)]);
  const ended = once(child, "exit");
  await Promise.race([once(server, "connection"), ended]);
  child.kill("SIGINT");
  const [code] = await ended;
  const [out, err] = await said;
  expect([code, out, err]).toEqual([130, "", "pulumi-dbversion doctor: Interrupted. [interrupted]\n"]);
});
