import { readFileSync } from "node:fs";
import { oceanbase } from "pulumi-dbversion";

// `node database.mjs start` writes the addresses and the password of the simulated cluster into this file.
const { endpoints, password } = JSON.parse(readFileSync("connection.json", "utf8"));

const agents = new oceanbase.AgentVersion("orders-agents", { endpoints, password, version: "4.4.2.0" });

const orders = new oceanbase.ClusterVersion(
  "orders",
  { endpoints, password, version: "4.3.5.2", mode: "rolling" },
  { dependsOn: agents },
);

export const version = orders.currentVersion;
