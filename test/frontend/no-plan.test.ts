import { describe, expect, it } from "vitest";
import { describeDrift } from "../../provider/core/kind";
import { parseVersion } from "../../provider/core/version";
import { UNKNOWN } from "../../provider/frontend/resource/properties";
import { stage } from "./fake-lifecycle";

describe("a preview without a plan says why", () => {
  it.each([
    [{ version: UNKNOWN }, "INFO cannot plan yet: `version` is known after apply"],
    [{ server: UNKNOWN, version: UNKNOWN }, "INFO cannot plan yet: `version`, `server` are known after apply"],
  ])("for arguments that are not known yet: %j", async (args, line) => {
    const { lifecycle, inputs, said, world } = stage();
    const { failures } = await lifecycle.check({}, inputs(args));
    expect(failures).toEqual([]);
    await lifecycle.check({}, inputs(args));
    expect(said()).toEqual([line]);
    expect(world.looks).toBe(0);
  });
});

describe("drift", () => {
  it("is told by every refresh, with how it is brought back", async () => {
    const { lifecycle, inputs, said, world } = stage({ version: "2.0" });
    const { id, outs } = await lifecycle.create(inputs());
    world.version = "1.9";
    const { props = {} } = await lifecycle.read(id, outs);
    expect(said()).toEqual(["WARNING drift: 1 of 1 member outdated (server-1 runs 1.9). `pulumi up` upgrades it."]);
    await lifecycle.read(id, { ...props });
    expect(said()).toHaveLength(2);
  });

  it("that `ignoreChanges` keeps is told by the preview, and no upgrade is claimed or sent", async () => {
    const { lifecycle, inputs, said, world, lines } = stage({ version: "2.0" });
    const { id, outs } = await lifecycle.create(inputs());
    world.version = "1.9";
    const { props, inputs: seen } = await lifecycle.read(id, outs);
    expect(seen).toMatchObject({ version: "1.9" });
    lines.length = 0;
    // The engine takes what is ignored from the old inputs.
    const kept = inputs({ version: "1.9" });
    await lifecycle.check({ ...seen }, kept);
    const { changes } = await lifecycle.diff(id, { ...props }, kept);
    expect(changes).toBe(true);
    const updated = await lifecycle.update(id, { ...props }, kept);
    expect(updated.outs).toMatchObject({ status: "current", version: "1.9", currentVersion: "1.9" });
    expect(world.starts).toBe(0);
    expect(said()).toEqual([
      "INFO no upgrade: `version` is now 1.9, as observed by the last refresh, and no longer 2.0. If the program still has 2.0, `ignoreChanges` prevents it from being applied.",
    ]);
  });

  it("of many units names a few, and long names by their ends", () => {
    const names = ["e4ed0123456789abcdef0123456789in07", ...Array.from({ length: 19 }, (_, at) => `instance-${at}`)];
    const old = parseVersion("2.0.69.250900");
    if (old === undefined) throw new Error("no version");
    const observation = { members: names.map((name) => ({ name, version: old })) };
    const unit = ["instance", "instances"] as const;
    expect(describeDrift({ members: names.slice(0, 1), inputs: {} }, observation, unit)).toBe(
      "drift: 1 of 20 instances outdated (e4ed…in07 runs 2.0.69.250900). {apply} upgrades it.",
    );
    expect(describeDrift({ members: names.slice(0, 5), inputs: {} }, observation, unit)).toMatch(
      /^drift: 5 of 20 instances outdated \(e4ed…in07 runs .* and 2 more\)\. \{apply\} upgrades them\.$/,
    );
    expect(describeDrift({ members: ["search"], unseen: true, inputs: {} }, observation, unit)).toBe(
      "drift: search differs from the state. {apply} restores it.",
    );
  });
});
