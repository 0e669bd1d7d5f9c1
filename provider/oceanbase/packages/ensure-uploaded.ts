import { formatDuration } from "../../base/sentences";
import { Unreachable, UpgradeError } from "../../core/errors";
import { Watch } from "../../core/reconcile/pace";
import type { Runtime } from "../../core/runtime";
import type { Agents } from "../agent/agents";
import type { UploadedPackage } from "../agent/schema";
import { listPackages } from "../conditions";
import { packageName } from "./package-stream";
import type { RpmPackage } from "./rpm";
import { begun, sameAsUploaded, uploadPackage } from "./upload";

/** How long to search for a package after its upload's response was lost. */
const SEARCH_TIME = 2 * 60_000;

/**
 * Ensures that the servers have these packages: uploads those that they do not list, one after another. Servers before
 * 4.3.0.0 have no list, so all packages are uploaded there.
 * @param receipts packages that this run has already uploaded; new uploads are added, even on failure
 * @param callee the agent to list packages from first, and to send to
 * @throws as `uploadPackage` does, but after a lost response only when the package does not appear: UpgradeError
 * `unconfirmed`; Unreachable without `sent` when no agent lists the packages; UpgradeError `unreachable` when an upload
 * was interrupted
 */
export async function ensureUploaded(
  agents: Agents,
  packages: readonly RpmPackage[],
  runtime: Runtime,
  receipts: UploadedPackage[] = [],
  callee?: string,
): Promise<void> {
  if (packages.length === 0) return;
  const listed = await listPackages(agents, callee).catch((error: unknown) => {
    throw error instanceof Unreachable ? unlisted(error) : error;
  });
  for (const pkg of packages) {
    if (sameAsUploaded(pkg, [...(listed ?? []), ...receipts])) continue;
    receipts.push(await uploadOrFind(agents, pkg, runtime, { lists: listed !== undefined, callee }));
    runtime.inform(`uploaded ${titleOf(pkg)}`);
  }
}

async function uploadOrFind(
  agents: Agents,
  pkg: RpmPackage,
  runtime: Runtime,
  { lists, callee }: { readonly lists: boolean; readonly callee: string | undefined },
): Promise<UploadedPackage> {
  const report = (percent: number) =>
    runtime.report({
      message: `${percent < 100 ? "uploading" : "unpacking"} ${titleOf(pkg)}`,
      percent,
    });
  try {
    return await uploadPackage(agents, pkg, runtime, report, callee);
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
