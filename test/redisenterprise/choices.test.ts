import { describe, expect, it } from "vitest";
import { parseVersion } from "../../provider/core/version";
import { atLeast, databaseFrom, redisOf } from "../../provider/redisenterprise/database/database";
import {
  missingCapabilities,
  neededRedis,
  runsOn,
  shippedFrom,
} from "../../provider/redisenterprise/modules/catalogue";
import { shownArguments } from "../../provider/redisenterprise/modules/targets";
import { nodesFrom, softwareAtLeast, supportedByAll } from "../../provider/redisenterprise/node";
import { tokenOf } from "../../provider/redisenterprise/rest/login";

function version(text: string) {
  const parsed = parseVersion(text);
  if (parsed === undefined) throw new Error(`${text} is no version`);
  return parsed;
}

function build(fields: Record<string, unknown>) {
  const [one] = shippedFrom([{ uid: "u", module_name: "search", semantic_version: "2.10.17", ...fields }]);
  if (one === undefined) throw new Error("a build has a version");
  return one;
}

function redis(text: string, full?: string) {
  const found = redisOf(text, full);
  if (found === undefined) throw new Error(`${text} is no Redis version`);
  return found;
}

describe("a Redis version", () => {
  it.each([
    ["7.4", "7.4.2", "7.4", "7.4.2"],
    ["5.0-big", undefined, "5.0", "5.0"],
    [undefined, "6.2.13", "6.2", "6.2.13"],
    ["7.4", "8.0.0", "7.4", "7.4"],
  ])("%s with %s is release %s, in full %s", (text, full, release, exact) => {
    const found = redisOf(text, full);
    expect([found?.release.parts.join("."), found?.full.parts.join(".")]).toEqual([release, exact]);
  });

  it("that is none is none", () => {
    expect(redisOf("", "latest")).toBeUndefined();
    expect(redisOf(undefined)).toBeUndefined();
  });

  it.each([
    ["7.4.2", "7.4", true],
    ["7.4", "7.4.2", false],
    ["8.0.18", "8.0.18", true],
    ["100.0.21", "8.0.18", true],
    ["8.0.16", "8.0.18", false],
  ])("%s is at least %s: %s", (one, least, expected) => {
    expect(atLeast(version(one), version(least))).toBe(expected);
  });
});

describe("a build", () => {
  it.each([
    [{ compatible_redis_version: "7.4" }, "7.4", "7.4.2", true, "Redis 7.4"],
    [{ compatible_redis_version: "7.4" }, "7.2", "7.2.7", false, "Redis 7.4"],
    [{ compatible_redis_version: "8.0", min_redis_version: "7.1" }, "7.4", "7.4.2", false, "Redis 8.0"],
    [{ compatible_redis_version: "", min_redis_version: "7.1" }, "7.4", "7.4.2", true, "Redis 7.1 or later, below 8"],
    [{ min_redis_version: "6.0.7" }, "7.4", "7.4.2", true, "Redis 6.0.7 or later, below 8"],
    [{ min_redis_version: "6.0.7" }, "6.0", "6.0.5", false, "Redis 6.0.7 or later, below 8"],
    [{ min_redis_version: "5.0.7" }, "6.2", "6.2.13", true, "Redis 5.0.7 or later, below 8"],
    [{ min_redis_version: "6.0.0" }, "8.0", "8.0.0", false, "Redis 6.0.0 or later, below 8"],
    [{ min_redis_version: "8.0" }, "8.2", "8.2.0", true, "Redis 8.0 or later, below 9"],
    [{ min_redis_version: "8.0" }, "9.0", "9.0.0", false, "Redis 8.0 or later, below 9"],
    [{}, "6.0", "6.0.5", true, "any Redis"],
  ])("with %j runs on Redis %s (%s): %s", (fields, release, full, expected, needed) => {
    expect(runsOn(build(fields), redis(release, full))).toBe(expected);
    expect(neededRedis(build(fields))).toBe(needed);
  });

  it("whose version is no number is left out", () => {
    expect(shippedFrom([{ uid: "u", module_name: "own", semantic_version: "nightly" }])).toEqual([]);
  });

  it.each([
    [{ bigstore: true }, ["flash"]],
    [{ crdt: true }, ["crdb"]],
    [{ replica_sync: "enabled" }, ["replica_of"]],
    [{ replication: true }, ["failover_migrate"]],
    [{ data_persistence: "aof" }, ["persistence_aof"]],
    [{ data_persistence: "snapshot" }, ["persistence_rdb"]],
    [{ shards_count: 3 }, ["clustering"]],
    [{}, []],
  ])("misses what a database with %j needs: %j", (fields, missing) => {
    const database = databaseFrom({ uid: 1, status: "active", ...fields });
    expect(missingCapabilities(database, build({ capabilities: ["types"] }))).toEqual(missing);
    expect(missingCapabilities(database, build({}))).toEqual([]);
  });
});

describe("nodes", () => {
  const node = (software_version: string | null, ...versions: string[]) => ({
    uid: 1,
    software_version,
    supported_database_versions: [
      ...versions.map((text) => ({ db_type: "redis", version: text })),
      { db_type: "memcached", version: "1.4.17" },
    ],
  });

  it("offer what all of them can run", () => {
    const nodes = nodesFrom([node("8.0.10-1", "7.4.2", "8.0.0"), node("7.22.0-1", "7.2.7", "7.4.3")]);
    expect(supportedByAll(nodes).map(({ full }) => full.parts.join("."))).toEqual(["7.4.2"]);
    expect(supportedByAll([])).toEqual([]);
  });

  it("are as new as the oldest of them, and too old where one does not tell", () => {
    const both = nodesFrom([node("8.0.18-1"), node("8.0.16-33")]);
    expect(softwareAtLeast(both, "8.0.16")).toBe(true);
    expect(softwareAtLeast(both, "8.0.18")).toBe(false);
    expect(softwareAtLeast(nodesFrom([node("8.0.18-1"), node(null)]), "7.0.0")).toBe(false);
    expect(softwareAtLeast([], "7.0.0")).toBe(false);
  });

  it("have inner and outer addresses", () => {
    const [one] = nodesFrom([{ uid: 1, addr: "10.0.0.1", external_addr: ["203.0.113.1", ""] }]);
    expect(one?.addresses).toEqual(["10.0.0.1", "203.0.113.1"]);
  });
});

describe("a token", () => {
  const token = (claims: unknown) => `h.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.s`;

  it("is due before its end, by its own times", () => {
    expect(tokenOf(token({ iat: 5_000, exp: 6_000 }), 1_000_000).due).toBe(1_000_000 + 700_000);
  });

  it.each(["opaque", "a.b.c", token(null), token({ iat: 10, exp: 5 }), token({ exp: "soon" })])(
    "without readable times (%s) has the vendor's default life",
    (text) => {
      expect(tokenOf(text, 0).due).toBe(210_000);
    },
  );
});

describe("arguments in messages", () => {
  it.each([
    ["WORKERS 6", "WORKERS 6"],
    ["OSS_GLOBAL_PASSWORD abc WORKERS 6", "OSS_GLOBAL_PASSWORD [secret] WORKERS 6"],
    ["  a   b ", "a b"],
    ["password x", "password [secret]"],
  ])("%j are shown as %j", (args, shown) => {
    expect(shownArguments(args)).toBe(shown);
  });
});
