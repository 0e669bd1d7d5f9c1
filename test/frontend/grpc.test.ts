import { describe, expect, it } from "vitest";
import { engineAddress, sdkModules } from "../../provider/frontend/dynamic/bridge";

describe("engineAddress", () => {
  it.each([
    [["127.0.0.1:40123"], "127.0.0.1:40123"],
    [["--logtostderr", "-v=9", "127.0.0.1:40123"], "127.0.0.1:40123"],
    [["--tracing", "file:/tmp/trace", "127.0.0.1:40123"], "127.0.0.1:40123"],
    [["--tracing=tcp://h:1", "127.0.0.1:40123", "more"], "127.0.0.1:40123"],
    [["--logtostderr", "--tracing"], undefined],
    [[], undefined],
  ])("in %j is %s", (args, expected) => {
    expect(engineAddress(args)).toBe(expected);
  });
});

describe("sdkModules", () => {
  it("is nothing outside of a dynamic-provider process", () => {
    expect(sdkModules()).toBeUndefined();
  });
});
