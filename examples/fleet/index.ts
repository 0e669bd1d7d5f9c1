import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { oceanbase, redisenterprise, type Status, taurusdb } from "pulumi-dbversion";
import { parseFleet } from "./fleet";

type Pin = pulumi.CustomResource & {
  readonly status: pulumi.Output<Status>;
  readonly members: pulumi.Output<Record<string, string>>;
};

/** The provider checks the content of the file at preview, so it has no static type. */
type Kind = new (name: string, args: never, options?: pulumi.CustomResourceOptions) => Pin;

const KINDS: Readonly<Record<string, Kind>> = {
  "oceanbase.AgentVersion": oceanbase.AgentVersion,
  "oceanbase.ClusterVersion": oceanbase.ClusterVersion,
  "taurusdb.KernelVersion": taurusdb.KernelVersion,
  "taurusdb.StarRocksVersion": taurusdb.StarRocksVersion,
  "redisenterprise.ModuleVersions": redisenterprise.ModuleVersions,
  "redisenterprise.DatabaseVersion": redisenterprise.DatabaseVersion,
};

// Another stack may have another file: `pulumi config set file fleet.staging.yaml`.
const config = new pulumi.Config();
const databases = parseFleet(readFileSync(resolve(__dirname, config.get("file") ?? "fleet.yaml"), "utf8"));

const pins = new Map<string, Pin>();
for (const { name, kind, args, secrets, after, timeout } of databases) {
  const Version = KINDS[kind];
  if (Version === undefined) throw new Error(`${name}: its kind is one of ${Object.keys(KINDS).join(", ")}`);
  const sealed = Object.entries(secrets).map(([argument, key]) => [argument, config.requireSecret(key)]);
  const pin = new Version(name, { ...args, ...Object.fromEntries(sealed) } as never, {
    dependsOn: after.flatMap((first) => pins.get(first) ?? []),
    ...(timeout && { customTimeouts: { create: timeout, update: timeout } }),
  });
  pins.set(name, pin);
}

/** The current version of each database, and its status. */
export const fleet = Object.fromEntries([...pins].map(([name, { status, members }]) => [name, { status, members }]));
