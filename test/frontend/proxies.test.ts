import { describe, expect, it } from "vitest";
import { proxySettings } from "../../provider/frontend/resource/stack-settings";

const none = () => undefined;
const configured = (value: string | null) => (key: string) => (key === "dbversion:proxy" ? value : undefined);
const A = "http://a:3128";
const B = "http://b:3128";

describe("the proxies of a run", () => {
  it.each<[string, Parameters<typeof proxySettings>[0], NodeJS.ProcessEnv, object]>([
    ["none, where nothing names one", none, {}, { except: "" }],
    [
      "HTTP_PROXY and HTTPS_PROXY, each for its own",
      none,
      { HTTP_PROXY: A, HTTPS_PROXY: B },
      { http: A, https: B, except: "" },
    ],
    [
      "the lower case first",
      none,
      { HTTPS_PROXY: A, https_proxy: B, HTTP_PROXY: A, http_proxy: B },
      { http: B, https: B, except: "" },
    ],
    ["an empty variable is none", none, { http_proxy: "", HTTP_PROXY: A }, { http: A, except: "" }],
    ["NO_PROXY in either case", none, { HTTP_PROXY: A, NO_PROXY: "a", no_proxy: "b" }, { http: A, except: "b" }],
    [
      "the config value before the environment, for both",
      configured(A),
      { HTTP_PROXY: B, HTTPS_PROXY: B },
      { http: A, https: A, except: "" },
    ],
    [
      "NO_PROXY beside a config value",
      configured(A),
      { NO_PROXY: ".internal" },
      { http: A, https: A, except: ".internal" },
    ],
    ["none, where the config value is empty", configured(""), { HTTPS_PROXY: B }, { except: "" }],
    [
      "the environment's, where a secret config value is of nothing",
      configured(null),
      { HTTPS_PROXY: B },
      { https: B, except: "" },
    ],
    [
      "an address alone, as curl takes it",
      configured("proxy.corp:3128"),
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
  ])("what must not be told of %s", (text, expected) => {
    const { secrets, problem } = proxySettings(configured(text), {});
    expect(secrets).toEqual(expect.arrayContaining(expected));
    if (expected.length === 0) expect(secrets).toEqual([]);
    expect(problem).toBeUndefined();
  });

  it.each([
    [configured("http://ci:hunter2@proxy corp"), {}, "config `dbversion:proxy` is not a URL."],
    [none, { https_proxy: "http://ci:hunter2@:x" }, "https_proxy is not a URL."],
    [none, { HTTP_PROXY: "socks5://ci:hunter2@proxy" }, "HTTP_PROXY is not the URL of an HTTP proxy."],
  ])("what is wrong with one, without its value", (config, env, expected) => {
    const { problem, secrets } = proxySettings(config, env);
    expect(problem).toContain(expected);
    expect(problem).not.toContain("hunter2");
    expect(secrets.join(" ")).toContain("hunter2");
  });
});
