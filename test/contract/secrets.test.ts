import { expect, test } from "vitest";
import { failureOf, type PartialFailure, type RpcFailure } from "./failure";
import { hostOfTest, onEachSdk } from "./host";
import { openStage, PASSWORD } from "./stage";

/** The forms in which it travels. */
const FORMS = [
  PASSWORD,
  JSON.stringify(PASSWORD).slice(1, -1),
  encodeURIComponent(PASSWORD),
  Buffer.from(PASSWORD).toString("base64"),
];

onEachSdk("the password", (sdk) => {
  test("is in no log, no line of the process, no error and no reason, whatever the vendor says", async () => {
    const host = await hostOfTest(sdk, { config: { "oceanbase:password": PASSWORD } });
    const { provider, urn, id, inputs, cluster } = await openStage(host);
    const said: string[] = [];
    const listen = async (call: Promise<unknown>) => {
      const failure = await failureOf(call);
      said.push(...textsOf(failure));
      return failure;
    };

    // A vendor that repeats what it was given: in its refusals, and in the logs of its scripts.
    const leak = (method: string, path: string | RegExp, status: number) =>
      cluster.faults.add({
        match: { method, path },
        times: 3,
        fault: { kind: "replace", status, body: refusal(status) },
      });
    leak("GET", "/api/v1/ob/info", 400);
    // What cannot be read is a warning, not a failure.
    await provider.read({ urn, id }, inputs());
    leak("GET", "/api/v1/ob/info", 400);
    expect((await provider.check(urn, inputs())).failures).toEqual([]);
    leak("POST", "/api/v1/ob/upgrade", 400);
    await listen(provider.create(urn, inputs(), 5));
    cluster.faults.clear();
    await listen(provider.create(urn, inputs({ version: `x${PASSWORD}` })));
    expect((await provider.check(urn, inputs({ endpoints: [`http://root:${PASSWORD}@h:1`] }))).failures).toEqual([
      expect.objectContaining({ reason: expect.stringContaining("must not contain credentials") }),
    ]);

    const leaked = FORMS.map((form) => `python upgrade_pre.py -uroot '${form}'`);
    cluster.control.fail({ stage: "Execute upgrade pre script", logs: leaked });
    const { partial } = await listen(provider.create(urn, inputs(), 10));
    expect(partial?.properties["status"]).toBe("failed");
    said.push(...(await provider.diff({ urn, id }, partial?.properties ?? {}, inputs())).replaces);
    await provider.delete({ urn, id }, inputs());

    said.push(provider.output, ...host.engine.logs.map(({ message }) => message));
    const everything = said.join("\n");
    expect(FORMS.filter((form) => everything.includes(form))).toEqual([]);
    expect(everything.match(/\[secret\]/g)?.length).toBeGreaterThan(4);
  });
});

function refusal(status: number): string {
  const error = { code: 1000, errCode: "OB.Some.Code", message: `told ${FORMS.join(" and ")}` };
  return JSON.stringify({ successful: false, timestamp: new Date().toISOString(), status, error });
}

/** What of a failure people see. Its properties carry the password by design: Pulumi encrypts them. */
function textsOf({ message, partial }: RpcFailure): string[] {
  return [message, ...(partial ?? NOTHING).reasons];
}

const NOTHING: Pick<PartialFailure, "reasons"> = { reasons: [] };
