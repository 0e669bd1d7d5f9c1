import { STACK_TYPE } from "../events";
import type { Alias } from "./goal";
import { makeUrn, nameOf, qualifiedType, typeOf } from "./urn";

export interface Named {
  readonly stack: string;
  readonly project: string;
  readonly name: string;
  readonly type: string;
  readonly parent: string;
}

/** Finds the URNs that a resource may have had before (`generateAliases`). */
export class Aliases {
  /** Which old URN a resource of this operation was found under. */
  readonly #matched = new Map<string, string>();

  match(urn: string, alias: string): void {
    this.#matched.set(urn, alias);
  }

  candidates(resource: Named, aliases: readonly Alias[]): Set<string> {
    const urns = aliases.map((alias) => this.#collapse(resource, alias));
    const parentAlias = resource.parent && this.#matched.get(resource.parent);
    if (!parentAlias) return new Set(urns);
    const inherited = urns.map((urn) => inheritedUrn(resource, typeOf(urn), nameOf(urn), parentAlias));
    return new Set([...urns, inheritedUrn(resource, resource.type, resource.name, parentAlias), ...inherited]);
  }

  #collapse(resource: Named, alias: Alias): string {
    if ("urn" in alias) return alias.urn;
    const parent = alias.parent ? (this.#matched.get(alias.parent) ?? alias.parent) : resource.parent;
    const isTop = alias.noParent || (parent !== "" && qualifiedType(parent) === STACK_TYPE);
    return makeUrn(
      alias.stack || resource.stack,
      alias.project || resource.project,
      isTop ? "" : parent,
      alias.type || resource.type,
      alias.name || resource.name,
    );
  }
}

/** A child whose name begins with its parent's is taken to have been renamed with it (`inheritedChildAlias`). */
function inheritedUrn(resource: Named, type: string, name: string, parentAlias: string): string {
  const parentName = nameOf(resource.parent);
  const oldName = name.startsWith(parentName) ? nameOf(parentAlias) + name.slice(parentName.length) : name;
  return makeUrn(resource.stack, resource.project, parentAlias, type, oldName);
}
