import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { OLDEST_NODE, requireNode } from "../../provider/base/node-version";
import { OLDEST_NODE as OLDEST_OF_SIMULATORS } from "../simulators/shell/node";

it.each(["v22.19.0", "v22.20.1", "v23.0.0", "v24.0.0-nightly2025", "v100.0.0"])("%s is new enough", (version) => {
  expect(() => requireNode("the provider process", version)).not.toThrow();
});

it.each(["v20.20.2", "v22.18.9", "v18.0.0", "v9.9.9"])(
  "%s is too old, in one sentence and without a stack",
  (version) => {
    const message = `pulumi-dbversion needs Node 22.19 or later; the provider process runs on ${version}`;
    const error = (() => {
      try {
        requireNode("the provider process", version);
      } catch (thrown) {
        return thrown;
      }
      return undefined;
    })();
    expect(error).toMatchObject({ message, stack: message });
  },
);

it("is what the package demands, of the simulators too", () => {
  const { engines } = JSON.parse(readFileSync(join(__dirname, "..", "..", "package.json"), "utf8"));
  expect(engines.node).toBe(`>=${OLDEST_NODE}`);
  expect(OLDEST_OF_SIMULATORS).toBe(OLDEST_NODE);
});
