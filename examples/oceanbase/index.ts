import * as pulumi from "@pulumi/pulumi";
import { oceanbase } from "pulumi-dbversion";

const config = new pulumi.Config();

// The password is the stack's secret `oceanbase:password`, or OCEANBASE_PASSWORD.
const orders = new oceanbase.ClusterVersion(
  "orders",
  {
    endpoints: config.requireObject<string[]>("endpoints"),
    version: "4.3.5.2",
    release: "102000042025031214.el7",
    mode: "rolling",
  },
  { customTimeouts: { create: "3h", update: "3h" } },
);

export const version = orders.currentVersion;
export const members = orders.members;
