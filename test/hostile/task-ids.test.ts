import { expect, it } from "vitest";
import { VirtualClock } from "../support/virtual-clock";
import { RESOURCE_TYPES } from "../systems";
import { sceneOf } from "../systems/scene";

const IDS = /"(job_id|action_uid|id)"\s*:\s*"[^"]*"/g;

const CASES = RESOURCE_TYPES.flatMap((of) => ["", "\\u0000", "a b"].map((id) => [of.type, id, of] as const));

it.each(CASES)(
  "%s: an accepted request whose response has the task id %j is searched for, and not sent again",
  async (type, id, of) => {
    const clock = new VirtualClock();
    let emptied = 0;
    const scene = sceneOf(of, clock, async (request, vendor) => {
      const response = await vendor(request);
      if (request.method !== "POST" || !of.upgradePath.test(request.target)) return response;
      emptied += 1;
      const text = Buffer.from(response.body).toString("utf8");
      return { ...response, body: Buffer.from(text.replace(IDS, `"$1":"${id}"`)) };
    });
    const urn = `urn:pulumi:dev::shop::pulumi-nodejs:dynamic/${type}::orders`;
    const { outs } = await scene.process().create({ ...scene.vendor.args, __urn: urn });
    expect(emptied).toBe(1);
    expect(outs).toMatchObject({
      status: "current",
      lastUpgrade: { state: "succeeded", task: expect.stringMatching(/./) },
    });
    expect(scene.vendor.accepted()).toBe(1);
  },
);
