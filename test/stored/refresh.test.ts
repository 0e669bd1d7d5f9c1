import { describe, expect, it } from "vitest";
import { argumentsOf } from "../../provider/frontend/resource/properties";
import { type Opened, SITUATIONS, type Situation } from "./situations";

type Values = Record<string, unknown>;

/** A pin that is settled, moved by somebody, and refreshed. */
async function refreshed({ open }: Situation) {
  const opened = open();
  const { lifecycle, inputs, move } = opened;
  const { id, outs } = await lifecycle.create(inputs);
  expect(opened.writes()).toBe(0);
  move();
  const { props = {}, inputs: stored = {} } = await lifecycle.read(id, outs);
  return { ...opened, id, props, stored: stored as Values, written: inputs };
}

/** What the engine sends when the program is unchanged and these arguments are ignored. */
function ignoring(names: readonly string[], written: Values, stored: Values): Values {
  const kept = { ...written };
  for (const name of names) {
    if (stored[name] === undefined) delete kept[name];
    else kept[name] = stored[name];
  }
  return kept;
}

const changed = (situation: Situation) => Object.keys(situation.stored).length > 0;

describe.each(SITUATIONS.map((situation) => [situation.title, situation] as const))(
  "a refresh of %s",
  (_, situation) => {
    it("stores what was observed where an argument can say it, and marks the drift", async () => {
      const { stored, props, written } = await refreshed(situation);
      const expected = { ...argumentsOf(written), ...situation.stored };
      expect(argumentsOf(stored)).toEqual(JSON.parse(JSON.stringify(expected)));
      expect(props["__drifted"]).toBe(true);
      expect(argumentsOf(props)).toEqual(JSON.parse(JSON.stringify(argumentsOf(written))));
    });

    it("stores what is accepted as input, whichever arguments are ignored, and replaces nothing", async () => {
      const { lifecycle, id, props, stored, written } = await refreshed(situation);
      const names = Object.keys(argumentsOf({ ...written, ...stored }));
      for (const ignored of [names, ...names.map((name) => [name])]) {
        const news = ignoring(ignored, written, stored);
        const { inputs, failures } = await lifecycle.check(stored, news);
        expect({ ignored, failures }).toEqual({ ignored, failures: [] });
        expect(inputs).toEqual(news);
        expect(await lifecycle.diff(id, props, news)).toEqual({ changes: true, replaces: [] });
      }
    });

    it.runIf(changed(situation))("changes nothing when that is sent back", async () => {
      const { lifecycle, id, props, stored, writes } = await refreshed(situation);
      const { outs } = await lifecycle.update(id, props, stored);
      expect(writes()).toBe(0);
      expect(await lifecycle.diff(id, outs, stored)).toEqual({ changes: false, replaces: [] });
      const again = await lifecycle.read(id, outs);
      expect(again.inputs).toEqual(stored);
      expect(again.props).not.toHaveProperty("__drifted");
    });

    it("finds the same when it is repeated", async () => {
      const { lifecycle, id, props, stored } = await refreshed(situation);
      const again = await lifecycle.read(id, props);
      expect(again).toEqual({ id, props, inputs: stored });
    });
  },
);

describe("a masked value", () => {
  const [first] = SITUATIONS.filter(({ title }) => title.startsWith("a module whose arguments hold"));
  const opened = (): Opened => {
    if (first === undefined) throw new Error("there is no such situation");
    return first.open();
  };

  it.each([
    ["Pulumi's", "OSS_GLOBAL_PASSWORD [secret] WORKERS 6"],
    ["Terraform's", "OSS_GLOBAL_PASSWORD (sensitive value)"],
    ["a vendor's", "OSS_GLOBAL_PASSWORD ******"],
    ["another vendor's", "OSS_GLOBAL_PASSWORD <redacted>"],
  ])("%s is refused by check and never sent", async (_, args) => {
    const { lifecycle, inputs, writes } = opened();
    const masked = { ...inputs, modules: { search: { version: "2.10.17", args } } };
    const { failures } = await lifecycle.check({}, masked);
    expect(failures).toEqual([{ property: "modules.search.args", reason: expect.stringContaining("masked value") }]);
    await expect(lifecycle.create(masked)).rejects.toThrow(/modules\.search\.args is a masked value/);
    const { id, outs } = await lifecycle.create(inputs);
    await expect(lifecycle.update(id, outs, masked)).rejects.toThrow(/masked value/);
    expect(writes()).toBe(0);
  });

  it("of a secret argument is refused without showing what stands around it", async () => {
    const { lifecycle, inputs } = opened();
    const { failures } = await lifecycle.check({}, { ...inputs, password: "[secret]" });
    expect(failures).toEqual([{ property: "", reason: expect.stringMatching(/^password is a masked value/) }]);
  });
});
