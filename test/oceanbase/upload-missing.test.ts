import { describe, expect, it } from "vitest";
import { ensureUploaded } from "../../provider/oceanbase/packages/ensure-uploaded";
import { readRpm } from "../../provider/oceanbase/packages/rpm";
import type { Receipt } from "../../provider/oceanbase/packages/upload";
import { makeRpm } from "../support/rpm-package";
import { ensured, failureOf, fileOf, INTERRUPTED, PLAIN, packageOf, SEALED, uploadRig } from "./upload-rig";

const LIST = "/api/v1/upgrade/package/info";
const OLD = "4.2.5.0-112024111111";

const both = async () => [await packageOf(), await packageOf({ name: "oceanbase-ce-libs" })];

describe("packages that are to be there", () => {
  it("are uploaded one after another, and not again", async () => {
    const hands = uploadRig();
    const { uploads, said, reports } = hands;
    const packages = await both();
    const receipts = await ensured(hands, packages);
    expect(receipts.map(({ name }) => name)).toEqual(["oceanbase-ce", "oceanbase-ce-libs"]);
    expect(uploads()).toBe(2);
    expect(said).toEqual([
      expect.stringMatching(/^uploaded oceanbase-ce-4\.3\.5\.2-102000042025031214\.el7\.x86_64\.rpm \(0\.0 MB\)$/),
      expect.stringMatching(/^uploaded oceanbase-ce-libs-/),
    ]);
    expect(reports.at(-1)).toMatchObject({ percent: 100, message: expect.stringMatching(/^unpacking /) });
    expect(await ensured(hands, packages)).toEqual([]);
    expect(uploads()).toBe(2);
  });

  it("are uploaded as far as they are missing", async () => {
    const hands = uploadRig();
    const { cluster } = hands;
    cluster.control.addPackage({ name: "oceanbase-ce", version: "4.3.5.2", release: "102000042025031214.el7" });
    const receipts = await ensured(hands, await both());
    expect(receipts.map(({ name }) => name)).toEqual(["oceanbase-ce-libs"]);
  });

  it.each([undefined, OLD])("are uploaded once where one is given twice (agents of %s)", async (agentVersion) => {
    const hands = uploadRig(agentVersion === undefined ? {} : { agentVersion });
    const { uploads } = hands;
    const pkg = await packageOf();
    const twin = await readRpm(await fileOf(makeRpm(), "twin.rpm"));
    expect(await ensured(hands, [pkg, twin])).toHaveLength(1);
    expect(uploads()).toBe(1);
  });

  it("are not uploaded while nobody says what is there: nothing was sent", async () => {
    const hands = uploadRig();
    const { cluster, uploads } = hands;
    cluster.faults.add({ match: { path: LIST }, times: 100, fault: { kind: "reset" } });
    const error = await failureOf(ensured(hands, await both()));
    expect(error).toMatchObject({ name: "Unreachable", sent: false });
    expect(error.sentence).toMatch(
      /^The uploaded packages could not be listed: .* Nothing was sent\. When the agents respond/,
    );
    expect(uploads()).toBe(0);
  });

  it("are listed by an agent that can, whichever is asked first", async () => {
    const hands = uploadRig();
    const { cluster, agents, runtime } = hands;
    cluster.control.setAgentVersion(OLD, 0);
    cluster.control.addPackage({ name: "oceanbase-ce", version: "4.3.5.2", release: "102000042025031214.el7" });
    const receipts: Receipt[] = [];
    await ensureUploaded(agents, await both(), runtime, receipts, `http://${cluster.endpoints[0]}`);
    expect(receipts.map(({ name }) => name)).toEqual(["oceanbase-ce-libs"]);
  });

  it("of whom there are none cost nothing", async () => {
    const hands = uploadRig();
    const { cluster } = hands;
    expect(await ensured(hands, [])).toEqual([]);
    expect(cluster.journal.entries).toEqual([]);
  });

  it("bring their list of ways with them, where the server tells it", async () => {
    const hands = uploadRig({ agentVersion: OLD });
    const { cluster } = hands;
    const data = { Name: "oceanbase-ce", Version: "4.3.5.2", ReleaseDistribution: "1.el7", Architecture: "x86_64" };
    const body = JSON.stringify({ successful: true, status: 200, data: { ...data, UpgradeDepYaml: "- version: 4" } });
    cluster.faults.add({ match: { path: SEALED }, fault: { kind: "replace", status: 200, body } });
    expect(await ensured(hands, [await packageOf()])).toMatchObject([{ upgradeDepYaml: "- version: 4" }]);
  });
});

