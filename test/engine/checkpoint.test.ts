import { describe, expect, it } from "vitest";
import { Checkpoint } from "./local/checkpoint";
import { EMPTY_GOAL, newState } from "./local/new-state";
import type { ResourceState, Snapshot } from "./local/state";
import { Secret } from "./local/value";

const TYPE = "pulumi-nodejs:dynamic/trial:Thing";

function thing(change: Partial<ResourceState> = {}): ResourceState {
  const urn = `urn:pulumi:dev::shop::${TYPE}::thing`;
  const state = newState(urn, { ...EMPTY_GOAL, type: TYPE, name: "thing", custom: true }, undefined);
  return { ...state, id: "1", inputs: { a: [1] }, outputs: { a: [1], b: new Secret("x") }, ...change };
}

function opened(...resources: ResourceState[]) {
  const written: Snapshot[] = [];
  const checkpoint = new Checkpoint({ resources, pendingOperations: [] }, (snapshot) => written.push(snapshot));
  return { checkpoint, written };
}

describe("the checkpoint of an unchanged resource", () => {
  it("is written only at the end if its state is the same", () => {
    const [old, current] = [thing(), thing({ initErrors: ["advisory"], inputs: { a: [1], none: null } })];
    const { checkpoint, written } = opened(old);
    checkpoint.keep(old, current);
    expect(written).toEqual([]);
    checkpoint.flush();
    checkpoint.flush();
    expect(written.map(({ resources }) => resources)).toEqual([[current]]);
  });

  it("is written together with the next changed resource, and not again", () => {
    const [old, other] = [thing(), thing({ urn: "other" })];
    const { checkpoint, written } = opened(old, other);
    checkpoint.keep(old, thing());
    checkpoint.keep(other, thing({ urn: "other", protect: true }));
    expect(written.map(({ resources }) => resources.length)).toEqual([2]);
    checkpoint.flush();
    expect(written).toHaveLength(1);
  });

  it.each<[string, Partial<ResourceState>]>([
    ["an input", { inputs: { a: [2] } }],
    ["an output", { outputs: { a: [1], b: new Secret("y") } }],
    ["a secret marker", { outputs: { a: [1], b: "x" } }],
    ["the provider", { provider: "urn::id" }],
    ["the parent", { parent: "urn" }],
    ["its protection", { protect: true }],
    ["a dependency", { dependencies: ["urn"] }],
    ["a time limit", { customTimeouts: { create: 1, update: 0, delete: 0, read: 0 } }],
    ["retainOnDelete", { retainOnDelete: true }],
    ["deletedWith", { deletedWith: "urn" }],
  ])("is written immediately if it differs in %s", (_, change) => {
    const old = thing();
    const { checkpoint, written } = opened(old);
    checkpoint.keep(old, thing(change));
    expect(written).toHaveLength(1);
  });

  it("is not written for another order of dependencies", () => {
    const old = thing({ dependencies: ["a", "b"] });
    const { checkpoint, written } = opened(old);
    checkpoint.keep(old, thing({ dependencies: ["b", "a"] }));
    expect(written).toEqual([]);
  });
});
