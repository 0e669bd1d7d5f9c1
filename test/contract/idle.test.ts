import { expect, onTestFinished, test } from "vitest";
import { makeWorkspace } from "../engine/workspace";
import { FakeEngine } from "./engine";
import { onEachSdk, PROVIDER_TEXT, type Sdk, urnOf } from "./host";
import { DynamicProvider } from "./provider";

/** `pulumi up --refresh` has two processes: one reads what the state has, the other serves the program. */
async function twoProcesses(sdk: Sdk) {
  const workspace = await makeWorkspace({ project: "shop", sdk });
  const engine = await FakeEngine.start();
  const start = () => DynamicProvider.start({ cwd: workspace.dir, engineAddress: engine.address });
  const providers = [await start(), await start()] as const;
  onTestFinished(async () => {
    for (const provider of providers) await provider.kill();
    engine.die();
    await workspace.close();
  });
  return { engine, providers };
}

/** A call that is answered without any request: its arguments are missing. */
function load(provider: DynamicProvider) {
  const urn = urnOf("idle");
  return provider.check(urn, { __provider: PROVIDER_TEXT, __urn: urn });
}

/** What another program's dynamic resource has in its state. */
const FOREIGN = "exports.handler=()=>({check:async(_, inputs)=>({inputs})})";

onEachSdk("two processes of one engine", (sdk) => {
  test("end by themselves when it dies between calls, though both are idle", async () => {
    const { engine, providers } = await twoProcesses(sdk);
    for (const provider of providers) await load(provider);
    engine.die();
    for (const { exited } of providers) expect(await exited).toBe(1);
  });

  test("end by themselves when it dies before they have watched it", { tags: ["long"] }, async () => {
    const { engine, providers } = await twoProcesses(sdk);
    engine.die();
    for (const provider of providers) await load(provider);
    for (const { exited } of providers) expect(await exited).toBe(1);
  });

  test("end by themselves when it dies during a call of one of them", { tags: ["long"] }, async () => {
    const { engine, providers } = await twoProcesses(sdk);
    const [busy, idle] = providers;
    await load(idle);
    const urn = urnOf("busy");
    // Nobody answers at this address: the call lasts until the engine is gone.
    const args = { endpoints: [`http://${engine.address}`], version: "4.3.5.2", password: "x" };
    const call = busy.create(urn, { ...args, __provider: PROVIDER_TEXT, __urn: urn }, 600).catch(() => undefined);
    await engine.when(() => (engine.accepted >= 3 ? true : undefined));
    engine.die();
    for (const { exited } of providers) expect(await exited).toBe(1);
    await call;
  });

  test("stay where nothing of this package was loaded, as those of any dynamic resource do: that is Pulumi's own", {
    tags: ["long"],
  }, async () => {
    const { engine, providers } = await twoProcesses(sdk);
    const [ours, foreign] = providers;
    await load(ours);
    engine.die();
    expect(await ours.exited).toBe(1);
    const inputs = { __provider: FOREIGN, word: "still here" };
    expect((await foreign.check(urnOf("foreign"), inputs)).inputs).toMatchObject({ word: "still here" });
  });
});
