import type { Proxies } from "../../../provider/core/runtime";
import { kernelVersion } from "../../../provider/taurusdb/kernel/kernel-version";
import { starRocksVersion } from "../../../provider/taurusdb/starrocks/starrocks-version";
import { taurusdb as simulator, TaurusCloud } from "../../simulators";
import { completed, loadedOnce, type ResourceType, type TestedSystem } from "../system";
import { openQuickTaurus, openTaurus } from "./served";

const QUICK = { visibleMs: 900, startMs: 1_200, upgradeMs: 8_000, starRocksMs: 8_000, preCheckMs: 400 };

function taurus(type: string, upgradePath: RegExp, targetArgs: (cloud: TaurusCloud) => object): ResourceType {
  return {
    type,
    upgradePath,
    make: (clock) => {
      const system = new TaurusCloud({ clock, instances: 2, timings: QUICK });
      const { accessKey, secretKey, region } = simulator.DEFAULTS;
      const args = { region, accessKey, secretKey, ...targetArgs(system) };
      return { type, args, system, upgradePath, accepted: () => system.acceptedUpgrades.length };
    },
    open: openQuickTaurus,
  };
}

export const taurusdb: TestedSystem = {
  vendor: "taurusdb",
  types: [
    taurus("taurusdb:KernelVersion", /\/instances\/database-version\/upgrade$/, ({ instances }) => ({
      instanceIds: instances.map(({ id }) => id),
      version: "2.0.78.260600",
    })),
    taurus("taurusdb:StarRocksVersion", /\/starrocks\/db-upgrade$/, ({ starRocks: [one] }) => ({
      instanceId: simulator.DEFAULTS.instanceId,
      starRocksInstanceId: one?.id,
      version: "3.1.15.80",
    })),
  ],
  kinds: (connect, env = {}) => {
    // One for both types, because resources of one account share reads.
    const cloud = (proxies?: Proxies) => connect({}, proxies);
    return loadedOnce({
      "taurusdb:KernelVersion": () => kernelVersion(cloud, env),
      "taurusdb:StarRocksVersion": () => starRocksVersion(cloud, env),
    });
  },
  open: [() => openTaurus()],
  restore: (clock, saved) => new TaurusCloud({ clock, state: completed(new TaurusCloud({ clock }).export(), saved) }),
};
