import { StepError } from "./failure";
import type { ResourceState } from "./state";
import { base, type Op, providerFor, type Runtime, type Step } from "./steps";
import { isProviderType } from "./urn";

interface Removal {
  readonly op: Extract<Op, "delete" | "delete-replaced">;
  /** A replacement will be created after this deletion: until then the state stays, marked. */
  readonly pendingReplacement?: boolean;
  /** URNs that this operation deletes: what is deleted with one of them needs no call of its own. */
  readonly condemned: ReadonlySet<string>;
}

/** Refused for a protected resource. The other deletions go on, so that one run reports all of them. */
export class ProtectedError extends StepError {
  override readonly name = "ProtectedError";
  constructor(urn: string) {
    super(
      "ok",
      `resource "${urn}" cannot be deleted\n` +
        `because it is protected. To unprotect the resource, either remove the \`protect\` flag from the resource in your ` +
        `Pulumi program and run \`pulumi up\`, or use the command:\n\`pulumi state unprotect '${urn}'\``,
    );
  }
}

export function deleteStep(runtime: Runtime, old: ResourceState, removal: Removal): Step {
  const replacing = removal.op === "delete-replaced";
  return {
    ...base(removal.op, old, undefined),
    logical: !replacing,
    async apply() {
      if (!replacing && old.protect) throw new ProtectedError(old.urn);
      if (!runtime.preview && isDeletedByProvider(old, removal.condemned)) await remove(runtime, old);
      if (removal.pendingReplacement) old.pendingReplacement = true;
    },
    begin: (checkpoint) => checkpoint.begin(old, "deleting"),
    end(checkpoint, kept) {
      checkpoint.end(old);
      if (kept && !old.pendingReplacement) checkpoint.retire(old);
      checkpoint.save();
    },
  };
}

function isDeletedByProvider(old: ResourceState, condemned: ReadonlySet<string>): boolean {
  const goesWithAnother = old.deletedWith !== "" && condemned.has(old.deletedWith);
  return old.custom && !old.external && !old.retainOnDelete && !goesWithAnother;
}

async function remove(runtime: Runtime, old: ResourceState): Promise<void> {
  if (isProviderType(old.type)) await runtime.registry.delete(old);
  else await providerFor(runtime, old).delete(old, old, old.customTimeouts.delete);
}

/** A resource that was deleted for a replacement which the program no longer wants. */
export function removePendingReplaceStep(old: ResourceState): Step {
  return {
    ...base("remove-pending-replace", old, undefined),
    logical: false,
    apply: async () => {},
    end(checkpoint) {
      checkpoint.retire(old);
      checkpoint.save();
    },
  };
}