describe("an upload whose answer is lost", () => {
  it("is found in the list, not sent again", async () => {
    const hands = uploadRig();
    const { cluster, uploads, said } = hands;
    cluster.faults.add({ match: { method: "POST", path: PLAIN }, fault: { kind: "loseReply" } });
    const receipts = await ensured(hands, await both());
    expect(receipts.map(({ name }) => name)).toEqual(["oceanbase-ce", "oceanbase-ce-libs"]);
    expect(said[0]).toMatch(
      /^The response to the upload of oceanbase-ce-.*was lost \(.*\); searching for the package\.$/,
    );
    expect(uploads()).toBe(2);
    expect(cluster.state.packages).toHaveLength(2);
  });

  it("is looked for while the agents are silent", async () => {
    const hands = uploadRig();
    const { cluster, clock, uploads } = hands;
    cluster.faults.add({ match: { method: "POST", path: PLAIN }, fault: { kind: "loseReply" } });
    cluster.faults.add({ match: { path: LIST }, skip: 1, times: 15, fault: { kind: "reset" } });
    const began = clock.now();
    expect(await ensured(hands, [await packageOf()])).toHaveLength(1);
    expect(uploads()).toBe(1);
    expect(clock.since(began)).toBeGreaterThan(1_000);
  });

  it("is unconfirmed when it does not appear within two minutes, and was sent once", async () => {
    const hands = uploadRig();
    const { cluster, clock, uploads } = hands;
    cluster.faults.add({ match: { method: "POST", path: PLAIN }, fault: { kind: "reset" } });
    const began = clock.now();
    const error = await failureOf(ensured(hands, await both()));
    expect(error.code).toBe("unconfirmed");
    expect(error.sentence).toMatch(
      /^The response to the upload of oceanbase-ce-4\S+ was lost \(.*\), and it did not appear within 2 min.* It was not sent again\. Check whether/,
    );
    expect(clock.since(began)).toBeGreaterThanOrEqual(120_000);
    expect(clock.since(began)).toBeLessThan(140_000);
    expect(uploads()).toBe(1);
  });

  it("is unconfirmed at once where nothing can be listed", async () => {
    const hands = uploadRig({ agentVersion: OLD });
    const { cluster, clock, uploads } = hands;
    cluster.faults.add({ match: { method: "POST", path: SEALED }, fault: { kind: "loseReply" } });
    const began = clock.now();
    const error = await failureOf(ensured(hands, [await packageOf()]));
    expect(error).toMatchObject({
      code: "unconfirmed",
      message: expect.stringContaining("agents before 4.3.0.0 cannot say"),
    });
    expect([uploads(), clock.since(began)]).toEqual([1, 0]);
  });

  it("is no longer looked for after the signal", async () => {
    const hands = uploadRig();
    const { cluster, controller, uploads } = hands;
    cluster.faults.add({ match: { method: "POST", path: PLAIN }, fault: { kind: "reset" } });
    cluster.onCall(({ request }) => {
      if (request.target === LIST && uploads() > 0) controller.abort(INTERRUPTED);
    });
    const pkg = await packageOf();
    await expect(ensured(hands, [pkg])).rejects.toBe(INTERRUPTED);
    expect(uploads()).toBe(1);
  });
});
