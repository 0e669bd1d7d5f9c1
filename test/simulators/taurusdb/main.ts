import { ScaledClock } from "../shell/clock";
import {
  type Hint,
  integerOption,
  interrupted,
  listText,
  numberOption,
  parseOptions,
  showHint,
  UsageError,
} from "../shell/command";
import { SaveFile } from "../shell/savefile";
import { serve } from "../shell/server";
import { tlsFromFiles } from "../shell/tlsfiles";
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
  --state FILE         keep the state in FILE: loaded at the start, saved at every change
  --tls-key F, --tls-cert F   serve HTTPS with this key and certificate (PEM)
  --help               this text`;

const OPTIONS = {
  port: { type: "string" },
  region: { type: "string", multiple: true },
  instances: { type: "string" },
  kernel: { type: "string" },
  latest: { type: "string" },
  starrocks: { type: "string" },
  "access-key": { type: "string" },
  "secret-key": { type: "string" },
  speed: { type: "string" },
  seed: { type: "string" },
  state: { type: "string" },
  "tls-key": { type: "string" },
  "tls-cert": { type: "string" },
  help: { type: "boolean" },
} as const;

type Values = ReturnType<typeof parseOptions<typeof OPTIONS>>;

const SAVE_MS = 250;
const KERNEL = /^\d+(\.\d+){2,3}$/;

export async function simulateTaurusdb(args: readonly string[]): Promise<void> {
  const values = parseOptions(args, OPTIONS);
  if (values.help) {
    console.log(HELP);
    return;
  }
  const speed = numberOption("speed", values.speed, 1, 0.001);
  const port = integerOption("port", values.port, 8080, 0);
  const file = values.state === undefined ? undefined : new SaveFile<CloudState>(values.state);
  const cloud = makeCloud(values, speed, file);
  const stop = interrupted();
  const served = await serve(cloud, { port, speed, ...tlsFromFiles(values["tls-key"], values["tls-cert"]) });
  describe(cloud, served.origins);
  showHint(hintFor(cloud, served.origins[0] ?? ""));
  const follow = follower(cloud);
  const timer = setInterval(() => {
    follow();
    file?.save(cloud.now(), cloud.export());
  }, SAVE_MS);
  await stop;
  clearInterval(timer);
  file?.save(cloud.now(), cloud.export());
  await served.close();
}

function makeCloud(values: Values, speed: number, file: SaveFile<CloudState> | undefined): TaurusCloud {
  const saved = file?.load();
  if (saved !== undefined) {
    if (saved.state?.format !== 1 || !Array.isArray(saved.state.doors)) {
      throw new UsageError(`${values.state} contains no state of this simulator`);
    }
    return new TaurusCloud({ clock: new ScaledClock(speed, saved.savedAt), state: saved.state });
  }
  const { "access-key": access, "secret-key": secret = DEFAULTS.secretKey } = values;
  const cloud = new TaurusCloud({
    clock: new ScaledClock(speed),
    oneDoor: true,
    regions: values.region ?? [DEFAULTS.region],
    instances: integerOption("instances", values.instances, 1, 0),
    starRocks: integerOption("starrocks", values.starrocks, 1, 0),
    seed: integerOption("seed", values.seed, 1, 0),
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

/** Prints every job and scheduled task as it moves. */
function follower(cloud: TaurusCloud): () => void {
  const seen = new Map(linesOf(cloud));
  return () => {
    for (const [id, line] of linesOf(cloud)) {
      if (seen.get(id) === line) continue;
      seen.set(id, line);
      console.log(line);
    }
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
