import { describe, expect, it } from "vitest";
import { fillCredentials } from "../../provider/frontend/resource/credentials";

const sources = {
  accessKey: { config: "huaweicloud:accessKey", env: ["HW_ACCESS_KEY", "HUAWEICLOUD_SDK_AK"] },
  secretKey: { config: "huaweicloud:secretKey", env: ["HW_SECRET_KEY"] },
};
const configured = (key: string) => (key === "huaweicloud:accessKey" ? "from-config" : undefined);
const nothing = () => undefined;
const env = { HW_ACCESS_KEY: "from-hw", HUAWEICLOUD_SDK_AK: "from-sdk" };

describe("credentials: the first found wins", () => {
  it.each([
    ["the resource's own argument", { accessKey: "own" }, configured, env, "own"],
    ["then Provider or stack config", {}, configured, env, "from-config"],
    ["then the first environment variable", {}, nothing, env, "from-hw"],
    ["then the next one", {}, nothing, { HUAWEICLOUD_SDK_AK: "from-sdk" }, "from-sdk"],
    ["an empty variable counts as unset", {}, nothing, { ...env, HW_ACCESS_KEY: "" }, "from-sdk"],
    ["an empty argument is an answer", { accessKey: "" }, configured, env, ""],
    ["an empty config value is an answer", {}, () => "", env, ""],
    ["an undefined argument is none", { accessKey: undefined }, nothing, env, "from-hw"],
    ["a secret argument of nothing is none", { accessKey: null }, nothing, env, "from-hw"],
    ["a secret config value of nothing is none", {}, () => null, env, "from-hw"],
    ["nor is it passed on", { accessKey: null }, nothing, {}, undefined],
    ["and else there is none", {}, nothing, {}, undefined],
  ] as const)("%s", (_, args, config, environment, expected) => {
    expect(fillCredentials(args, sources, config, environment)["accessKey"]).toBe(expected);
  });

  describe("that go together", () => {
    const grouped = {
      accessKey: { config: "h:accessKey", env: ["HW_AK", "SDK_AK"], insteadOf: "userName" },
      token: { config: "h:token", env: ["HW_TOKEN", "SDK_TOKEN"], belongsTo: "accessKey" },
      userName: { config: "h:userName", env: ["HW_USER"] },
    };
    it.each([
      ["a token is not added to a key of another place", { accessKey: "own" }, { HW_TOKEN: "t" }, { accessKey: "own" }],
      ["a token goes with the key beside it", {}, { HW_AK: "a", HW_TOKEN: "t" }, { accessKey: "a", token: "t" }],
      ["also in the second place", {}, { SDK_AK: "a", HW_TOKEN: "x", SDK_TOKEN: "t" }, { accessKey: "a", token: "t" }],
      ["a given token stays", { accessKey: "own", token: "t" }, {}, { accessKey: "own", token: "t" }],
      ["a user that is given keeps keys of the environment out", { userName: "u" }, { HW_AK: "a" }, { userName: "u" }],
      ["a key beside the user is taken", {}, { HW_AK: "a", HW_USER: "u" }, { accessKey: "a", userName: "u" }],
    ])("%s", (_, args, environment, expected) => {
      expect(fillCredentials(args, grouped, nothing, environment)).toEqual(expected);
    });
  });

  it("leaves everything else as it is, and out what is not found", () => {
    const args = { version: "4", other: 1, release: null };
    expect(fillCredentials(args, sources, nothing, {})).toEqual(args);
    expect(fillCredentials(args, sources, nothing, {})).not.toHaveProperty("secretKey");
  });

  it("does not change the arguments it was given", () => {
    const args = {};
    fillCredentials(args, sources, configured, env);
    expect(args).toEqual({});
  });
});
