import { randomBytes } from "node:crypto";
import { z } from "zod";
import { formatDuration } from "../../base/sentences";
import { beforeSending, mostRelevant, sending, Unreachable, UpgradeError } from "../../core/errors";
import { Watch } from "../../core/reconcile/pace";
import type { Runtime } from "../../core/runtime";
import { compareVersions, parseVersion, type Version } from "../../core/version";
import { INCOMPLETE, TransportError } from "../../http/transport";
import type { Agents, Upload } from "../agent/agents";
import type { Recipient } from "../agent/auth";
import { agentInfo, type UploadedPackage, uploadedPackage } from "../agent/schema";
import { listPackages } from "../conditions";
import { formOf, packageName, sealStream } from "./package-stream";
import type { RpmPackage } from "./rpm";

/** Since 4.3.0.0: only the hash of the file is encrypted. */
const PLAIN = "/api/v1/package";
/** All servers: the whole form is encrypted. */
const SEALED = "/api/v1/upgrade/package";
const FIRST_PLAIN: Version = { parts: [4n, 3n, 0n, 0n] };

/** obshell unpacks and stores the package before it responds: 68 s for 96 MB in the vendor's sample. */
const RESPONSE_TIMEOUT = 30 * 60_000;
/**
 * Before 4.2.6.0 the header must still be valid when the whole body has arrived; the server allows an hour for that.
 */
const VALID_FOR = 2 * 60 * 60_000;
/** How long to search for a package after its upload's response was lost. */
const SEARCH_TIME = 2 * 60_000;

/**
 * The encrypted endpoint uses Go's own field names. Only it returns `oceanbase_upgrade_dep.yml`, and only for a newer
 * database.
 */
const capitals = z
  .object({
    Name: z.string(),
    Version: z.string(),
    ReleaseDistribution: z.string(),
    Architecture: z.string(),
    UpgradeDepYaml: z.string().nullish(),
  })
  .transform(
    (pkg): UploadedPackage => ({
      name: pkg.Name,
      version: pkg.Version,
      release_distribution: pkg.ReleaseDistribution,
      architecture: pkg.Architecture,
      upgrade_dep_yaml: pkg.UpgradeDepYaml,
    }),
  );

/** Responses of POST /api/v1/package and POST /api/v1/upgrade/package. */
export const receipt = z.union([uploadedPackage, capitals]);

/** Whether the servers have a package. obshell compares headers and ignores file names. */
export function sameAsUploaded(pkg: RpmPackage, uploaded: readonly UploadedPackage[]): boolean {
  return uploaded.some(
    (one) =>
      one.name === pkg.name &&
      one.version === pkg.version &&
      one.release_distribution === pkg.release &&
      one.architecture === pkg.architecture,
  );
}

/**
 * Ensures that the servers have these packages: uploads those that they do not list, one after another. Servers before
 * 4.3.0.0 have no list, so all packages are uploaded there.
 * @param receipts packages that this run has already uploaded; new uploads are added, even on failure
 * @param recipient the agent to list packages from first, and to send to
 * @throws as `uploadPackage` does, but after a lost response only when the package does not appear: UpgradeError
 * `unconfirmed`; Unreachable without `sent` when no agent lists the packages; UpgradeError `unreachable` when an upload
 * was interrupted
 */
export async function ensureUploaded(
  agents: Agents,
  packages: readonly RpmPackage[],
  runtime: Runtime,
  receipts: UploadedPackage[] = [],
  recipient?: string,
): Promise<void> {
  if (packages.length === 0) return;
  const listed = await listPackages(agents, recipient).catch((error: unknown) => {
    throw error instanceof Unreachable ? unlisted(error) : error;
  });
  for (const pkg of packages) {
    if (sameAsUploaded(pkg, [...(listed ?? []), ...receipts])) continue;
    receipts.push(await uploadOrFind(agents, pkg, runtime, { lists: listed !== undefined, recipient }));
    runtime.inform(`uploaded ${titleOf(pkg)}`);
  }
}

async function uploadOrFind(
  agents: Agents,
  pkg: RpmPackage,
  runtime: Runtime,
  { lists, recipient }: { readonly lists: boolean; readonly recipient: string | undefined },
): Promise<UploadedPackage> {
  const report = (percent: number) =>
    runtime.report({
      message: `${percent < 100 ? "uploading" : "unpacking"} ${titleOf(pkg)}`,
      percent,
    });
  try {
    return await uploadPackage(agents, pkg, runtime, report, recipient);
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    if (begun(error)) throw cutOff(pkg, error);
    if (!error.sent) throw error;
    runtime.signal.throwIfAborted();
    if (!lists) throw unconfirmed(pkg, "and agents before 4.3.0.0 cannot say whether it arrived", error);
    runtime.warn(
      `The response to the upload of ${packageName(pkg)} was lost (${error.message}); searching for the package.`,
    );
    return find(agents, pkg, runtime, error);
  }
}

