import { Aliases } from "./aliases";
import { applyIgnoreChanges, applyReplaceOnChanges, compareInputs } from "./compare";
import { Bail, DiffUnavailable } from "./failure";
import type { Goal } from "./goal";
import { DependencyGraph } from "./graph";
import { EMPTY_GOAL, newState } from "./new-state";
import type { Checked, Diff } from "./provider";
import { readStep } from "./reading";
import { deleteStep, removePendingReplaceStep } from "./removal";
import { dependentReplacements } from "./replacement";
import type { ResourceState, Snapshot } from "./state";
import { type Answer, createStep, type Runtime, replaceStep, type Step, sameStep, updateStep } from "./steps";
import { isProviderType, makeUrn, parseReference } from "./urn";
import { goText, type PropertyMap, sameMaps } from "./value";

export interface StackName {
  readonly stack: string;
  readonly project: string;
}

/** A read that the program asks for: `new Resource(name, args, {id})`. */
export interface ReadGoal {
  readonly type: string;
  readonly name: string;
  readonly id: string;
  readonly parent: string;
  readonly provider: string;
  readonly properties: PropertyMap;
  readonly dependencies: readonly string[];
  readonly additionalSecretOutputs: readonly string[];
}

const NO_DIFF: Diff = { changes: "none", replaceKeys: [], changedKeys: [], deleteBeforeReplace: false };

/** Decides what each registration means, one after the other (`deploy.stepGenerator`). */
export class StepGenerator {
  readonly #runtime: Runtime;
  readonly #name: StackName;
  readonly #snapshot: Snapshot;
  readonly #graph: DependencyGraph;
  readonly #olds: ReadonlyMap<string, ResourceState>;
  readonly #aliases = new Aliases();
  /** URNs of this operation, by what was decided. */
  readonly #urns = new Set<string>();
  readonly #operated = new Set<string>();
  readonly #created = new Set<string>();
  readonly #replaced = new Set<string>();
  readonly #deleted = new Set<string>();
  /** Old URN → the URN that claimed it as an alias. */
  readonly #claimed = new Map<string, string>();
  /** Deleted ahead of a replacement that they depend on. */
  readonly #deletedEarly = new Set<ResourceState>();
  readonly #providers = new Map<string, ResourceState>();
  /** Set when a message was reported that makes the operation fail, though it went on (previews). */
  sawError = false;

  constructor(runtime: Runtime, name: StackName, snapshot: Snapshot) {
    this.#runtime = runtime;
    this.#name = name;
    this.#snapshot = snapshot;
    this.#graph = new DependencyGraph(snapshot.resources);
    this.#olds = new Map(snapshot.resources.filter((state) => !state.delete).map((state) => [state.urn, state]));
  }

