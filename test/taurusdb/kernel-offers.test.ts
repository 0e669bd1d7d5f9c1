import { describe, expect, it } from "vitest";
import { kernelRig, message } from "./kernel-rig";

const OLD = "2.0.69.250900";
const NEW = "2.0.78.260600";

/** A service that answers `database-version` like this. */
function telling(newest: string, flag?: string) {
  const rewrite = (body: string) => {
    const told = body.replace(`"latest_kernel_version":"${NEW}"`, `"latest_kernel_version":${newest}`);
    return flag === undefined ? told : told.replace(/"upgrade_flag":\w+,/, flag);
  };
  return kernelRig({}, { rewrite });
}

const UNTOLD = ['""', "null", '"n/a"'];

describe("an upgrade of which the service does not say where it leads", () => {
  it.each(UNTOLD)("is not asked for by an exact pin, nor by a prefix (%s)", async (newest) => {
    for (const version of ["2.0.75.28", "2.0.75"]) {
      const { lifecycle, inputs, said, writes } = telling(newest);
      const args = inputs({ version });
      expect((await lifecycle.check({}, args)).failures).toEqual([]);
      expect(said().join(" ")).toContain(`It is unknown whether an upgrade would end at ${version}`);
      expect(await message(lifecycle.create(args))).toMatch(
        /the service does not report which one that is.*>=2\.0\.75.*\[blocked\]/,
      );
      expect(writes()).toBe(0);
    }
  });

  it.each(UNTOLD)("is asked for by a floor (%s)", async (newest) => {
    const { lifecycle, inputs, writes } = telling(newest);
    const { outs } = await lifecycle.create(inputs({ version: ">=2.0.75" }));
    expect(outs).toMatchObject({ status: "current", currentVersion: NEW });
    expect(writes()).toBe(1);
  });

  it.each(UNTOLD)("is asked for by latest where there is one (%s)", async (newest) => {
    const rig = telling(newest);
    const args = rig.inputs({ version: "latest" });
    await rig.lifecycle.check({}, args);
    expect(rig.said()).toEqual([`${OLD} → newest, now`]);
    expect((await rig.lifecycle.create(args)).outs).toMatchObject({ status: "current", currentVersion: NEW });
  });

  it("is none for latest where the service says that there is none", async () => {
    const { lifecycle, inputs, writes } = telling('""', '"upgrade_flag":false,');
    const { outs } = await lifecycle.create(inputs({ version: "latest" }));
    expect(outs).toMatchObject({ status: "current", currentVersion: OLD });
    expect(writes()).toBe(0);
  });

  it("and not even whether there is one, is no answer to latest", async () => {
    const { lifecycle, inputs, said, writes } = telling('""', "");
    const args = inputs({ version: "latest" });
    await lifecycle.check({}, args);
    expect(said()[0]).toMatch(/^cannot plan: the service does not report whether a newer kernel is offered to/);
    expect(await message(lifecycle.create(args))).toMatch(/whether a newer kernel is offered to .*\[unreachable\]/);
    expect(writes()).toBe(0);
  });
});

it("an instance that is listed, and whose offer is not found, is looked at again", async () => {
  const { lifecycle, inputs, cloud, writes } = kernelRig();
  cloud.control.gateway.disturb("DBS.201028", { route: "databaseVersion", times: 3 });
  expect(await message(lifecycle.create(inputs({ version: "2.0.75.28" })))).toMatch(/can no longer be reached/);
  expect(writes()).toBe(0);
});
