import { describe, expect, it, onTestFinished } from "vitest";
import { type ObshellCluster, startOceanBase, taurusdb } from "../simulators";
import { VirtualClock } from "../support/virtual-clock";
import { cloud, oceanbase, redisEnterprise } from "./discovering";
import { onNetwork, type RunOptions, rig } from "./rig";
import { agentsOf, ENVIRONMENT as env, nodesOf, obshell, REGION, redis, SECRETS, taurus } from "./worlds";

describe("credentials", () => {
  const wrong = {
    ...env,
    OCEANBASE_PASSWORD: "wr0ng-p@ss",
    REDIS_ENTERPRISE_PASSWORD: "wr0ng-p@ss",
    HW_SECRET_KEY: "wr0ng-p@ss",
  };

  it.each([
    ["oceanbase", () => oceanbase(undefined, wrong)],
    ["redis-enterprise", () => redisEnterprise(undefined, wrong)],
    ["taurusdb", () => cloud(3, undefined, wrong)],
  ])("that %s rejects end it with 1, and are not shown", async (_, make) => {
    const { discover, writes } = make();
    const { code, out, err } = await discover();
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toMatch(/could not be read: .*\[unauthorized\]\n$/);
    expect(err).not.toContain("wr0ng");
    expect(writes).toEqual([]);
  });

  it.each([
    ["the environment", { env: { OCEANBASE_PASSWORD: "wr0ng-p@ss" } }, "environment `OCEANBASE_PASSWORD`"],
    [
      "the stack's configuration",
      {
        env: { OCEANBASE_PASSWORD: SECRETS.oceanbase },
        programs: {
          "pulumi config --json --show-secrets --stack dev": JSON.stringify({
            "oceanbase:password": { value: "wr0ng-p@ss", secret: true },
          }),
        },
      },
      "config `oceanbase:password`",
    ],
    ["a person", { answers: { "OceanBase: password": "wr0ng-p@ss" } }, "the prompt"],
  ])("that are rejected are told with where they come from: %s", async (_, options: RunOptions, place) => {
    for (const command of ["discover", "doctor"]) {
      const clusters: ObshellCluster[] = [];
      const made = options.programs === undefined ? [] : ["--stack", "dev"];
      const { run } = rig((clock) => {
        clusters.push(obshell(clock));
        return clusters;
      }, options);
      const [cluster] = clusters;
      const args = cluster === undefined ? [] : agentsOf(cluster);
      const { out, err } =
        command === "doctor" ? await doctorOnNetwork(options, made) : await run(command, "oceanbase", ...args, ...made);
      const text = (out + err).replaceAll(/\s+/g, " ");
      expect(text).toMatch(/rejected the credentials \(`password` from [^)]+\): .*\[unauthorized\]/);
      expect(text).toContain(`(\`password\` from ${place})`);
      expect(text).not.toContain("wr0ng");
    }
  });

  it("are taken from the stack's configuration", async () => {
    let args: readonly string[] = [];
    const value = JSON.stringify({ "oceanbase:password": { value: SECRETS.oceanbase, secret: true } });
    const { run } = rig(
      (clock) => {
        const cluster = obshell(clock);
        args = agentsOf(cluster);
        return [cluster];
      },
      { programs: { "pulumi config --json --show-secrets --stack dev": value } },
    );
    const { code, out } = await run("discover", "oceanbase", ...args, "--stack", "dev", "--json");
    expect(code).toBe(0);
    expect(out).not.toContain(SECRETS.oceanbase);
  });

  it("of the environment are written into a program in their types: addresses as a list, a flag as a boolean", async () => {
    const [, addresses = ""] = nodesOf(redis(new VirtualClock()));
    const endpoints = addresses.split(",");
    const variables = { ...env, REDIS_ENTERPRISE_URL: addresses, REDIS_ENTERPRISE_INSECURE: "true" };
    const { run } = rig((clock) => [redis(clock)], { env: variables });
    const program = (await run("discover", "redis-enterprise", "--write", "ts")).out;
    expect(program).toContain(`endpoints: [${endpoints.map((one) => `"${one}"`).join(", ")}],`);
    expect(program).toContain("allowUntrustedCertificate: true,");
    const file = (await run("discover", "redis-enterprise", "--write", "fleet")).out;
    expect(file).toContain(`endpoints:\n      - ${endpoints[0]}\n`);
    expect(file).toContain("allowUntrustedCertificate: true\n");
  });

  it("are asked for at a terminal", async () => {
    let args: readonly string[] = [];
    const { run } = rig(
      (clock) => {
        const cluster = redis(clock);
        args = nodesOf(cluster);
        return [cluster];
      },
      {
        answers: {
          "Redis Enterprise: username": env.REDIS_ENTERPRISE_USER,
          "Redis Enterprise: password": env.REDIS_ENTERPRISE_PASSWORD,
        },
      },
    );
    expect((await run("discover", "redis-enterprise", ...args)).code).toBe(0);
  });

  it("that are missing are told with the places where they are looked for", async () => {
    const { run, requests } = rig((clock) => [taurus(clock)]);
    const { code, err } = await run("discover", "taurusdb", ...REGION);
    expect(code).toBe(2);
    expect(err).toMatch(/accessKey is missing \(.*HW_ACCESS_KEY.*\); it is required together with `secretKey`/);
    expect(requests).toEqual([]);
  });

  it("are in no output", async () => {
    const outputs: string[] = [];
    for (const form of [[], ["--json"], ["--write", "ts"], ["--write", "fleet"]]) {
      for (const { discover } of [oceanbase(), redisEnterprise(), cloud()]) {
        const { out, err } = await discover(...form);
        outputs.push(out, err);
      }
    }
    const all = outputs.join("\n");
    expect(all.length).toBeGreaterThan(5_000);
    for (const secret of [...Object.values(SECRETS), taurusdb.DEFAULTS.accessKey]) expect(all).not.toContain(secret);
  });

  it.each([
    ["oceanbase", SECRETS.oceanbase, (body: string) => oceanbase((system) => spoil(system, body))],
    ["redis-enterprise", SECRETS.redis, (body: string) => redisEnterprise((system) => spoil(system, body))],
    ["taurusdb", SECRETS.huaweicloud, (body: string) => cloud(3, (system) => spoil(system, body))],
  ])("that %s repeats in its refusals are taken out", async (_, secret, make) => {
    const text = `token ${secret} is of no use`;
    const answers = { error_code: "x", error_msg: text, description: text, error: { code: 1, message: text } };
    const body = JSON.stringify({ successful: false, status: 403, ...answers });
    const { code, out, err } = await make(body).discover();
    expect(code).toBe(1);
    expect(err).toContain("is of no use");
    expect(out + err).not.toContain(secret);
  });
});

/** `doctor` looks at the network before it looks at a cluster. */
async function doctorOnNetwork(options: RunOptions, more: readonly string[]) {
  const running = await startOceanBase();
  onTestFinished(() => running.close());
  return onNetwork(options)("doctor", "oceanbase", "--endpoint", running.connection.endpoints.join(","), ...more);
}

/** Refuses every read that needs credentials, with this body. */
function spoil({ faults }: Pick<ObshellCluster, "faults">, body: string): void {
  const headers = { "content-type": "application/json" };
  const fault = { kind: "replace", status: 403, headers, body } as const;
  faults.add({ match: { path: /ob\/info$|cluster$|instances$/ }, times: Number.POSITIVE_INFINITY, fault });
}
