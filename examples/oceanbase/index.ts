import * as pulumi from "@pulumi/pulumi";
import { oceanbase } from "pulumi-dbversion";

// The password is the stack's secret `oceanbase:password`, or OCEANBASE_PASSWORD.
const config = new pulumi.Config();
const endpoints = config.requireObject<string[]>("endpoints");

const agents = new oceanbase.AgentVersion("orders-agents", {
  endpoints,
  version: "4.4.2.0",
  release: "102026041610.el7",
});

const orders = new oceanbase.ClusterVersion(
  "orders",
  { endpoints, version: "4.3.5.2", release: "102000042025031214.el7", mode: "rolling" },
  { dependsOn: agents, customTimeouts: { create: "3h", update: "3h" } },
);

export const version = orders.currentVersion;
export const members = orders.members;
