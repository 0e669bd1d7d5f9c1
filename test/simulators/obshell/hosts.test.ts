import { describe, expect, it } from "vitest";
import { OB_TARGET, ROLLING, Trial } from "./trial";

/** What a host can lack, found by the task only (obshell `CheckDiskFreeSpace`, `checkPythonEnvironmentInternal`). */
async function failed(conditions: NonNullable<ConstructorParameters<typeof Trial>[0]>["conditions"]) {
  const trial = new Trial({ ...(conditions && { conditions }) });
  trial.cluster.control.addObPackages(OB_TARGET.version, OB_TARGET.release);
  await trial.data("POST", "/api/v1/ob/upgrade", ROLLING);
  trial.settle();
  const dag = await trial.dag(1, 0, true);
  const node = dag.nodes?.[dag.stage - 1];
  return { state: dag.state, stage: node?.name, logs: node?.sub_tasks?.[0]?.task_logs ?? [] };
}

/** Size and payload of the two packages. */
const NEEDED = 2 * (46560624 + 12290285);

describe("a host without", () => {
  it("room on its disk fails the download, and says how much is missing", async () => {
    const { state, stage, logs } = await failed({ diskFree: NEEDED - 1 });
    expect([state, stage]).toEqual(["FAILED", "Download all required packages"]);
    expect(logs.slice(-3)).toEqual([
      `The required disk size is ${NEEDED}`,
      `The remaining disk size is ${NEEDED - 1}`,
      `ERROR: [Environment.DiskSpaceNotEnough]: The remaining disk space is insufficient, the remaining disk space is ${NEEDED - 1}, and the required disk space is ${NEEDED}`,
    ]);
  });

  it("python fails the first stage, on servers that do not look before", async () => {
    const { stage, logs } = await failed({ pythonMissing: true });
    expect(stage).toBe("Check the python environment");
    expect(logs).toEqual([
      "Checking if python is installed.",
      "ERROR: [Environment.WithoutPython]: Please check if Python is installed",
    ]);
  });

  it("the module, likewise", async () => {
    const { logs } = await failed({ pythonModuleMissing: true });
    expect(logs.at(-1)).toBe(
      "ERROR: [Environment.WithoutModule]: Please check if Python module 'mysql.connector' is installed",
    );
  });

  it("anything goes through with just enough", async () => {
    expect(await failed({ diskFree: NEEDED })).toMatchObject({ state: "SUCCEED" });
  });
});
