import { describe, expect, it } from "vitest";
import { partial } from "../support/partial";
import { OLD_BUILD, rig, TARGET } from "./rig";

const AGENT_URN = "urn:pulumi:dev::shop::pulumi-nodejs:dynamic/oceanbase:AgentVersion::agents";
const AGENTS = { version: "4.5.0.0", release: "102026050817.el7" };
const DETAILS = "/api/v1/task/dag/11";
const UNFINISHED = "/api/v1/task/dag/ob/unfinish";

/** A cluster with packages for its database and its agents, and the arguments of both resource types. */
function world(options: Parameters<typeof rig>[0] = {}) {
  const made = rig({ agentVersion: "4.3.3.0-102025103117", ...options });
  made.cluster.control.addAgentPackage(AGENTS.version, AGENTS.release);
  return {
    ...made,
    agents: (more: Record<string, unknown> = {}) => ({ ...made.inputs({ ...AGENTS, ...more }), __urn: AGENT_URN }),
    database: made.inputs,
  };
}

type World = ReturnType<typeof world>;

/** How upgrades fail: which, at which stages, and what the other type is given. */
const FAILURES = [
  ["an upgrade of the agents", ({ agents }: World) => agents(), [1, 2, 6, 7, 8, 9]],
  ["a rolling upgrade of the database", ({ database }: World) => database(), [1, 3, 7, 8, 9, 10, 12, 30]],
  [
    "an upgrade of the database that stops the service",
    ({ database }: World) => database({ mode: "stopService" }),
    [2, 7, 8, 11, 18],
  ],
] as const;

const CASES = FAILURES.flatMap(([what, inputs, stages]) => stages.map((stage) => ({ what, inputs, stage })));

const SCALE_OUT = {
  id: "11",
  name: "Scale out",
  stage: 1,
  max_stage: 1,
  maintenance_type: 2,
  state: "FAILED",
  operator: "RUN",
};

/** Every request of this path is answered so from now on. */
function answer({ cluster }: World, path: string, status: number, data?: unknown): void {
  const error = { errCode: "Task.GenericID.Invalid", message: "Invalid ID: 11" };
  const body = JSON.stringify(
    data === undefined ? { successful: false, status, error } : { successful: true, status, data },
  );
  cluster.faults.add({ match: { path }, fault: { kind: "replace", status, body }, times: Number.POSITIVE_INFINITY });
}

/** What the server answers to an operator. */
function accepted({ cluster }: World, operator: "RETRY" | "ROLLBACK"): boolean {
  try {
    cluster.control.operate(operator);
    return true;
  } catch (error) {
    if (error instanceof Error && error.name === "Refusal") return false;
    throw error;
  }
}

describe("what a message says of a failed task is what the server accepts", () => {
  it.each(CASES)("$what, failed at stage $stage, in the words of both resource types", async ({ inputs, stage }) => {
    const made = world();
    const { lifecycle, cluster, agents, database } = made;
    cluster.control.fail({ stage });
    const own = await partial(lifecycle.create(inputs(made)));
    const texts = [
      own.reasons.join(),
      await told(lifecycle.create(agents())),
      await told(lifecycle.create(database())),
    ].map((text) => text.replace(/\s+/g, " "));
    const undone = accepted(made, "ROLLBACK");
    for (const text of texts) {
      expect(text).toContain("run `obshell task retry -i 11` to continue the task");
      expect([text.includes("`obshell task rollback -i 11` to undo it"), undone]).toEqual([undone, undone]);
      expect([text.includes("a rollback is no longer possible"), undone]).toEqual([!undone, undone]);
    }
  });

  it.each(["database", "agents"] as const)(
    "a task that is no upgrade (seen by the %s): neither way is promised or denied",
    async (which) => {
      const made = world();
      answer(made, UNFINISHED, 200, { contents: [SCALE_OUT] });
      answer(made, DETAILS, 200, { ...SCALE_OUT, nodes: [{ name: "Pre check", state: "FAILED", sub_tasks: [] }] });
      const text = await told(made.lifecycle.create(made[which]()));
      expect(text).toContain("maintenance task 11 (Scale out) failed and keeps the lock");
      expect(text).toContain("`obshell task show -i 11 -d`");
      expect(text).not.toMatch(/no longer possible|to continue the task|to undo it/);
    },
  );

  it.each(["database", "agents"] as const)("details that cannot be read promise nothing (%s)", async (which) => {
    const made = world();
    made.cluster.control.fail({ stage: 2 });
    await partial(made.lifecycle.create(made.agents()));
    answer(made, DETAILS, 400);
    const text = await told(made.lifecycle.create(made[which]()));
    expect(text).toContain("whichever obshell accepts");
    expect(text).not.toMatch(/no longer possible|to continue the task|to undo it/);
  });

  it("and a rollback that the message names is accepted: the cluster resource upgrades after it", async () => {
    const made = world({ buildVersion: OLD_BUILD });
    made.cluster.control.fail({ stage: 2 });
    await partial(made.lifecycle.create(made.agents()));
    expect(await told(made.lifecycle.create(made.database()))).toContain("`obshell task rollback -i 11` to undo it");
    made.cluster.control.operate("ROLLBACK");
    const { outs } = await made.lifecycle.create(made.database());
    expect(outs).toMatchObject({ status: "current", currentVersion: TARGET.version });
  });
});

async function told(run: Promise<unknown>): Promise<string> {
  const error: unknown = await run.then(
    () => new Error("the run ended well"),
    (thrown: unknown) => thrown,
  );
  const reasons: unknown = error instanceof Error && "reasons" in error ? error.reasons : undefined;
  return Array.isArray(reasons) ? reasons.join() : String(error);
}
