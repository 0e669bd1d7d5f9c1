import { describe, expect, it } from "vitest";
import { cloud } from "../cli/discovering";
import type { TaurusCloud } from "../simulators";

/** The databases that `discover` lists, and the gaps that it reports. */
async function discovered(instances: number, change: (cloud: TaurusCloud) => void) {
  const { discover, requests, progress } = cloud(instances, change);
  const { code, out, err } = await discover("--json");
  const { databases } = JSON.parse(out) as { databases: { type: string; name: string; window?: string }[] };
  return {
    code,
    names: databases.map(({ type, name }) => `${name} ${type.replace("taurusdb:", "")}`).sort(),
    windows: databases.map(({ window = "" }) => window),
    gaps: err.split("\n").filter((line) => line !== ""),
    requests,
    progress,
  };
}

const MANY = 1_000;
const KERNELS = ["db1 KernelVersion", "db2 KernelVersion"];
const ALL = [...KERNELS, "sr1 StarRocksVersion"];

describe("an inventory of TaurusDB", () => {
  it.each(["listHtap", "showStarRocks"] as const)(
    "reports the missing permission of %s, and still lists kernels",
    async (route) => {
      const { code, names, gaps } = await discovered(2, ({ control }) =>
        control.gateway.disturb("DBS.200010", { route, times: MANY }),
      );
      expect({ code, names }).toEqual({ code: 2, names: KERNELS });
      expect(gaps).toHaveLength(1);
      expect(gaps[0]).toMatch(/^incomplete: StarRocks (beside db1|instance sr1) \(\w+\)/);
      expect(gaps[0]).toContain("requires the IAM action gaussdb:instance:list");
      expect(gaps[0]).toMatch(/\[unauthorized\]$/);
    },
  );

  it("reports a missing permission once for all instances", async () => {
    const { gaps } = await discovered(200, ({ control }) =>
      control.gateway.disturb("DBS.200010", { route: "listHtap", times: MANY }),
    );
    expect(gaps).toHaveLength(1);
    expect(gaps[0]).toContain(" and 197 more could not be read: ");
  });

  it.each(["listHtap", "showStarRocks", "htapDatastores"] as const)(
    "reports that %s got no response",
    async (route) => {
      const { code, names, gaps } = await discovered(2, ({ control }) =>
        control.gateway.disturb("DBS.108000", { route, times: MANY }),
      );
      expect({ code, names }).toEqual({ code: 2, names: KERNELS });
      for (const gap of gaps) expect(gap).toMatch(/^incomplete: StarRocks .* could not be read: .*\[unreachable\]$/);
      expect(gaps).toHaveLength(route === "listHtap" ? 2 : 1);
    },
  );

  it("lists StarRocks if the kernels cannot be read", async () => {
    const { code, names, gaps } = await discovered(2, ({ control }) =>
      control.gateway.disturb("DBS.200010", { route: "databaseVersion", times: MANY }),
    );
    expect({ code, names }).toEqual({ code: 2, names: ["sr1 StarRocksVersion"] });
    expect(gaps).toHaveLength(1);
    expect(gaps[0]).toMatch(/^incomplete: The kernel of db1 \(\w+\), db2 \(\w+\) could not be read: /);
    expect(gaps[0]).toContain("gaussdb:instance:list");
  });

  it("lists one StarRocks instance if another cannot be read", async () => {
    const { names, gaps } = await discovered(1, ({ control }) => {
      control.addStarRocks();
      control.gateway.disturb("DBS.200010", { route: "showStarRocks" });
    });
    expect(names.filter((name) => name.endsWith("StarRocksVersion"))).toHaveLength(1);
    expect(gaps).toHaveLength(1);
  });

  it("reports that nodes and maintenance windows could not be read", async () => {
    const { code, names, windows, gaps } = await discovered(2, ({ control }) =>
      control.gateway.disturb("DBS.200010", { route: "batchDetails", times: MANY }),
    );
    expect({ code, names }).toEqual({ code: 2, names: ALL });
    expect(windows.filter((window) => window !== "")).toHaveLength(1);
    expect(gaps).toHaveLength(1);
    expect(gaps[0]).toMatch(
      /^incomplete: Nodes and maintenance window of db1 \(\w+\), db2 \(\w+\) could not be read: /,
    );
  });

  it.each(["APIGW.0101", "DBS.280404"] as const)("reports nothing if there is no StarRocks: %s", async (code) => {
    const found = await discovered(2, ({ control }) =>
      control.gateway.disturb(code, { route: "listHtap", times: MANY }),
    );
    expect(found).toMatchObject({ code: 0, names: KERNELS, gaps: [] });
  });

  it("reports findings of StarRocks at its target version", async () => {
    const { discover } = cloud(1, ({ control, starRocks: [one] }) => {
      control.setKernel("3.1.15.80", one?.id);
      control.setStatus("FAILED", { instance: one?.id ?? "" });
    });
    const { out } = await discover();
    expect(out).toContain("The StarRocks instance is not healthy: sr1 is abnormal.");
  });

  it("waits if the gateway throttles the reads of StarRocks", async () => {
    const { code, names, progress } = await discovered(2, ({ control }) =>
      control.gateway.throttle(1, { route: "listHtap" }),
    );
    expect({ code, names }).toEqual({ code: 0, names: ALL });
    expect(progress.some((line) => line.includes("is throttling requests"))).toBe(true);
  });
});
