import { expect, test } from "vitest";
import { failureOf, type PartialFailure, type RpcFailure } from "./failure";
import { hostOfSuite, hostOfTest, onEachSdk } from "./host";
import { openStage, PASSWORD, TARGET_BUILD, without } from "./stage";

/** The plan line of a preview. It begins with the name, because `preview --diff` shows nothing else of the resource. */
const planned = (urn: string, plan: string) => ({
  severity: "info",
  urn,
  message: `${urn.split("::").at(-1)}: ${plan}`,
  ephemeral: false,
});
const ALREADY = `already at ${TARGET_BUILD}`;

onEachSdk("the log", (sdk) => {
  const host = hostOfSuite(sdk);

  test("contains the plan as a lasting line of the resource, once per run", async () => {
    const { provider, urn, id, inputs, logs } = await openStage(host());
    await provider.check(urn, inputs());
    await provider.check(urn, inputs());
    await provider.diff({ urn, id }, inputs({ status: "behind" }), inputs());
    expect(logs()).toEqual([planned(urn, "4.2.1.8 → 4.3.5.2, rolling over 3 zones")]);
  });

  test("contains progress as ephemeral lines, and results as lasting ones", async () => {
    const { provider, urn, inputs, logs, cluster, logged } = await openStage(host());
    cluster.control.startMaintenance("Start OB");
    const created = provider.create(urn, inputs());
    await logged(/waiting for maintenance task/);
    cluster.control.finish();
    await created;
    const kinds = logs().map(({ message, ephemeral, severity }) => [message.split(/[ (]/)[0], ephemeral, severity]);
    expect(kinds).toContainEqual(["waiting", true, "info"]);
    expect(logs().filter(({ ephemeral }) => !ephemeral)).toEqual([
      expect.objectContaining({ severity: "info", message: expect.stringMatching(/^upgrade 12 started$/) }),
      expect.objectContaining({ severity: "info", message: expect.stringMatching(/^upgraded 4\.2\.1\.8-\d+ → /) }),
    ]);
  });

  test("contains a version ahead of the target as a warning", async () => {
    const { provider, urn, inputs, logs, cluster } = await openStage(host());
    cluster.control.setBuildVersion("4.4.0.0-1");
    await provider.create(urn, inputs());
    expect(logs()).toEqual([
      expect.objectContaining({
        severity: "warning",
        message: expect.stringMatching(/newer than the target version/),
        ephemeral: false,
      }),
    ]);
  });

  test("contains a warning if no plan is possible, and check passes", async () => {
    const { provider, urn, inputs, logs } = await openStage(host());
    const { failures } = await provider.check(urn, inputs({ endpoints: ["http://127.0.0.1:9"] }));
    expect(failures).toEqual([]);
    expect(logs()).toEqual([
      expect.objectContaining({
        severity: "warning",
        message: expect.stringMatching(/^orders\d+: cannot plan: unreachable/),
      }),
    ]);
  });

  test("uses the engine's URN if the inputs have no hidden URN", async () => {
    const { provider, urn, inputs, logs, cluster } = await openStage(host());
    cluster.control.setBuildVersion(TARGET_BUILD);
    await provider.check(urn, without(inputs(), "__urn"));
    expect(logs()).toEqual([planned(urn, ALREADY)]);
  });

  test("uses the hidden URN in the first RPC of a process", async () => {
    const { provider, urn, inputs, cluster, engine } = await openStage(await hostOfTest(sdk, { fresh: true }));
    cluster.control.setBuildVersion(TARGET_BUILD);
    await provider.check(urn, inputs());
    expect(engine.logs).toEqual([planned(urn, ALREADY)]);
    expect(provider.output).toBe("");
  });
});

/** The forms in which the password is sent. */
const FORMS = [
  PASSWORD,
  JSON.stringify(PASSWORD).slice(1, -1),
  encodeURIComponent(PASSWORD),
  Buffer.from(PASSWORD).toString("base64"),
];

onEachSdk("the password", (sdk) => {
  test("is in no log, output, error or reason, even if the vendor repeats it", async () => {
    const host = await hostOfTest(sdk, { config: { "oceanbase:password": PASSWORD } });
    const { provider, urn, id, inputs, cluster } = await openStage(host);
    const texts: string[] = [];
    const collect = async (call: Promise<unknown>) => {
      const failure = await failureOf(call);
      texts.push(...textsOf(failure));
      return failure;
    };

    // A vendor that repeats the password in its rejections and in the logs of its scripts.
    const leak = (method: string, path: string | RegExp, status: number) =>
      cluster.faults.add({
        match: { method, path },
        times: 3,
        fault: { kind: "replace", status, body: rejection(status) },
      });
    leak("GET", "/api/v1/ob/info", 400);
    // A failed read is a warning, not a failure.
    await provider.read({ urn, id }, inputs());
    leak("GET", "/api/v1/ob/info", 400);
    expect((await provider.check(urn, inputs())).failures).toEqual([]);
    leak("POST", "/api/v1/ob/upgrade", 400);
    await collect(provider.create(urn, inputs(), 5));
    cluster.faults.clear();
    await collect(provider.create(urn, inputs({ version: `x${PASSWORD}` })));
    expect((await provider.check(urn, inputs({ endpoints: [`http://root:${PASSWORD}@h:1`] }))).failures).toEqual([
      expect.objectContaining({ reason: expect.stringContaining("must not contain credentials") }),
    ]);

    const leaked = FORMS.map((form) => `python upgrade_pre.py -uroot '${form}'`);
    cluster.control.fail({ stage: "Execute upgrade pre script", logs: leaked });
    const { partial } = await collect(provider.create(urn, inputs(), 10));
    expect(partial?.properties["status"]).toBe("failed");
    texts.push(...(await provider.diff({ urn, id }, partial?.properties ?? {}, inputs())).replaces);
    await provider.delete({ urn, id }, inputs());

    texts.push(provider.output, ...host.engine.logs.map(({ message }) => message));
    const everything = texts.join("\n");
    expect(FORMS.filter((form) => everything.includes(form))).toEqual([]);
    expect(everything.match(/\[secret\]/g)?.length).toBeGreaterThan(4);
  });
});

function rejection(status: number): string {
  const error = { code: 1000, errCode: "OB.Some.Code", message: `told ${FORMS.join(" and ")}` };
  return JSON.stringify({ successful: false, timestamp: new Date().toISOString(), status, error });
}

/** The texts of a failure that users see. Its properties contain the password by design: Pulumi encrypts them. */
function textsOf({ message, partial }: RpcFailure): string[] {
  return [message, ...(partial ?? NOTHING).reasons];
}

const NOTHING: Pick<PartialFailure, "reasons"> = { reasons: [] };
