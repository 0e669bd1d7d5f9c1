import { createHash } from "node:crypto";
import { type Call, requireCluster, requireDatabase, withData } from "./call";
import { rfc3339, ZERO_TIME } from "./envelope";
import { Refusal } from "./errors";
import { Base64Error } from "./gobase64";
import { RsaError, rsaDecrypt } from "./keys";
import { fileOf } from "./multipart";
import { rpmName, UPLOADABLE } from "./packages";
import { renderUpgradeDep } from "./route";
import { RpmError, type RpmFile, readRpm } from "./rpm";
import type { Architecture, ClusterState, PackageState } from "./state";
import { compareVersion, splitRelease } from "./version";

/** The package store of a cluster (OBShell facts §3.2; live facts §1.15, §3). */

const CHUNK_BYTES = 8 * 1024 * 1024 - 1;
const NO_FILE = "http: no such file";

export function insertPackage(state: ClusterState, made: Omit<PackageState, "id">): PackageState {
  state.counters.package += 1;
  const stored = { id: state.counters.package, ...made };
  state.packages.push(stored);
  return stored;
}

/** POST /upgrade/package: the whole multipart body came encrypted; fields are answered in Go's capitals. */
export function postEncryptedPackage(call: Call): unknown {
  const file = fileIn(call);
  return withData(null, () => capitalised(receive(call, file)));
}

/** POST /package: nothing is checked but the file's own hash, sealed with the public key. */
export function postPlainPackage(call: Call): unknown {
  const file = fileIn(call);
  if (sealedHash(call) !== createHash("sha256").update(file).digest("hex")) {
    throw new Refusal("Security.Authentication.File.Sha256Mismatch");
  }
  return { ...listed(receive(call, file)), gmt_modify: ZERO_TIME };
}

function fileIn({ request, body }: Call): Buffer {
  const file = fileOf(body, request.headers["content-type"] ?? "", "file");
  if (file === undefined) throw new Refusal("Request.File.Missing", { args: ["file", NO_FILE] });
  return file;
}

function sealedHash({ agent, request }: Call): string | undefined {
  try {
    return rsaDecrypt(agent.key, request.headers["x-ocs-file-sha256"] ?? "").toString("latin1");
  } catch (error) {
    if (error instanceof RsaError || error instanceof Base64Error) return undefined;
    throw error;
  }
}

/** Every upload adds a copy. The payload's file list is not looked into, only the headers. */
function receive(call: Call, file: Buffer): PackageState {
  const { state } = call.world;
  requireCluster(call);
  requireDatabase(call);
  const rpm = parse(file);
  const unexpected = (message: string) => new Refusal("Common.Unexpected", { args: [message] });
  if (createHash("md5").update(rpm.signed).digest("hex") !== rpm.md5) throw unexpected("md5 digest mismatch");
  const names = UPLOADABLE[state.edition];
  if (!names.includes(rpm.name)) {
    throw new Refusal("OB.Package.Name.NotSupport", { args: [rpm.name, names.join(" ")] });
  }
  if (splitRelease(rpm.release) === undefined) {
    throw new Refusal("Package.ReleaseFormat.Invalid", { args: [rpm.release] });
  }
  if (compareVersion(rpm.version, "4.2.0.0") < 0) {
    throw new Refusal("Agent.OBVersionNotSupported", { args: [rpm.version, "4.2.0.0"] });
  }
  return insertPackage(state, {
    name: rpm.name,
    version: rpm.version,
    release: rpm.release,
    architecture: architectureOf(rpm),
    size: rpm.size,
    payloadSize: rpm.payloadSize,
    chunkCount: Math.max(1, Math.ceil(file.length / CHUNK_BYTES)),
    md5: rpm.md5,
    uploadedAt: call.now,
  });
}

function parse(file: Buffer): RpmFile {
  try {
    return readRpm(file);
  } catch (error) {
    if (error instanceof RpmError) throw new Refusal("Common.Unexpected", { args: [error.message] });
    throw error;
  }
}

function architectureOf(rpm: RpmFile): Architecture {
  if (rpm.architecture === "x86_64" || rpm.architecture === "aarch64") return rpm.architecture;
  throw new Refusal("Common.Unexpected", { args: [`unsupported architecture ${rpm.architecture}`] });
}

/** GET /upgrade/package/info: newest first, one per name, version, release and architecture. */
export function getPackages(call: Call): unknown {
  requireCluster(call);
  return withData({ contents: null }, () => {
    requireDatabase(call);
    const newest = new Map(call.world.state.packages.map((one) => [rpmName(one), one]));
    return [...newest.values()].sort((a, b) => b.id - a.id).map(listed);
  });
}

/** An unknown id is deleted as happily as a known one. */
export function deletePackage(call: Call): unknown {
  requireCluster(call);
  requireDatabase(call);
  const { packages } = call.world.state;
  const index = packages.findIndex((one) => String(one.id) === call.params["id"]);
  if (index >= 0) packages.splice(index, 1);
  return undefined;
}

function listed(one: PackageState): object {
  const [release, distribution] = one.release.split(".");
  return {
    pkg_id: one.id,
    name: one.name,
    version: one.version,
    release_distribution: one.release,
    distribution,
    release,
    architecture: one.architecture,
    size: one.size,
    payload_size: one.payloadSize,
    chunk_count: one.chunkCount,
    md5: one.md5,
    upgrade_dep_yaml: "",
    gmt_modify: rfc3339(Math.floor(one.uploadedAt / 1000) * 1000),
  };
}

function capitalised(one: PackageState): object {
  const [release, distribution] = one.release.split(".");
  return {
    PkgId: one.id,
    Name: one.name,
    Version: one.version,
    ReleaseDistribution: one.release,
    Distribution: distribution,
    Release: release,
    Architecture: one.architecture,
    Size: one.size,
    PayloadSize: one.payloadSize,
    ChunkCount: one.chunkCount,
    Md5: one.md5,
    UpgradeDepYaml: one.upgradeDep ? renderUpgradeDep(one.upgradeDep) : "",
    GmtModify: ZERO_TIME,
  };
}
