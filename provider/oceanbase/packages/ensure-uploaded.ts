import { formatDuration } from "../../core/duration";
import { Unreachable, UpgradeError } from "../../core/errors";
import { Watch } from "../../core/pace";
import type { Runtime } from "../../core/runtime";
import type { Agents } from "../agent/agents";
import { listPackages } from "../look";
import { packageName } from "./package-stream";
import type { RpmPackage } from "./rpm";
import { begun, type Receipt, sameAsUploaded, uploadPackage } from "./upload";

/** How long a package whose answer was lost is looked for. */
const LOOK_FOR = 2 * 60_000;

/**
 * Sees to it that the servers have these packages: uploads what they do not list, one after another. Servers before
 * 4.3.0.0 list nothing, so all of them are uploaded there.
 * @param receipts what this run has uploaded already; grows by what is uploaded now, however that ends
 * @param callee the agent to ask first what is there, and to send to
 * @throws as `uploadPackage` does, but after a lost answer only when the package does not appear: UpgradeError `unconfirmed`;
 * Unreachable without `sent` when nobody says what is there; UpgradeError `unreachable` when an upload was cut off
 */
export async function ensureUploaded(
  agents: Agents,
  packages: readonly RpmPackage[],
  runtime: Runtime,
  receipts: Receipt[] = [],
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
): Promise<Receipt> {
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

/** Looks until the package is listed. It is never sent again: a second copy would be stored beside the first. */
async function find(agents: Agents, pkg: RpmPackage, runtime: Runtime, cause: Unreachable): Promise<Receipt> {
  const watch = new Watch(runtime.clock, runtime.signal, runtime.random);
  for (;;) {
    const listed = await unlessSilent(listPackages(agents), runtime.signal);
    const found = listed?.find((one) => sameAsUploaded(pkg, [one]));
    if (found !== undefined) return found;
    if (watch.waited >= LOOK_FOR) {
      throw unconfirmed(pkg, `and it did not appear within ${formatDuration(watch.waited)}`, cause);
    }
    await watch.pause();
  }
}

async function unlessSilent<T>(read: Promise<T | undefined>, signal: AbortSignal): Promise<T | undefined> {
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
    heard: cause.heard,
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
