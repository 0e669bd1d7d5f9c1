import { expect, test } from "vitest";
import { hostOfTest, onEachSdk } from "./host";
import { openStage, PASSWORD, TARGET_BUILD, without } from "./stage";

const CONFIG = { config: { "oceanbase:password": PASSWORD } };

onEachSdk("the first calls of a process", (sdk) => {
  const opened = async (options: Parameters<typeof hostOfTest>[1] = {}) => {
    const stage = await openStage(await hostOfTest(sdk, { fresh: true, ...options }));
    stage.cluster.control.setBuildVersion(TARGET_BUILD);
    return stage;
  };

  test("all see the configuration, however many come at once and of whichever kind", async () => {
    const { provider, inputs, engine, urn, id } = await opened(CONFIG);
    const named = (name: string) => {
      const own = `${urn}-${name}`;
      return { subject: { urn: own, id }, args: without(inputs({ __urn: own }), "password") };
    };
    const [checked, diffed, updated, read] = [named("checked"), named("diffed"), named("updated"), named("read")];
    const created = Array.from({ length: 12 }, (_, index) => named(`created${index}`));
    const answers = await Promise.all([
      ...created.map(({ subject, args }) => provider.create(subject.urn, args)),
      provider.update(updated.subject, updated.args, updated.args),
      provider.read(read.subject, read.args),
      provider.check(checked.subject.urn, checked.args).then(() => undefined),
      provider.diff(diffed.subject, { ...diffed.args, status: "behind" }, diffed.args).then(() => undefined),
    ]);
    const properties = answers.flatMap((answer) => (answer === undefined ? [] : [answer.properties]));
    expect(properties.map(({ status }) => status)).toEqual(Array.from({ length: 14 }, () => "current"));
    expect(properties.filter((each) => "password" in each)).toEqual([]);
    const told = engine.logs.filter(({ message }) => message.endsWith(`: already at ${TARGET_BUILD}`));
    expect(told.map((logged) => logged.urn).sort()).toEqual([checked.subject.urn, diffed.subject.urn]);
  });

  test("take the password from the environment of the engine", { tags: ["long"] }, async () => {
    const { provider, inputs, urn } = await opened({ env: { OCEANBASE_PASSWORD: PASSWORD } });
    expect((await provider.create(urn, without(inputs(), "password"))).properties["status"]).toBe("current");
  });

  test("may be a delete: nothing is asked of the database, and it says that it was left as it is", {
    tags: ["long"],
  }, async () => {
    const { provider, inputs, urn, id, engine, cluster } = await opened();
    await provider.delete({ urn, id }, { ...inputs(), status: "current", currentVersion: "4.3.5.2" });
    expect(engine.logs).toEqual([
      { severity: "info", urn, message: "no longer managed; the database was not changed", ephemeral: false },
    ]);
    expect(cluster.journal.entries).toEqual([]);
  });

  test("may be a read", { tags: ["long"] }, async () => {
    const { provider, inputs, urn, id } = await opened();
    const read = await provider.read({ urn, id }, { ...inputs(), status: "behind", currentVersion: "4.2.1.8" });
    expect(read).toMatchObject({ id, properties: { status: "current", currentVersion: "4.3.5.2" }, inputs: inputs() });
  });
});
