/** `node database.mjs start` starts a simulated OceanBase cluster in the background, `node database.mjs stop` ends it. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { startOceanBase } from "pulumi-dbversion/simulators";

const FILE = "connection.json";

const commands = {
  async start() {
    if (existsSync(FILE))
      return console.log("A simulated cluster is already running. `node database.mjs stop` stops it.");
    const server = fork(fileURLToPath(import.meta.url), ["serve"], { detached: true, stdio: "ignore" });
    const [connection] = await once(server, "message");
    writeFileSync(FILE, `${JSON.stringify({ ...connection, pid: server.pid }, undefined, 2)}\n`);
    console.log(`A simulated OceanBase cluster on 4.2.1.8 runs at ${connection.endpoints.join(", ")}`);
    server.disconnect();
    server.unref();
  },
  async serve() {
    const { connection } = await startOceanBase({
      speed: 8, // an upgrade of a minute and a half takes about 12 seconds
      buildVersion: "4.2.1.8-108000022024072217",
      packages: [["4.3.5.2", "102000042025031214.el7"]],
      agentPackages: [["4.4.2.0", "102026041610.el7"]],
    });
    process.send(connection);
  },
  stop() {
    if (!existsSync(FILE)) return console.log("No simulated cluster is running.");
    process.kill(JSON.parse(readFileSync(FILE, "utf8")).pid);
    rmSync(FILE);
  },
};

const command = commands[process.argv[2]];
if (command === undefined) throw new Error("usage: node database.mjs start | stop");
await command();