/** Polls until the package is listed. It is never sent again, because obshell would store a second copy. */
async function find(agents: Agents, pkg: RpmPackage, runtime: Runtime, cause: Unreachable): Promise<UploadedPackage> {
  const watch = new Watch(runtime.clock, runtime.signal, runtime.random);
  for (;;) {
    const listed = await unlessUnreachable(listPackages(agents), runtime.signal);
    const found = listed?.find((one) => sameAsUploaded(pkg, [one]));
    if (found !== undefined) return found;
    if (watch.waited >= SEARCH_TIME) {
      throw unconfirmed(pkg, `and it did not appear within ${formatDuration(watch.waited)}`, cause);
    }
    await watch.pause();
  }
}

async function unlessUnreachable<T>(read: Promise<T | undefined>, signal: AbortSignal): Promise<T | undefined> {
  try {
    return await read;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Unreachable) return undefined;
    throw error;
  }
}

function unconfirmed(pkg: RpmPackage, why: string, cause: Unreachable): UpgradeError {
  return new UpgradeError(
    "unconfirmed",
    `The response to the upload of ${packageName(pkg)} was lost (${cause.message}), ${why}. It was not sent again.`,
    {
      remedy: "Check whether it arrived, because obshell would store a second copy. Then run {apply} again.",
      cause,
    },
  );
}

function unlisted(cause: Unreachable): Unreachable {
  return new Unreachable(`The uploaded packages could not be listed: ${cause.message}`, {
    sent: false,
    responded: cause.responded,
    remedy: "Nothing was sent. When the agents respond, run {apply} again.",
    cause,
  });
}

function cutOff(pkg: RpmPackage, cause: Unreachable): UpgradeError {
  return new UpgradeError("unreachable", `The upload of ${packageName(pkg)} was interrupted: ${cause.message}`, {
    remedy: "Nothing was stored. Run {apply} again.",
    cause,
  });
}

function titleOf(pkg: RpmPackage): string {
  return `${packageName(pkg)} (${(pkg.bytes / 1_000_000).toFixed(1)} MB)`;
}

/**
 * Sends a package to one agent, for the whole cluster. Not idempotent: obshell stores every upload again. It is sent at
 * most once; another agent is tried only while no byte has been sent.
 * @param recipient the agent to send it to, if it was contacted
 * @param onProgress percent of the file handed over, in rising whole numbers; the response may arrive minutes after 100
 * @throws Refused with the vendor's message; Unreachable with `sent` when it is unknown whether it was stored;
 * UpgradeError `blocked` when the file changed since it was checked; the signal's reason when it is aborted
 */
export async function uploadPackage(
  agents: Agents,
  pkg: RpmPackage,
  { signal }: Pick<Runtime, "signal">,
  onProgress: (percent: number) => void = () => undefined,
  recipient?: string,
): Promise<UploadedPackage> {
  await agents.contactAll();
  if (agents.contacted.length === 0) await beforeSending(() => agents.read("/api/v1/info", agentInfo));
  const failures: Unreachable[] = [];
  let reported = -1;
  const sent = (bytes: number) => {
    const percent = Math.floor((bytes / pkg.bytes) * 100);
    if (percent > reported) onProgress(percent);
    reported = Math.max(reported, percent);
  };
  const contacted = agents.contacted
    .map(({ origin }) => origin)
    .sort((a, b) => Number(b === recipient) - Number(a === recipient));
  for (const origin of contacted) {
    signal.throwIfAborted();
    try {
      return await sending(() => agents.upload(origin, (recipient) => addressed(recipient, pkg, sent), receipt));
    } catch (error) {
      if (!(error instanceof Unreachable) || error.sent || begun(error)) throw error;
      failures.push(error);
    }
  }
  throw mostRelevant(failures);
}

/**
 * Whether sending was interrupted. This has no effect on the servers, but the upload is not repeated within the run.
 */
function begun({ cause }: Unreachable): boolean {
  return cause instanceof TransportError && cause.code === INCOMPLETE;
}

function addressed(recipient: Recipient, pkg: RpmPackage, sent: (bytes: number) => void): Upload {
  const boundary = `pulumi-dbversion-${randomBytes(16).toString("hex")}`;
  const type = { "content-type": `multipart/form-data; boundary=${boundary}` };
  const form = formOf(pkg, boundary, sent);
  if (takesPlain(recipient)) {
    const headers = { ...type, "x-ocs-file-sha256": recipient.encrypt(pkg.sha256) };
    return { target: PLAIN, headers, stream: form, responseTimeout: RESPONSE_TIMEOUT };
  }
  const keys = randomBytes(32);
  return {
    target: SEALED,
    headers: { ...recipient.authorize(SEALED, VALID_FOR, keys), ...type },
    stream: recipient.generation === "v1" ? form : sealStream(form, keys),
    responseTimeout: RESPONSE_TIMEOUT,
  };
}

function takesPlain({ info }: Recipient): boolean {
  const version = parseVersion(info.version);
  return version !== undefined && compareVersions(version, FIRST_PLAIN) >= 0;
}
