import { describe, expect, it } from "vitest";
import { payloadOf } from "../../oceanbase/payload/pack";
import { makeRpm } from "../../support/rpm-package";
import { upgradeDepOf } from "./payload";
import { sealBody, sealHeader, Trial } from "./trial";

const LIST = "./home/admin/oceanbase/etc/oceanbase_upgrade_dep.yml";
const TEXT = `# comment
- version: 4.2.1.1
  can_be_upgraded_to: [4.2.1.10]
- version: 4.2.1.5
  require_from_binary:
    value: True
    when_come_from: [4.2.1.1]
- version: 4.2.1.10
  deprecated: False
`;
const files = { "./home/admin/oceanbase/bin/observer": Buffer.alloc(70_000, 1), [LIST]: TEXT };

describe("the payload of an uploaded database package", () => {
  it("gives its list of ways, text and nodes", () => {
    expect(upgradeDepOf(payloadOf(files))).toEqual({
      text: TEXT,
      nodes: [
        { version: "4.2.1.1", canBeUpgradedTo: ["4.2.1.10"], deprecated: false },
        {
          version: "4.2.1.5",
          canBeUpgradedTo: [],
          deprecated: false,
          requireFromBinary: { value: true, whenComeFrom: ["4.2.1.1"] },
        },
        { version: "4.2.1.10", canBeUpgradedTo: [], deprecated: false },
      ],
    });
  });

  it.each([
    ["that the simulator cannot unpack", Buffer.from("payload")],
    ["without the file", payloadOf({ "./home/admin/oceanbase/bin/observer": "x" })],
  ])("%s says nothing", (_, payload) => {
    expect(upgradeDepOf(payload)).toBeUndefined();
  });

  it("is told by the encrypted upload, and not by the list", async () => {
    const trial = new Trial({ agentVersion: "4.5.0.0-102026050817", zones: 1 });
    const rpm = makeRpm({ version: "4.2.1.10", release: "110000102024112010.el7", payload: payloadOf(files) });
    const form = Buffer.concat([
      Buffer.from('--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'),
      rpm,
      Buffer.from("\r\n--b--\r\n"),
    ]);
    const type = { "content-type": "multipart/form-data; boundary=b" };
    const target = "/api/v1/upgrade/package";
    const keys = Buffer.alloc(32, 7);
    const ts = String(Math.floor(trial.clock.now() / 1000) + 60);
    const header = { auth: 'p@ss"w0rd', ts, uri: target, keys: keys.toString("base64") };
    const sealed = { ...type, "x-ocs-header": sealHeader(await trial.publicKey(), header) };
    const reply = await trial.plain("POST", target, 0, sealed, sealBody(keys, form));
    expect(reply.json.data).toMatchObject({ Name: "oceanbase-ce", UpgradeDepYaml: TEXT });
    expect(await trial.data("GET", `${target}/info`)).toMatchObject({ contents: [{ upgrade_dep_yaml: "" }] });
  });
});
