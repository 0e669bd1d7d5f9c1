/** @module-tag long */
import { afterEach, expect, test } from "vitest";
import { type Engine, type ExportedResource, makeWorkspace, openEngine, type Workspace } from "../engine";
import { fixturesOf, releases } from "../releases/fixture";
import { PROGRAM } from "../releases/program";
import { nameOf } from "../releases/stored-resource";

let workspace: Workspace;
let engine: Engine;
afterEach(async () => {
  await engine.close();
  await workspace.close();
});

/** No server responds at the addresses of the fixtures, so a request would cause a warning. */
test.each(releases())(
  "a preview of the settled resources in a state of %s shows no changes",
  { timeout: 180_000 },
  async (release) => {
    const fixtures = fixturesOf(release);
    const stored = fixtures.flatMap(({ stack }) => stack.deployment.resources ?? []);
    // Whether a window is open depends on the current time.
    const deferred = new Set(stored.filter(({ outputs }) => outputs?.["status"] === "deferred").map(nameOf));
    const program = fixtures
      .flatMap((fixture) => fixture.program)
      .filter(({ name, next }) => next === "no changes" && !deferred.has(name));
    const declared = new Set(program.map(({ name }) => name));
    const isKept = (resource: ExportedResource) => !isOurs(resource) || declared.has(nameOf(resource));
    // The stack and its default provider are in every fixture.
    const resources = [...new Map(stored.filter(isKept).map((resource) => [resource.urn, resource])).values()];
    workspace = await makeWorkspace({ program: PROGRAM, project: "shop" });
    engine = await openEngine({ dir: workspace.dir, prefer: "local" });
    await engine.importState({ version: 3, deployment: { manifest: {}, resources } });
    const run = await engine.preview({ env: { DECLARED: JSON.stringify(program) } });
    expect(run.ok, run.output).toBe(true);
    expect(run.steps.filter(({ op }) => op !== "same")).toEqual([]);
    expect(run.steps.map(({ name }) => name)).toEqual(expect.arrayContaining([...declared]));
    // Several of them manage the same instance, some with target `latest`.
    expect(run.diagnostics.filter(({ message }) => !/ manages .* as well/.test(message))).toEqual([]);
  },
);

function isOurs({ type }: ExportedResource): boolean {
  return type.startsWith("pulumi-nodejs:dynamic/");
}
