import { describe, expect, it } from "vitest";
import { digest, publicDigest, type Step } from "../../provider/core/request";
import { digestKeyOf } from "../../provider/redisenterprise/modules/call";
import { isRead } from "../support/reads";
import { VirtualClock } from "../support/virtual-clock";
import { RESOURCE_TYPES, type ResourceType } from "../systems";
import { resourceType, sceneOf as sceneWith } from "../systems/scene";

type Values = Record<string, unknown>;

/** A scene that notes what is written. */
function sceneOf(of: ResourceType) {
  const clock = new VirtualClock();
  let requests = 0;
  const writes: string[] = [];
  const bodies: { readonly path: string; readonly body: string }[] = [];
  const { vendor, process } = sceneWith(of, clock, (request, genuine) => {
    requests += 1;
    if (!isRead(request)) {
      writes.push(`${request.method} ${request.target}`);
      bodies.push({ path: request.target, body: String(request.body) });
    }
    return genuine(request);
  });
  const [vendorName, name] = of.type.split(":");
  const __urn = `urn:pulumi:dev::shop::pulumi-nodejs:dynamic/${vendorName}:${name}::orders`;
  const inputs = (more: Values = {}): Values => ({ ...vendor.args, __urn, __provider: "text", ...more });
  return { clock, requests: () => requests, writes, bodies, process, inputs, urn: __urn };
}

const NONE = { formatVersion: 1, approvals: {} };

async function planOf(scene: ReturnType<typeof sceneOf>, more: Values = {}) {
  const { inputs, failures } = await scene.process().check({}, scene.inputs({ approval: NONE, ...more }));
  expect(failures).toEqual([]);
  // As the provider has written it.
  return inputs["__plan"] as Record<string, Record<string, string>>;
}

describe.each(RESOURCE_TYPES)("$type", (of) => {
  it.each([
    ["a freeze", { freeze: "incident 4711" }],
    ["a missing approval", { approval: NONE }],
    ["a backup that cannot be verified or is too old", { backup: { maxAge: "1m" } }],
  ])("%s holds its upgrade: nothing is written", async (_, rule) => {
    const scene = sceneOf(of);
    const { outs } = await scene.process().create(scene.inputs(rule));
    expect(outs).toMatchObject({ status: "held", heldBy: { message: expect.stringMatching(/./) } });
    expect(scene.writes).toEqual([]);
  });

  it("costs no request while a freeze holds it, whatever its reason", async () => {
    const scene = sceneOf(of);
    const { id, outs } = await scene.process().create(scene.inputs({ freeze: "incident 4711" }));
    const sent = scene.requests();
    for (const freeze of ["incident 4711", "audit"]) {
      expect(await scene.process().diff(id, outs, scene.inputs({ freeze }))).toMatchObject({ changes: false });
    }
    expect(scene.requests()).toBe(sent);
  });

  it("is upgraded by exactly the plan that was approved, once", async () => {
    const scene = sceneOf(of);
    const plan = await planOf(scene);
    const units = Object.entries(plan).map(([unit, proposal]) => [
      unit,
      { ...proposal, approvedAt: "2025-12-31T00:00:00Z", approvedBy: "Anna" },
    ]);
    const approval = { ...NONE, approvals: { [scene.urn]: Object.fromEntries(units) } };
    const { id, outs } = await scene.process().create(scene.inputs({ approval }));
    expect(outs).toMatchObject({
      status: "current",
      __usedApprovals: { [Object.keys(plan)[0] ?? ""]: expect.any(String) },
    });
    const sent = scene.writes.length;
    expect(sent).toBeGreaterThan(0);
    expect(await scene.process().diff(id, outs, scene.inputs({ approval }))).toMatchObject({ changes: false });
    expect(scene.writes.length).toBe(sent);
  });

  it("has a digest that every process computes alike, and that changes with what is sent", async () => {
    const scene = sceneOf(of);
    const plan = await planOf(scene);
    expect(Object.keys(plan).length).toBeGreaterThan(0);
    for (const { digest, from, to, how } of Object.values(plan)) {
      expect(digest).toMatch(/^[0-9a-f]{64}$/);
      expect([from, to, how].every((text) => text !== "")).toBe(true);
    }
    await scene.clock.sleep(60_000);
    expect(await planOf(scene)).toEqual(plan);
    expect(await planOf(sceneOf(of))).toEqual(plan);
  });
});

describe("the digest of a request that may hold secrets", () => {
  const of = resourceType("redisenterprise:ModuleVersions");
  const withArgs = (args: string) => {
    const { modules } = of.make(new VirtualClock()).args as { modules: Record<string, unknown> };
    const [name = ""] = Object.keys(modules);
    return { modules: { ...modules, [name]: { version: modules[name], args } } };
  };
  it("differs for other secrets, and does not show them", async () => {
    const plan = await planOf(sceneOf(of), withArgs("OSS_GLOBAL_PASSWORD first-pass"));
    expect(JSON.stringify(plan)).not.toContain("first-pass");
    const other = await planOf(sceneOf(of), withArgs("OSS_GLOBAL_PASSWORD other-pass"));
    expect(Object.values(other)[0]?.["digest"]).not.toBe(Object.values(plan)[0]?.["digest"]);
  });

  it("can be computed with the password of the account only: nobody else can verify a guess", async () => {
    const scene = sceneOf(of);
    const more = withArgs("OSS_GLOBAL_PASSWORD first-pass");
    const [[unit = "", proposal] = []] = Object.entries(await planOf(scene, more));
    if (proposal === undefined) throw new Error("nothing is planned");
    await scene.process().create(scene.inputs(more));
    const [sent] = scene.bodies;
    if (sent === undefined) throw new Error("nothing was sent");
    const step: Step = {
      unit: "bdb:1",
      from: proposal["from"] ?? "",
      to: proposal["to"] ?? "",
      method: "POST",
      path: sent.path,
      item: JSON.parse(sent.body),
    };
    expect(unit).not.toBe("");
    const { endpoints, password } = scene.inputs() as { endpoints: string[]; password: string };
    const key = digestKeyOf({ modules: [], endpoints, password });
    expect(publicDigest({ ...step, key })).toBe(proposal["digest"]);
    expect(publicDigest({ ...step, key: () => password })).not.toBe(proposal["digest"]);
    expect(digest(step)).not.toBe(proposal["digest"]);
  });
});
