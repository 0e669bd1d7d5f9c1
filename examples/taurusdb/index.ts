import * as pulumi from "@pulumi/pulumi";
import { taurusdb } from "pulumi-dbversion";

// Region and access key are the stack's config (huaweicloud:region, huaweicloud:accessKey, huaweicloud:secretKey), or the
// environment (HW_REGION_NAME, HW_ACCESS_KEY, HW_SECRET_KEY).
const config = new pulumi.Config();

// Any number of instances: outdated ones are upgraded in batches, by their current version.
const fleet = new taurusdb.KernelVersion(
  "fleet",
  { instanceIds: config.requireObject<string[]>("instanceIds"), version: ">=2.0.75" },
  { customTimeouts: { create: "3h", update: "3h" } },
);

const reports = new taurusdb.StarRocksVersion(
  "reports",
  {
    instanceId: config.require("reportsOf"),
    starRocksInstanceId: config.require("reports"),
    version: ">=3.1.15",
  },
  { dependsOn: fleet },
);

export const lowest = fleet.currentVersion;
export const members = fleet.members;
export const starRocks = reports.currentVersion;
