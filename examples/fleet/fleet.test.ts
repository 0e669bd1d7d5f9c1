import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { provider } from "pulumi-dbversion/provider";
import { parseFleet } from "./fleet";
import { startFleet } from "./simulated";

/**
 * The program against simulated databases, in this process: Pulumi's mocks replace the engine, and the provider of
 * each resource is the real one. It requires no installation besides the packages.
 */

let fleet: Awaited<ReturnType<typeof startFleet>>;
const dir = mkdtempSync(join(tmpdir(), "fleet-"));
before(async () => {
  fleet = await startFleet();
});
after(async () => {
  await fleet.close();
  rmSync(dir, { recursive: true });
});

const mocks: pulumi.runtime.Mocks = {
  call: ({ inputs }) => inputs,
  newResource: async ({ name, inputs }) => {
    const args = plain(inputs);
    const { failures = [] } = await provider.check({}, args);
    assert.deepEqual(failures, [], name);
    const { id, outs } = await provider.create(args);
    return { id, state: outs };
  },
};

/** Secrets as the provider gets them from the engine. */
function plain(inputs: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(inputs).map(([key, value]) => [key, pulumi.runtime.unwrapRpcSecret(value)]));
}

test("the whole fleet gets to its versions, with one call for each upgrade", { timeout: 180_000 }, async () => {
  const file = join(dir, "fleet.yaml");
  writeFileSync(file, fleet.file());
  pulumi.runtime.setAllConfig({ "fleet-example:file": file, ...fleet.secrets });
  await provider.configure({ config: { get: (key: string) => new Map(Object.entries(fleet.secrets)).get(key) } });
  await pulumi.runtime.setMocks(mocks, "fleet-example", "test");

  const program = await import("./index");
  const outcome = await new Promise<Record<string, { status: string; members: Record<string, string> }>>((resolve) =>
    pulumi.output(program.fleet).apply(resolve),
  );

  const statuses = Object.entries(outcome).map(([name, { status }]) => [name, status]);
  assert.deepEqual(
    statuses,
    ["orders-agents", "orders", "billing", "shops", "cache", "sessions"].map((name) => [name, "current"]),
  );
  assert.deepEqual(outcome["shops"]?.members, {
    "6754902da1f447269c6979b0590102a5in07": "2.0.78.260600",
    d4e8eb2af2f26165a881cd424e42a851in07: "2.0.78.260600",
  });
  const { orders, billing, shops, cache } = fleet;
  assert.deepEqual(
    orders.system.agents.map(({ observer }) => observer.build),
    Array(3).fill("4.3.5.2-102000042025031214"),
  );
  assert.equal(orders.system.acceptedUpgrades.length, 2);
  assert.equal(billing.system.acceptedUpgrades.length, 0, "billing is there already");
  assert.equal(shops.system.acceptedUpgrades.length, 1, "both instances in one request");
  assert.equal(cache.system.journal.count("POST", /\/upgrade$/), 2);
});

test("a file with mistakes is refused with all of them", () => {
  const wrong = `
connections: { cache: { endpoints: ["https://10.0.2.1:9443"] } }
databases:
  sessions: { kind: redisenterprise.DatabaseVersion, connection: cahce, redisVersion: 8.0, after: [cache] }
  cache: { kind: redisenterprise.ModuleVersions, connection: cache, modules: { search: 2.10 } }
`;
  assert.throws(() => parseFleet(wrong), {
    message: [
      "The fleet file is wrong:",
      'sessions: there is no connection "cahce"',
      "sessions: cache has to stand above it to come first",
      "sessions: redisVersion is a number to YAML; put it in quotes",
      "cache: modules.search is a number to YAML; put it in quotes",
    ].join("\n"),
  });
});
