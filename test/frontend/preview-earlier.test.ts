import { describe, expect, it } from "vitest";
import type { LogLine } from "../../provider/frontend/resource/log";
import { partial } from "../support/partial";
import { VirtualClock } from "../support/virtual-clock";
import { RESOURCE_TYPES } from "../systems";
import { sceneOf } from "../systems/scene";

describe.each(RESOURCE_TYPES.map((of) => [of.type, of] as const))(
  "%s after a request without a response",
  (type, of) => {
    /** A resource whose upgrade request never arrived, and whose run was interrupted while it waited for the response. */
    async function unanswered() {
      const clock = new VirtualClock();
      let interrupt: (() => void) | undefined;
      let lost = true;
      const scene = sceneOf(of, clock, (request, vendor) => {
        if (!lost || request.method !== "POST" || !of.upgradePath.test(request.target)) return vendor(request);
        return new Promise((_, reject) => {
          request.signal.addEventListener("abort", () => reject(request.signal.reason), { once: true });
          interrupt?.();
        });
      });
      const onCancel = (listener: () => void) => {
        interrupt = listener;
        return () => undefined;
      };
      const urn = `urn:pulumi:dev::shop::pulumi-nodejs:dynamic/${type}::orders`;
      const inputs = { ...scene.vendor.args, __urn: urn };
      const { id, properties } = await partial(scene.process({ onCancel }).create(inputs));
      lost = false;
      /** The lines of a preview of these inputs. */
      const preview = async (news: Record<string, unknown>) => {
        const lines: LogLine[] = [];
        const log = { write: (line: LogLine) => lines.push(line), flush: async () => undefined };
        const process = scene.process({ log });
        await process.check(inputs, news);
        await process.diff(id, properties, news);
        return lines.map(({ message }) => message);
      };
      const update = () => scene.process().update(id, properties, inputs);
      return { clock, scene, inputs, properties, preview, update };
    }

    const WAITS =
      /^no request is sent (for .* )?while the upgrade that an earlier run requested at \S+Z may still appear$/;

    it("shows in a preview that this request is waited for, until it is no longer expected", async () => {
      const { clock, scene, inputs, properties, preview, update } = await unanswered();
      expect(properties).toMatchObject({ status: "upgrading", lastUpgrade: { state: "unknown" } });
      expect(await preview(inputs)).toEqual([expect.stringContaining(" → "), expect.stringMatching(WAITS)]);
      await clock.sleep(60 * 60_000);
      expect(await preview(inputs)).toEqual([expect.stringContaining(" → ")]);
      expect(scene.vendor.accepted()).toBe(0);
      expect((await update()).outs).toMatchObject({ status: "current" });
      expect(scene.vendor.accepted()).toBe(1);
    });

    it("shows it for changed arguments too", async () => {
      const { inputs, preview } = await unanswered();
      const lines = await preview({ ...inputs, unreachableTimeout: "3m" });
      expect(lines).toContainEqual(expect.stringMatching(WAITS));
    });
  },
);
