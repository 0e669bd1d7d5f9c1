import { createHash } from "node:crypto";
import { type Call, requireCluster, requireDatabase, withData } from "./call";
import { checkContent } from "./content";
import { rfc3339, ZERO_TIME } from "./envelope";
import { Refusal } from "./errors";
import { Base64Error } from "./gobase64";
import { RsaError, rsaDecrypt } from "./keys";
import { FormError, fileOf } from "./multipart";
import { rpmName } from "./packages";
import { bundledAgentOf, upgradeDepOf } from "./payload";
import { renderUpgradeDep } from "./route";
import { RpmError, type RpmFile, readRpm } from "./rpm";
import type { Architecture, ClusterState, PackageState } from "./state";

/** The package store of a cluster (OBShell facts §3.2; live facts §1.15, §3). */

const CHUNK_BYTES = 8 * 1024 * 1024 - 1;

export function insertPackage(state: ClusterState, made: Omit<PackageState, "id">): PackageState {
  state.counters.package += 1;
  const stored = { id: state.counters.package, ...made };
  state.packages.push(stored);
  return stored;
}

/** POST /upgrade/package: the whole multipart body is encrypted; response fields have Go's capitalization. */
export function postEncryptedPackage(call: Call): unknown {
  requireCluster(call);
  const file = fileIn(call);
  return withData(null, () => capitalised(receive(call, file)));
}

/** POST /package: only the file's hash, encrypted with the public key, is checked. */
export function postPlainPackage(call: Call): unknown {
  const file = fileIn(call);
  if (sealedHash(call) !== createHash("sha256").update(file).digest("hex")) {
    throw new Refusal("Security.Authentication.File.Sha256Mismatch");
  }
  requireCluster(call);
  return { ...listed(receive(call, file)), gmt_modify: ZERO_TIME };
}

function fileIn({ request, body }: Call): Buffer {
  try {
    return fileOf(body, request.headers["content-type"] ?? "", "file");
  } catch (error) {
    if (!(error instanceof FormError)) throw error;
    throw new Refusal("Request.File.Missing", { args: ["file", error.message] });
  }
}

/** No hash at all decrypts to an empty one. */
function sealedHash({ agent, request }: Call): string {
  const sealed = request.headers["x-ocs-file-sha256"] ?? "";
  if (sealed === "") return "";
  try {
    return rsaDecrypt(agent.key, sealed).toString("latin1");
  } catch (error) {
    if (!(error instanceof RsaError || error instanceof Base64Error)) throw error;
    throw new Refusal("Common.Unauthorized", { args: [`decrypt file sha256 failed: ${error.message}`] });
  }
}

/** Every upload adds a copy. */
function receive(call: Call, file: Buffer): PackageState {
  requireDatabase(call);
  const rpm = parse(file);
  const upgrades = checkContent(call, rpm);
  const list = upgrades ? upgradeDepOf(rpm.payload) : undefined;
  const bundledAgent = bundledAgentOf(rpm.payload);
  return insertPackage(call.world.state, {
    name: rpm.name,
    version: rpm.version,
    release: rpm.release,
    architecture: architectureOf(rpm),
    size: rpm.size,
    payloadSize: rpm.payloadSize,
    chunkCount: Math.max(1, Math.ceil(rpm.payloadSize / CHUNK_BYTES)),
    md5: rpm.md5,
    ...(bundledAgent === undefined ? {} : { bundledAgent }),
    ...(list === undefined ? {} : { upgradeDep: list.nodes, upgradeDepText: list.text }),
    uploadedAt: call.now,
  });
}

/** Errors have the text of the RPM reader. */
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

/** Deleting an unknown id succeeds too. */
export function deletePackage(call: Call): unknown {
  requireCluster(call);
  const id = integer(decodeURIComponent(call.params["id"] ?? ""));
  if (id <= 0) throw new Refusal("Request.Path.Param.Empty", { args: ["pkg_id"] });
  requireDatabase(call);
  const { packages } = call.world.state;
  const index = packages.findIndex((one) => one.id === id);
  if (index >= 0) packages.splice(index, 1);
  return undefined;
}

/** Go's Atoi. */
function integer(text: string): number {
  const illegal = (reason: string) =>
    new Refusal("Request.Query.Param.Illegal", { args: ["id", JSON.stringify(text), reason] });
  if (!/^[+-]?\d+$/.test(text)) throw illegal("invalid syntax");
  const value = BigInt(text.replace("+", ""));
  if (BigInt.asIntN(64, value) !== value) throw illegal("value out of range");
  return Number(value);
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
    UpgradeDepYaml: one.upgradeDepText ?? (one.upgradeDep ? renderUpgradeDep(one.upgradeDep) : ""),
    GmtModify: ZERO_TIME,
  };
}