  get #diagnostics(): Runtime["diagnostics"] {
    return this.#runtime.diagnostics;
  }

  async register(goal: Goal, answer: Answer): Promise<Step[]> {
    const urn = this.#claimUrn(goal.parent, goal.type, goal.name);
    const old = this.#findOld(urn, goal);
    const current = newState(urn, goal, old);
    if (isProviderType(goal.type)) for (const name of [urn, ...current.aliases]) this.#providers.set(name, current);
    const recreating = this.#deleted.has(urn);
    const fresh = recreating || !old || old.external;
    const kept = old
      ? applyIgnoreChanges(this.#runtime, urn, current.inputs, old.inputs, goal.ignoreChanges)
      : current.inputs;
    current.inputs = kept;
    await this.#check(current, fresh ? undefined : old.inputs, fresh ? goal.properties : kept);
    if (old && recreating) return this.#recreate(old, current, answer);
    if (old?.external) {
      this.#created.add(urn);
      return [createStep(this.#runtime, current, answer, { old, pendingDelete: true }), replaceStep(old, current)];
    }
    if (old) return this.#change(goal, old, current, answer);
    this.#created.add(urn);
    return [createStep(this.#runtime, current, answer)];
  }

  read(goal: ReadGoal, answer: Answer): Step[] {
    const urn = this.#claimUrn(goal.parent, goal.type, goal.name);
    if (!goal.id) throw new Error(`Expected an ID for ${urn}`);
    const old = this.#olds.get(urn);
    const current: ResourceState = {
      ...newState(urn, { ...EMPTY_GOAL, ...goal, custom: true }, undefined),
      id: goal.id,
      external: true,
    };
    const replacing = old !== undefined && !old.external && old.id !== goal.id;
    if (replacing) {
      this.#replaced.add(urn);
      return [readStep(this.#runtime, old, current, answer, true), replaceStep(old, current)];
    }
    this.#operated.add(urn);
    return [readStep(this.#runtime, old, current, answer, false)];
  }

  /** Steps for what the program no longer has, in rounds that follow each other (`GenerateDeletes`). */
  async deletions(): Promise<Step[][]> {
    const steps = new Map<ResourceState, Step>();
    for (const state of this.#snapshot.resources) {
      const urn = this.#claimed.get(state.urn) ?? state.urn;
      if (state.delete) {
        if (this.#deletedEarly.has(state)) continue;
        this.#deleted.add(state.urn);
        steps.set(state, deleteStep(this.#runtime, state, { op: "delete-replaced", condemned: this.#deleted }));
      } else if (!this.#operated.has(urn) && !this.#replaced.has(urn)) {
        this.#deleted.add(state.urn);
        const step = state.pendingReplacement
          ? removePendingReplaceStep(state)
          : deleteStep(this.#runtime, state, { op: "delete", condemned: this.#deleted });
        steps.set(state, step);
      }
    }
    for (const state of steps.keys()) await this.#runtime.ensureProvider(state);
    const rounds = this.#graph.deletionRounds(steps.keys());
    return rounds.map((round) => round.flatMap((state) => steps.get(state) ?? []));
  }

  #claimUrn(parent: string, type: string, name: string): string {
    if (parent && !this.#urns.has(parent)) throw new Error(`could not find parent resource ${parent}`);
    const urn = makeUrn(this.#name.stack, this.#name.project, parent, type, name);
    if (this.#urns.has(urn)) this.#bail(urn, `Duplicate resource URN '${urn}'; try giving it a unique name`);
    this.#urns.add(urn);
    return urn;
  }

  /** The state under the resource's own URN, else under the first alias that has one. */
  #findOld(urn: string, goal: Goal): ResourceState | undefined {
    const own = this.#olds.get(urn);
    if (own) return own;
    for (const alias of this.#aliases.candidates({ ...this.#name, ...goal }, goal.aliases)) {
      const old = this.#olds.get(alias);
      if (!old) continue;
      const claimed = this.#urns.has(alias) ? alias : this.#claimed.get(alias);
      if (claimed !== undefined)
        this.#bail(
          urn,
          `Duplicate resource alias '${alias}' applied to resource with URN '${urn}' conflicting with resource with URN '${claimed}'`,
        );
      this.#claimed.set(alias, urn);
      this.#aliases.match(urn, alias);
      this.#runtime.registry.alias(urn, alias);
      return old;
    }
    return undefined;
  }

  /** Fills in the inputs as the provider wants them, or reports what is wrong with them. */
  async #check(state: ResourceState, olds: PropertyMap | undefined, news: PropertyMap): Promise<void> {
    if (!state.custom) return;
    const { registry, preview } = this.#runtime;
    const checked: Checked = isProviderType(state.type)
      ? await registry.check(state.urn, olds ?? {}, news)
      : await registry.get(state.provider).check(state.urn, olds, news, preview);
    state.inputs = checked.properties;
    if (checked.failures.length === 0) return;
    for (const { property, reason } of checked.failures) {
      const subject = `${state.type} resource '${state.urn.split("::").slice(3).join("::")}'`;
      const problem = property ? `: property ${property} value ${goText(state.inputs[property])} has` : " has";
      this.#diagnostics.error(state.urn, `${subject}${problem} a problem: ${reason}`);
    }
    throw new Bail(`resource ${state.urn} is invalid`);
  }

  /** It was deleted earlier, for the sake of something it depends on: so it is replaced. */
  #recreate(old: ResourceState, current: ResourceState, answer: Answer): Step[] {
    this.#deleted.delete(current.urn);
    this.#replaced.add(current.urn);
    return [replaceStep(old, current), createStep(this.#runtime, current, answer, { old, pendingDelete: false })];
  }

  async #change(goal: Goal, old: ResourceState, current: ResourceState, answer: Answer): Promise<Step[]> {
    const hasInitErrors = old.initErrors.length > 0;
    const diff = applyReplaceOnChanges(await this.#diff(goal, old, current), goal, hasInitErrors);
    const mustReplace = diff.replaceKeys.length > 0 || old.pendingReplacement;
    if ((diff.changes === "some" || old.pendingReplacement) && mustReplace) {
      return this.#replace(goal, old, current, diff, answer);
    }
    this.#operated.add(current.urn);
    // Unchanged, but an earlier operation did not finish: the update goes on waiting.
    const step = diff.changes === "some" || hasInitErrors ? updateStep : sameStep;
    return [step(this.#runtime, old, current, answer)];
  }

  async #diff(goal: Goal, old: ResourceState, current: ResourceState): Promise<Diff> {
    const replaced = (key: string): Diff => ({ ...NO_DIFF, changes: "some", replaceKeys: [key] });
    if (current.deletedWith && this.#replaced.has(current.deletedWith)) return replaced("deletedWith");
    if (await this.#providerReplaced(old, current)) return replaced("provider");
    if (!current.custom) return { ...NO_DIFF, changes: sameMaps(old.inputs, current.inputs) ? "none" : "some" };
    try {
      // The old id and state, seen by the provider that the program names now.
      const seen = { ...old, urn: current.urn, provider: current.provider };
      return await compareInputs(this.#runtime, seen, current.inputs, goal.ignoreChanges);
    } catch (error) {
      if (!(error instanceof DiffUnavailable)) throw error;
      this.#diagnostics.warn(current.urn, error.message);
      return { ...NO_DIFF, changes: "some" };
    }
  }

  /** A resource moves to another provider in place, unless that provider's configuration says otherwise. */
  async #providerReplaced(old: ResourceState, current: ResourceState): Promise<boolean> {
    if (old.provider === current.provider) return false;
    if (!old.provider || !current.provider) return true;
    const [before, after] = [parseReference(old.provider), parseReference(current.provider)];
    if (this.#claimed.get(before.urn) === after.urn) return false;
    const [oldState, newState] = [this.#olds.get(before.urn), this.#providers.get(after.urn)];
    if (!oldState || !newState) throw new Error(`failed to resolve provider reference: "${old.provider}"`);
    const provider = this.#runtime.registry.get(current.provider);
    const diff = await provider.diffConfig(after.urn, oldState.inputs, oldState.outputs, newState.inputs);
    return diff.replaceKeys.length > 0;
  }

  async #replace(goal: Goal, old: ResourceState, current: ResourceState, diff: Diff, answer: Answer): Promise<Step[]> {
    if (current.protect && old.protect) this.#refuseReplacement(current.urn);
    this.#replaced.add(current.urn);
    // What the provider filled in for the old resource does not carry over.
    await this.#check(current, undefined, goal.properties);
    if (!(goal.deleteBeforeReplace ?? diff.deleteBeforeReplace)) {
      return [createStep(this.#runtime, current, answer, { old, pendingDelete: true }), replaceStep(old, current)];
    }
    const steps = await this.#deleteDependents(old);
    await this.#runtime.ensureProvider(old);
    if (!old.pendingReplacement) {
      this.#deleted.add(old.urn);
      const removal = { op: "delete-replaced", pendingReplacement: true, condemned: this.#deleted } as const;
      steps.push(deleteStep(this.#runtime, old, removal));
    }
    const creation = createStep(this.#runtime, current, answer, { old, pendingDelete: false });
    return [...steps, replaceStep(old, current), creation];
  }

  #refuseReplacement(urn: string): void {
    const message =
      `unable to replace resource "${urn}"\nas it is currently marked for protection. To unprotect the resource, remove ` +
      "the `protect` flag from the resource in your Pulumi program and run `pulumi up`";
    this.#diagnostics.error(urn, message);
    this.sawError = true;
    if (!this.#runtime.preview) throw new Bail(message);
  }

  /** What depends on a resource and would be replaced with it has to go first. */
  async #deleteDependents(old: ResourceState): Promise<Step[]> {
    const seen = new Set([...this.#operated, ...this.#created, ...this.#deleted, ...this.#replaced]);
    const dependents = await dependentReplacements(this.#runtime, this.#graph, old, seen, this.#snapshot);
    const steps: Step[] = [];
    for (const state of dependents.reverse()) {
      if (this.#deletedEarly.has(state)) continue;
      if (state.protect) {
        const message =
          `unable to replace resource "${state.urn}" as part of replacing "${old.urn}" as it is currently marked for ` +
          "protection. To unprotect the resource, remove the `protect` flag from the resource in your Pulumi program and " +
          `run \`pulumi up\`, or use the command:\n\`pulumi state unprotect '${state.urn}'\``;
        this.sawError = true;
        this.#bail(old.urn, message);
      }
      const removal = { op: "delete-replaced", pendingReplacement: true, condemned: this.#deleted } as const;
      steps.push(deleteStep(this.#runtime, state, removal));
      this.#deleted.add(state.urn);
      this.#deletedEarly.add(state);
    }
    return steps;
  }

  #bail(urn: string, message: string): never {
    this.#diagnostics.error(urn, message);
    throw new Bail(message);
  }
}
