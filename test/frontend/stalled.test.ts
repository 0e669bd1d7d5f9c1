import { describe, expect, it } from "vitest";
import type { DynamicProvider } from "../../provider/frontend/dynamic/dynamic-provider";
import type { LogLine } from "../../provider/frontend/resource/log";
import { rig as oceanbase } from "../oceanbase/rig";
import { rig as redis } from "../redisenterprise/rig";
import { kernelRig } from "../taurusdb/kernel-rig";
import { rig as starRocks } from "../taurusdb/rig";

interface Hung {
  readonly lifecycle: DynamicProvider;
  readonly lines: readonly LogLine[];
  readonly inputs: Record<string, unknown>;
}

/** A run of each type whose upgrade begins at the vendor and never ends, what its line begins with, and where to look. */
const TYPES: readonly (readonly [string, () => Hung, RegExp, RegExp])[] = [
  [
    "oceanbase:ClusterVersion",
    () => {
      const { lifecycle, lines, inputs, cluster } = oceanbase();
      cluster.control.hang({ stage: "Execute upgrade pre script" });
      return { lifecycle, lines, inputs: inputs() };
    },
    /^37% 12\/30 Execute upgrade pre script · /,
    /`obshell task show -i 11 -d`/,
  ],
  [
    "redisenterprise:ModuleVersions",
    () => {
      const { lifecycle, lines, modules, cluster } = redis();
      cluster.control.hang();
      return { lifecycle, lines, inputs: modules() };
    },
    /^\d+% SMUpgradeBDB: \w+ · /,
    /`rladmin cluster running_actions`/,
  ],
  [
    "taurusdb:KernelVersion",
    () => {
      const { lifecycle, lines, inputs, cloud } = kernelRig();
      cloud.control.hang({ percent: 5 });
      return { lifecycle, lines, inputs: inputs() };
    },
    /^5% /,
    /console/,
  ],
  [
    "taurusdb:StarRocksVersion",
    () => {
      const { lifecycle, lines, inputs, cloud } = starRocks();
      cloud.control.hang({ percent: 5 });
      return { lifecycle, lines: lines ?? [], inputs: inputs() };
    },
    /^5% /,
    /console/,
  ],
];

describe.each(TYPES)("an upgrade of %s that hangs", (_, begin, start, where) => {
  it("is shown with the time since its last progress, and once with where to look", async () => {
    const { lifecycle, lines, inputs } = begin();
    const failure: unknown = await lifecycle
      .create({ ...inputs, __timeouts: { create: "12m" } })
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Error);
    const passing = lines.filter(({ ephemeral }) => ephemeral).map(({ message }) => message);
    const told = passing.filter((line) => line.includes("no progress for"));
    expect(told.length).toBeGreaterThan(3);
    for (const line of told) expect(line).toMatch(start);
    expect(told.some((line) => /no progress for (8|9) min$/.test(line))).toBe(true);
    expect(told.every((line) => !line.includes("no progress for 1 min"))).toBe(true);
    const hints = lines.filter(({ ephemeral, message }) => !ephemeral && message.includes("no progress for 5 min"));
    expect(hints).toHaveLength(1);
    expect(hints[0]?.message).toMatch(where);
  });
});
