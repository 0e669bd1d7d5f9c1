import { describe, expect, test } from "vitest";
import { validateArguments } from "../../provider/frontend/resource/arguments";
import { SECRET_TYPES } from "../secrets/worlds";
import { loadKind } from "../systems";

/** Programs in JavaScript are checked by nobody else: what is not known is refused, and what was meant is named. */

const TYPES = [...new Map(SECRET_TYPES.map((type) => [type.type, type])).values()];

describe.each(TYPES.map((type) => [type.type, type] as const))("%s", async (_, type) => {
  const world = type.open();
  const { inputs, secrets } = await loadKind(type.type);
  const names = "shape" in inputs ? Object.keys(Object(inputs.shape)) : [];
  const reasonsOf = (more: Record<string, unknown>) =>
    validateArguments(inputs, { ...world.args, ...more }, secrets).failures.map(({ property, reason }) =>
      `${property} ${reason}`.trim(),
    );

  test("refuses every argument that is misspelt, and names the right one", () => {
    expect(names.length).toBeGreaterThan(8);
    for (const name of names) {
      const misspelt = `${name.slice(0, 2)}${name.slice(3)}`;
      if (names.includes(misspelt)) continue;
      expect(reasonsOf({ [misspelt]: "x" }).join("\n")).toMatch(
        new RegExp(`^${misspelt} is not an argument of this resource; did you mean \\w+\\?$`, "m"),
      );
    }
  });

  test("refuses an argument like none, and lists those that it takes", () => {
    expect(reasonsOf({ zzz: "x" }).join("\n")).toContain(
      `zzz is not an argument of this resource; valid names: ${names.join(", ")}`,
    );
  });

  test("refuses a table where a text is meant", () => {
    for (const name of names.filter((each) => each !== "modules")) {
      expect(reasonsOf({ [name]: { value: "x" } }).join("\n"), name).toMatch(new RegExp(`^${name}[. ]`, "m"));
    }
  });
});

test("a module takes a version and args, and nothing else", async () => {
  const type = TYPES.find((each) => each.type === "redisenterprise:ModuleVersions");
  const world = type?.open();
  const inputs = type && (await loadKind(type.type)).inputs;
  if (world === undefined || inputs === undefined) throw new Error("there is no such type");
  const modules = { search: { version: "2.10", arg: "WORKERS 6" }, bf: { version: "2.6", zzz: 1 } };
  const { failures } = validateArguments(inputs, { ...world.args, modules });
  expect(failures).toEqual(
    expect.arrayContaining([
      { property: "modules.search", reason: "has no arg; did you mean args?" },
      { property: "modules.bf", reason: "has no zzz; valid names: version, args" },
    ]),
  );
});
