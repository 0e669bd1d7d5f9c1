import { readdirSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { oceanbase } from "pulumi-dbversion";

// The password is the stack's secret `oceanbase:password`, or OCEANBASE_PASSWORD.
const config = new pulumi.Config();
const endpoints = config.requireObject<string[]>("endpoints");

// RPM files for what the cluster does not have yet, in a directory beside this program: `pulumi config set packages rpms`.
// Packages of intermediate versions belong there too: the preview names them.
const directory = config.get("packages");
const files = directory === undefined ? [] : readdirSync(directory).filter((name) => name.endsWith(".rpm"));
const packages = (product: string) =>
  files.filter((name) => name.startsWith(product)).map((name) => join(directory ?? "", name));

const agents = new oceanbase.AgentVersion("orders-agents", {
  endpoints,
  version: "4.4.2.0",
  release: "102026041610.el7",
  packages: packages("obshell-"),
});

const orders = new oceanbase.ClusterVersion(
  "orders",
  {
    endpoints,
    version: "4.3.5.2",
    release: "102000042025031214.el7",
    mode: "rolling",
    packages: packages("oceanbase-"),
    // A failed upgrade is rolled back if possible; the run fails anyway.
    onFailure: "rollback",
  },
  { dependsOn: agents, customTimeouts: { create: "3h", update: "3h" } },
);

export const version = orders.currentVersion;
export const members = orders.members;
