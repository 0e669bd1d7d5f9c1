import { STACK_TYPE } from "../events";

const PROVIDER_PREFIX = "pulumi:providers:";

/** `urn:pulumi:<stack>::<project>::<qualified type>::<name>`; the type of a child carries its parents' types. */
export function makeUrn(stack: string, project: string, parent: string, type: string, name: string): string {
  const parentType = parent && qualifiedType(parent);
  const qualified = parentType && parentType !== STACK_TYPE ? `${parentType}$${type}` : type;
  return `urn:pulumi:${stack}::${project}::${qualified}::${name}`;
}

export function qualifiedType(urn: string): string {
  return urn.split("::")[2] ?? "";
}

export function typeOf(urn: string): string {
  return qualifiedType(urn).split("$").at(-1) ?? "";
}

export function nameOf(urn: string): string {
  return urn.split("::").slice(3).join("::");
}

/** The package of a type token: `pulumi-nodejs` of `pulumi-nodejs:dynamic/acme:Version`. */
export function packageOf(type: string): string {
  return type.split(":")[0] ?? "";
}

export function isProviderType(type: string): boolean {
  return type.startsWith(PROVIDER_PREFIX);
}

export function providerType(pkg: string): string {
  return PROVIDER_PREFIX + pkg;
}

export function providerPackage(type: string): string {
  return type.slice(PROVIDER_PREFIX.length);
}

export function isDefaultProvider(urn: string): boolean {
  return isProviderType(typeOf(urn)) && /^default(_|$)/.test(nameOf(urn));
}

/** A provider reference is `<urn>::<id>`. */
export interface ProviderReference {
  readonly urn: string;
  readonly id: string;
}

export function parseReference(text: string): ProviderReference {
  const at = text.lastIndexOf("::");
  const urn = text.slice(0, at);
  if (at < 0 || !isProviderType(typeOf(urn))) throw new Error(`bad provider reference '${text}'`);
  return { urn, id: text.slice(at + 2) };
}

export function formatReference({ urn, id }: ProviderReference): string {
  return `${urn}::${id}`;
}
