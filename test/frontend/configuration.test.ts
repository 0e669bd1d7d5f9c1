import { describe, expect, it } from "vitest";
import { fillCredentials } from "../../provider/frontend/resource/credentials";
import { proxySettings } from "../../provider/frontend/resource/stack-settings";

const nothing = () => undefined;

const sources = {
  accessKey: { config: "huaweicloud:accessKey", env: ["HW_ACCESS_KEY", "HUAWEICLOUD_SDK_AK"] },
  secretKey: { config: "huaweicloud:secretKey", env: ["HW_SECRET_KEY"] },
};
const configuredKey = (key: string) => (key === "huaweicloud:accessKey" ? "from-config" : undefined);
const env = { HW_ACCESS_KEY: "from-hw", HUAWEICLOUD_SDK_AK: "from-sdk" };

describe("credentials: the first source applies", () => {
  it.each([
    ["the resource's own argument", { accessKey: "own" }, configuredKey, env, "own"],
    ["then the provider or the stack configuration", {}, configuredKey, env, "from-config"],
    ["then the first environment variable", {}, nothing, env, "from-hw"],
    ["then the next one", {}, nothing, { HUAWEICLOUD_SDK_AK: "from-sdk" }, "from-sdk"],
    ["an empty variable is treated as unset", {}, nothing, { ...env, HW_ACCESS_KEY: "" }, "from-sdk"],
    ["an empty argument is a value", { accessKey: "" }, configuredKey, env, ""],
    ["an empty config value is a value", {}, () => "", env, ""],
    ["an undefined argument is not a value", { accessKey: undefined }, nothing, env, "from-hw"],
    ["a secret argument without a value is not a value", { accessKey: null }, nothing, env, "from-hw"],
    ["a secret config value without a value is not a value", {}, () => null, env, "from-hw"],
    ["it is not passed on", { accessKey: null }, nothing, {}, undefined],
    ["otherwise there is no value", {}, nothing, {}, undefined],
  ] as const)("%s", (_, args, config, environment, expected) => {
    expect(fillCredentials(args, sources, config, environment).values["accessKey"]).toBe(expected);
  });

  describe("that belong together", () => {
    const grouped = {
      accessKey: { config: "h:accessKey", env: ["HW_AK", "SDK_AK"], insteadOf: "userName" },
      token: { config: "h:token", env: ["HW_TOKEN", "SDK_TOKEN"], belongsTo: "accessKey" },
      userName: { config: "h:userName", env: ["HW_USER"] },
    };
    it.each([
      [
        "a token is not added to a key of another source",
        { accessKey: "own" },
        { HW_TOKEN: "t" },
        { accessKey: "own" },
      ],
      [
        "a token belongs to the key of the same source",
        {},
        { HW_AK: "a", HW_TOKEN: "t" },
        { accessKey: "a", token: "t" },
      ],
      ["also in the second source", {}, { SDK_AK: "a", HW_TOKEN: "x", SDK_TOKEN: "t" }, { accessKey: "a", token: "t" }],
      ["a token argument is kept", { accessKey: "own", token: "t" }, {}, { accessKey: "own", token: "t" }],
      [
        "keys of the environment are not added to a user argument",
        { userName: "u" },
        { HW_AK: "a" },
        { userName: "u" },
      ],
      [
        "a key of the same source as the user is used",
        {},
        { HW_AK: "a", HW_USER: "u" },
        { accessKey: "a", userName: "u" },
      ],
    ])("%s", (_, args, environment, expected) => {
      expect(fillCredentials(args, grouped, nothing, environment).values).toEqual(expected);
    });
  });

  it("keeps all other arguments, and adds none without a value", () => {
    const args = { version: "4", other: 1, release: null };
    expect(fillCredentials(args, sources, nothing, {}).values).toEqual(args);
    expect(fillCredentials(args, sources, nothing, {}).values).not.toHaveProperty("secretKey");
  });

  it("does not modify the given arguments", () => {
    const args = {};
    fillCredentials(args, sources, configuredKey, env);
    expect(args).toEqual({});
  });
});

const configuredProxy = (value: string | null) => (key: string) => (key === "dbversion:proxy" ? value : undefined);
const A = "http://a:3128";
const B = "http://b:3128";

describe("the proxies of a run", () => {
  it.each<[string, Parameters<typeof proxySettings>[0], NodeJS.ProcessEnv, object]>([
    ["none, if none is configured", nothing, {}, { except: "" }],
    [
      "HTTP_PROXY and HTTPS_PROXY, each for its own",
      nothing,
      { HTTP_PROXY: A, HTTPS_PROXY: B },
      { http: A, https: B, except: "" },
    ],
    [
      "the lower case first",
      nothing,
      { HTTPS_PROXY: A, https_proxy: B, HTTP_PROXY: A, http_proxy: B },
      { http: B, https: B, except: "" },
    ],
    ["an empty variable is not a proxy", nothing, { http_proxy: "", HTTP_PROXY: A }, { http: A, except: "" }],
    ["NO_PROXY in either case", nothing, { HTTP_PROXY: A, NO_PROXY: "a", no_proxy: "b" }, { http: A, except: "b" }],
    [
      "the config value before the environment, for both",
      configuredProxy(A),
      { HTTP_PROXY: B, HTTPS_PROXY: B },
      { http: A, https: A, except: "" },
    ],
    [
      "NO_PROXY beside a config value",
      configuredProxy(A),
      { NO_PROXY: ".internal" },
      { http: A, https: A, except: ".internal" },
    ],
    ["none, if the config value is empty", configuredProxy(""), { HTTPS_PROXY: B }, { except: "" }],
    [
      "the environment's, where a secret config value is of nothing",
      configuredProxy(null),
      { HTTPS_PROXY: B },
      { https: B, except: "" },
    ],
    [
      "an address without a scheme, as curl accepts it",
      configuredProxy("proxy.corp:3128"),
      {},
      { http: "http://proxy.corp:3128", https: "http://proxy.corp:3128", except: "" },
    ],
  ])("%s", (_, config, env, expected) => {
    expect(proxySettings(config, env)).toEqual({ proxies: expected, secrets: [], problem: undefined });
  });

  it.each([
    ["http://ci:p%40ss%2Fword@proxy.corp:3128", ["p@ss/word", "p%40ss%2Fword", "ci:p@ss/word"]],
    ["ci:hunter2@proxy.corp:3128", ["hunter2", "ci:hunter2"]],
    ["http://ci:100%25%zz@proxy.corp", ["100%25%zz"]],
    ["http://ci@proxy.corp", []],
  ])("the secrets of %s", (text, expected) => {
    const { secrets, problem } = proxySettings(configuredProxy(text), {});
    expect(secrets).toEqual(expect.arrayContaining(expected));
    if (expected.length === 0) expect(secrets).toEqual([]);
    expect(problem).toBeUndefined();
  });

  it.each([
    [configuredProxy("http://ci:hunter2@proxy corp"), {}, "config `dbversion:proxy` is not a URL."],
    [nothing, { https_proxy: "http://ci:hunter2@:x" }, "https_proxy is not a URL."],
    [nothing, { HTTP_PROXY: "socks5://ci:hunter2@proxy" }, "HTTP_PROXY is not the URL of an HTTP proxy."],
  ])("an invalid one is reported without its value", (config, env, expected) => {
    const { problem, secrets } = proxySettings(config, env);
    expect(problem).toContain(expected);
    expect(problem).not.toContain("hunter2");
    expect(secrets.join(" ")).toContain("hunter2");
  });
});
