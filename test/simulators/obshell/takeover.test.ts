import { describe, expect, it } from "vitest";
import { localTaskId } from "./taskid";
import { Trial } from "./trial";

describe("the task by which an agent came to its cluster", () => {
  it("is the last of its own, and answered for by every agent", async () => {
    const trial = new Trial();
    const id = localTaskId("10.77.0.2", 2886, 1);
    const takeOver = { id, name: "Take over", state: "SUCCEED", stage: 5, max_stage: 5, maintenance_type: 2 };
    expect(await trial.data("GET", `/api/v1/task/dag/${id}`, undefined, 1)).toMatchObject(takeOver);
    expect(await trial.data("GET", "/api/v1/task/dag/maintain/agent?show_details=false")).toMatchObject(takeOver);
    expect(await trial.data("GET", "/api/v1/task/dags/agent")).toMatchObject({ contents: [takeOver] });
    expect(await trial.data("GET", "/api/v1/task/dag/agent/unfinish")).toEqual({ contents: [] });
    const all = await trial.data<{ contents: unknown[] }>("GET", "/api/v1/task/dag/maintain/agents");
    expect(all.contents).toHaveLength(3);
  });

  it("is there for no agent without a cluster", async () => {
    const trial = new Trial({ identity: "SINGLE" });
    expect((await trial.call("GET", "/api/v1/task/dag/maintain/agent")).status).toBe(404);
    expect(await trial.data("GET", "/api/v1/task/dags/agent")).toEqual({ contents: [] });
  });
});
