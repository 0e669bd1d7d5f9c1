/** @module-tag long */
import { afterAll, beforeAll, expect, test } from "vitest";
import { onEachEngine } from "./each-engine";
import { openTrial, type Trial } from "./trial";

const encrypted = {
  "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
  ciphertext: expect.any(String),
};

onEachEngine("secrets and configuration", (prefer) => {
  let trial: Trial;
  beforeAll(async () => {
    trial = await openTrial(prefer, {
      config: { plain: "shown" },
      secrets: { hidden: "s3cret-config", "trial:token": "s3cret-token" },
    });
  });
  afterAll(() => trial.close());

  const password = { $secret: "s3cret-input" };
  const things = [
    {
      name: "thing",
      args: { version: "1", password, nested: { inner: password, open: "x" }, list: ["a", password], mode: "config" },
    },
    { name: "marked", args: { version: "1" }, options: { additionalSecretOutputs: ["computed"] } },
    { name: "own", kind: "Provider", args: { "trial:token": { $secret: "s3cret-own" } } },
    { name: "served", args: { version: "1", mode: "config" }, options: { provider: "own" } },
  ] as const;

  test("the provider receives plain values, the state and the output do not contain them", async () => {
    const run = await trial.engine.up(trial.declare(...things));
    expect(run).toMatchObject({ ok: true, outputs: { plain: "shown", hidden: "[secret]", marked: "[secret]" } });
    const calls = await trial.calls();
    expect(calls.find(({ call, name }) => call === "create" && name === "thing")).toMatchObject({
      inputs: { password: "s3cret-input", nested: { inner: "s3cret-input" }, list: ["a", "s3cret-input"] },
    });
    const state = await trial.state("thing");
    for (const properties of [state?.inputs, state?.outputs]) {
      expect(properties).toMatchObject({ password: encrypted, nested: { inner: encrypted, open: "x" } });
    }
    // The provider returns a list that contains a secret as a secret.
    expect(state?.outputs).toMatchObject({ list: encrypted });
    expect((await trial.state("marked"))?.outputs).toMatchObject({ computed: encrypted });
    expect((await trial.state("default"))?.inputs).toMatchObject({ "trial:token": encrypted, "trial:plain": "shown" });
    expect((await trial.state("own"))?.inputs).toMatchObject({ "trial:token": encrypted });
    const everything = JSON.stringify(await trial.engine.exportState()) + run.output;
    // The trial provider copies the token into another output on purpose.
    expect(everything.replaceAll(/made-1:s3cret-(token|own)/g, "")).not.toContain("s3cret");
  });

  test("the default provider gets the stack's configuration, an explicit one its own arguments", async () => {
    expect(await trial.state("thing")).toMatchObject({ outputs: { computed: "made-1:s3cret-token" } });
    expect(await trial.state("served")).toMatchObject({
      outputs: { computed: "made-1:s3cret-own" },
      provider: expect.stringMatching(/pulumi:providers:pulumi-nodejs::own::[-0-9a-f]{36}$/),
    });
  });

  test("secrets are exported in plain text on demand, and encrypted again by an import", async () => {
    const { engine } = trial;
    const shown = await engine.exportState({ showSecrets: true });
    const thing = shown.deployment.resources?.find(({ urn }) => urn.endsWith("::thing"));
    const { ciphertext: _, ...envelope } = encrypted;
    expect(thing?.inputs).toMatchObject({ password: { ...envelope, plaintext: '"s3cret-input"' } });
    await engine.importState(shown);
    expect((await engine.preview(trial.declare(...things))).steps.every(({ op }) => op === "same")).toBe(true);
    await engine.up(trial.declare(...things));
    expect((await trial.state("thing"))?.inputs).toMatchObject({ password: encrypted });
  });

  test("a later update and a refresh keep the secrets, and the refresh configures the providers from the state", async () => {
    const run = await trial.engine.up(trial.declare(...things));
    expect(run).toMatchObject({ ok: true, changes: { same: 5 } });
    const diff = (await trial.calls()).find(({ call, name }) => call === "diff" && name === "thing");
    expect(diff).toMatchObject({ olds: { password: "s3cret-input", list: ["a", "s3cret-input"] } });
    expect(await trial.engine.refresh({ env: { TRIAL_RESOURCES: "not read" } })).toMatchObject({ ok: true });
    const configured = (await trial.calls()).filter(({ call }) => call === "configure").map(({ token }) => token);
    expect(configured.sort()).toEqual(["s3cret-own", "s3cret-token"]);
    expect((await trial.state("thing"))?.outputs).toMatchObject({ password: encrypted });
  });

  test("new arguments of an explicit provider update it, and it receives them", async () => {
    const changed = things.map((each) =>
      each.name === "own" ? { ...each, args: { "trial:token": { $secret: "s3cret-new" } } } : each,
    );
    const run = await trial.engine.up(trial.declare(...changed));
    expect(run).toMatchObject({ ok: true, changes: { update: 1, same: 4 } });
    expect(
      (await trial.calls())
        .filter(({ call }) => call === "configure")
        .map(({ token }) => token)
        .sort(),
    ).toEqual(["s3cret-new", "s3cret-token"]);
  });

  test("a provider with unknown arguments is not called in a preview", async () => {
    const unknown = [
      { name: "source", args: { version: "1" } },
      { name: "late", kind: "Provider", args: { "trial:token": "@source.computed" } },
      { name: "user", args: { version: "1" }, options: { provider: "late" } },
    ] as const;
    await trial.calls();
    expect(await trial.engine.preview(trial.declare(...things, ...unknown))).toMatchObject({ ok: true });
    expect((await trial.calls()).filter(({ name }) => name === "user")).toEqual([]);
  });
});
