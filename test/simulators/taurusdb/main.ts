import { type Hint, integerOption, listText, parseOptions, UsageError } from "../shell/command";
import { serve } from "../shell/server";
import { COMMON, type Making, simulate } from "../shell/simulation";
import { TaurusCloud } from "./cloud";
import { DEFAULTS } from "./options";
import type { CloudState } from "./state";
import { percentAt } from "./status";

const HELP = `usage: pulumi-dbversion simulate taurusdb [options]

TaurusDB, StarRocks and IAM of Huawei Cloud, all on one port of 127.0.0.1.

  --port N             port (default 8080; 0: a free port)
  --region R           region (default ${DEFAULTS.region}). May be repeated
  --instances N        TaurusDB instances in the first region (default 1)
  --kernel V           their kernel version (default 2.0.69.250900)
  --latest V           newest kernel offered (default 2.0.78.260600)
  --starrocks N        StarRocks instances beside the first TaurusDB instance (default 1)
  --access-key K, --secret-key K   (default ${DEFAULTS.accessKey}, ${DEFAULTS.secretKey})
  --speed X            simulated time runs X times as fast (default 1)
  --seed N             seed of the random numbers (default 1)
  --state FILE         load the state from FILE at the start, and save every change to it
  --tls-key F, --tls-cert F   serve HTTPS with this key and certificate (PEM)
  --help               print this help`;

const OPTIONS = {
  ...COMMON,
  region: { type: "string", multiple: true },
  instances: { type: "string" },
  kernel: { type: "string" },
  latest: { type: "string" },
  starrocks: { type: "string" },
  "access-key": { type: "string" },
  "secret-key": { type: "string" },
} as const;

type Values = ReturnType<typeof parseOptions<typeof OPTIONS>>;

const KERNEL = /^\d+(\.\d+){2,3}$/;

export async function simulateTaurusdb(args: readonly string[]): Promise<void> {
  const values = parseOptions(args, OPTIONS);
  await simulate<CloudState, TaurusCloud>(
    {
      help: HELP,
      port: 8080,
      recognizes: ({ format, doors }) => format === 1 && Array.isArray(doors),
      make: (making) => makeCloud(values, making),
      async serve(cloud, options) {
        const served = await serve(cloud, options);
        return { served, hint: hintFor(cloud, served.origins[0] ?? "") };
      },
      describe,
      lines: linesOf,
    },
    values,
  );
}

function makeCloud(values: Values, { clock, seed, state }: Making<CloudState>): TaurusCloud {
  if (state !== undefined) return new TaurusCloud({ clock, state });
  const { "access-key": access, "secret-key": secret = DEFAULTS.secretKey } = values;
  const cloud = new TaurusCloud({
    clock,
    seed,
    oneDoor: true,
    regions: values.region ?? [DEFAULTS.region],
    instances: integerOption("instances", values.instances, 1, 0),
    starRocks: integerOption("starrocks", values.starrocks, 1, 0),
    ...(values.kernel === undefined ? {} : { kernel: kernelOption("kernel", values.kernel) }),
    ...(values.latest === undefined ? {} : { latestKernel: kernelOption("latest", values.latest) }),
  });
  if (access === undefined) cloud.control.iam.rotateSecret(secret);
  else {
    cloud.control.iam.removeKey(DEFAULTS.accessKey);
    cloud.control.iam.addKey(access, secret);
  }
  return cloud;
}

function kernelOption(name: string, text: string): string {
  if (!KERNEL.test(text)) throw new UsageError(`--${name} must look like 2.0.75.28, not "${text}"`);
  return text;
}

function describe(cloud: TaurusCloud, origins: readonly string[]): void {
  const { regions, accounts } = cloud.state;
  console.log(`TaurusDB simulator: ${origins.join(" ")} (IAM and ${regions.map((one) => one.name).join(", ")})`);
  for (const { name, id, region } of accounts.flatMap((account) => account.projects)) {
    console.log(`  project ${id}  ${name}  ${region}`);
  }
  for (const one of cloud.instances) console.log(`  TaurusDB  ${one.id}  ${one.name}  ${one.kernel}`);
  for (const one of cloud.starRocks) console.log(`  StarRocks ${one.id}  ${one.name}  ${one.kernel}`);
}

function hintFor({ state, instances }: TaurusCloud, origin: string): Hint {
  const [account] = state.accounts;
  const [key] = account?.users[0]?.keys ?? [];
  return {
    secrets: { "huaweicloud:accessKey": key?.access ?? "", "huaweicloud:secretKey": key?.secret ?? "" },
    program: `import { taurusdb } from "pulumi-dbversion";

new taurusdb.KernelVersion("shops", {
  endpoint: "${origin}",
  iamEndpoint: "${origin}",
  projectId: "${account?.projects[0]?.id ?? ""}",
  instanceIds: ${listText(instances.map(({ id }) => id))},
  version: "latest",
});`,
  };
}

function linesOf(cloud: TaurusCloud): readonly (readonly [string, string])[] {
  const now = cloud.now();
  const jobs = cloud.jobs.map((job) => {
    const percent = job.status === "Running" ? ` ${percentAt(job, now)}%` : "";
    return [job.id, `  job ${job.id} of ${job.instanceId}: ${job.status}${percent}`] as const;
  });
  const schedules = cloud.schedules.map((one) => {
    const line = `  scheduled task ${one.id} of ${one.instanceId}: ${one.status}`;
    return [`schedule ${one.id}`, line] as const;
  });
  return [...jobs, ...schedules];
}
