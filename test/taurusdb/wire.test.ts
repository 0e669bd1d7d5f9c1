import { afterEach, describe, expect, it } from "vitest";
import { requestOf } from "../../provider/core/request";
import { wallClock } from "../../provider/core/runtime";
import { networkTransport } from "../../provider/huaweicloud/connection";
import { type Access, openAccess } from "../../provider/taurusdb/project";
import {
  readStarRocks,
  readStarRocksKernels,
  upgradeStarRocks,
  upgradeStep,
} from "../../provider/taurusdb/starrocks/instance";
import { cancelSchedules, readJobs } from "../../provider/taurusdb/tasks";
import { type Served, serve, TaurusCloud, WALL } from "../simulators";
import { instanceId, KEY, region, USER } from "./rig";

const open: { served: Served; access: Access }[] = [];

afterEach(async () => {
  for (const { served, access } of open.splice(0)) {
    await access.close();
    await served.close();
  }
});

/** The cloud on a socket, reached as in production. */
async function overSockets(credentials: object) {
  const cloud = new TaurusCloud({ clock: WALL, oneDoor: true, timings: "instant" });
  const served = await serve(cloud);
  const [endpoint = ""] = served.origins;
  const args = { region, endpoint, iamEndpoint: endpoint, ...credentials };
  const runtime = { clock: wallClock, signal: new AbortController().signal, conceal: () => undefined };
  const access = openAccess(args, runtime, networkTransport, {});
  open.push({ served, access });
  return { cloud, gateway: access.gateway, starRocksInstanceId: cloud.starRocks[0]?.id ?? "" };
}

describe.each([
  ["an access key", KEY],
  ["a password", USER],
])("over a socket, with %s", (_, credentials) => {
  it("reads, writes and cancels are taken by a server that checks what it received", async () => {
    const { cloud, gateway, starRocksInstanceId } = await overSockets(credentials);
    expect(await readStarRocks(gateway, { instanceId, starRocksInstanceId })).toMatchObject({
      id: starRocksInstanceId,
      data_store_version: "3.1.6.0",
    });
    expect(await readStarRocksKernels(gateway)).toEqual(["3.1.15.80"]);
    expect(await readJobs(gateway, { since: Date.now() - 60_000 })).toEqual([]);
    const versions = { from: "3.1.6.0", to: "3.1.15.80" };
    const scheduled = { starRocksInstanceId, schedule: "maintenance-window" } as const;
    const later = await upgradeStarRocks(gateway, requestOf([upgradeStep(scheduled, versions)]), () => undefined);
    expect(await cancelSchedules(gateway, [later, "0".repeat(32)])).toEqual([later]);
    await upgradeStarRocks(gateway, requestOf([upgradeStep({ starRocksInstanceId }, versions)]), () => undefined);
    expect(cloud.starRocks[0]?.kernel).toBe("3.1.15.80");
    expect(cloud.journal.entries.filter(({ status }) => status > 201)).toEqual([]);
  });
});
