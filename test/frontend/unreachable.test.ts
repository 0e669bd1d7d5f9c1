import { describe, expect, it } from "vitest";
import { Rejected, Unreachable, UpgradeError } from "../../provider/core/errors";
import { stage } from "./fake-lifecycle";

type Change = Parameters<typeof stage>[0];

const silent: Change = { failure: new Unreachable("connection refused", { sent: false, heard: false }) };
const foreign: Change = {
  failure: new UpgradeError("not-the-vendor", "A web server answers.", { remedy: "Correct it." }),
};
const rejected: Change = {
  failure: new Rejected("The server rejected the credentials", {
    said: "wrong password (401)",
    credentials: ["password"],
    remedy: "Set `password` to the right one.",
  }),
};

/** How the setting is given: by the resource, by the stack, by both. */
interface Given {
  readonly own?: string;
  readonly stack?: string;
  readonly password?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly config?: Readonly<Record<string, string>>;
}

async function opened(change: Change, { own, stack, password, env = {}, config = {} }: Given) {
  const staged = stage(change, env);
  const values = { ...config, ...(stack === undefined ? {} : { "dbversion:onUnreachable": stack }) };
  await staged.lifecycle.configure({ config: { get: (key: string) => new Map(Object.entries(values)).get(key) } });
  const inputs = staged.inputs({
    ...(own === undefined ? {} : { onUnreachable: own }),
    ...(password === undefined ? {} : { password }),
  });
  const state = { ...inputs, status: "current", currentVersion: "2.0", members: { "server-1": "2.0" } };
  return { ...staged, inputs, state };
}

async function preview(change: Change, given: Given = {}): Promise<readonly string[]> {
  const { lifecycle, inputs } = await opened(change, given);
  const { failures = [] } = await lifecycle.check({}, inputs);
  expect(failures.map(({ property }) => property)).toEqual(failures.map(() => ""));
  return failures.map(({ reason }) => reason);
}

async function refresh(change: Change, given: Given = {}): Promise<unknown> {
  const { lifecycle, state } = await opened(change, given);
  return lifecycle.read("server-1", state).then(
    ({ props }) => props?.["status"],
    (error: unknown) => (error instanceof Error ? error.message : error),
  );
}

const SETTINGS: readonly (readonly [what: string, given: Given, fails: boolean])[] = [
  ["nothing is said", {}, false],
  ['the resource says "warn"', { own: "warn" }, false],
  ['the resource says "fail"', { own: "fail" }, true],
  ['the stack says "fail"', { stack: "fail" }, true],
  ['the stack says "fail", and the resource "warn"', { stack: "fail", own: "warn" }, false],
  ['the stack says "warn", and the resource "fail"', { stack: "warn", own: "fail" }, true],
];

describe.each(SETTINGS)("a system that cannot be read, where %s", (_, given, fails) => {
  it.each<[string, Change, string]>([
    ["that nobody answers for", silent, "cannot plan: unreachable, connection refused"],
    ["that is another one", foreign, "cannot plan: A web server answers. Correct it. [not-the-vendor]"],
    ["whose versions are unknown", { unknown: "no members" }, "cannot plan: no members"],
  ])(`${fails ? "fails" : "leaves green"} the preview: one %s`, async (_case, change, reason) => {
    expect(await preview(change, given)).toEqual(fails ? [reason] : []);
  });

  it(`${fails ? "fails" : "leaves green"} the refresh`, async () => {
    const expected = fails ? "could not be read: connection refused [unreachable]" : "current";
    expect(await refresh(silent, given)).toBe(expected);
  });

  it(`${fails ? "fails" : "leaves green"} the preview of what an earlier run left to do`, async () => {
    const { lifecycle, state, inputs, said } = await opened(silent, given);
    const diff = lifecycle.diff("server-1", { ...state, status: "behind" }, inputs);
    if (fails) await expect(diff).rejects.toThrow("cannot plan: unreachable, connection refused");
    else expect(await diff).toMatchObject({ changes: true });
    expect(said()).toEqual(fails ? [] : ["WARNING cannot plan: unreachable, connection refused"]);
  });
});

describe("rejected credentials", () => {
  const found = [
    ["the program", { password: "secret-1" }, "(argument `password`)"],
    ["the configuration", { config: { "fake:password": "secret-1" } }, "(`password` from config `fake:password`)"],
    ["the environment", { env: { FAKE_PASSWORD: "secret-1" } }, "(`password` from environment `FAKE_PASSWORD`)"],
  ] as const;

  it.each(found)("of %s fail a preview and a refresh, with where they come from", async (_, given, origin) => {
    const reason = `The server rejected the credentials ${origin}: wrong password (401). Set \`password\` to the right one. [unauthorized]`;
    expect(await preview(rejected, { ...given, own: "warn" })).toEqual([`cannot plan: ${reason}`]);
    expect(await refresh(rejected, { ...given, own: "warn" })).toBe(reason);
    const { lifecycle, inputs } = await opened(rejected, given);
    await expect(lifecycle.create(inputs)).rejects.toThrow(reason);
  });

  it("that were not given at all are told as missing, not as wrong", async () => {
    const reason =
      "The server rejected the credentials: no password given (argument `password`, config `fake:password`, environment `FAKE_PASSWORD`). [unauthorized]";
    expect(await preview(rejected)).toEqual([`cannot plan: ${reason}`]);
    expect(await refresh(rejected)).toBe(reason);
  });
});

it("the stack's setting has two values", async () => {
  expect(await preview({}, { stack: "loud" })).toEqual(['config `dbversion:onUnreachable` must be "warn" or "fail"']);
});
