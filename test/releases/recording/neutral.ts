import type { Deployment, ExportedResource } from "../../engine";
import type { Declared, Fixture, Values, Vendor } from "../fixture";
import { type ManagedDatabase, withAddresses } from "./database";

/** A stack after its runs. */
export interface RecordedStack {
  readonly name: string;
  readonly vendor: Vendor;
  readonly stack: Deployment;
  readonly program: readonly Declared[];
  readonly systems: ReadonlyMap<string, ManagedDatabase>;
  readonly recordedAt: number;
}

/** Replaces the id that the engine gives to the default provider. */
const PROVIDER_ID = "00000000-0000-4000-8000-000000000001";

/** The fixture of a stack, without anything specific to the machine of the recording. */
export function neutral({ name, vendor, stack, program, systems, recordedAt }: RecordedStack): Fixture {
  const systemOf = new Map(program.map((declared) => [declared.name, declared.system]));
  const addressesOf = (resource: string) => systems.get(systemOf.get(resource) ?? "")?.addresses() ?? [];
  const states = [...systems].map(([system, database]) => [system, database.export()] as const);
  return {
    name,
    vendor,
    stack: neutralStack(stack, addressesOf),
    program: program.map((declared) => withAddresses(declared, addressesOf(declared.name))),
    systems: { recordedAt, ...withoutRepetition(Object.fromEntries(states)) },
  };
}

function neutralStack(
  { version, deployment }: Deployment,
  addressesOf: (resource: string) => readonly (readonly [string, string])[],
): Deployment {
  const { manifest, resources = [], pending_operations = [], metadata } = deployment;
  const ids = resources
    .filter(({ type }) => type.startsWith("pulumi:providers:"))
    .map(({ id = "" }) => [id, PROVIDER_ID] as const);
  const clean = (resource: ExportedResource) =>
    withAddresses(resource, [...ids, ...addressesOf(resource.urn.split("::").at(-1) ?? "")]);
  return {
    version,
    deployment: {
      manifest,
      resources: resources.map(clean).sort(byRank),
      ...(pending_operations.length > 0 && {
        pending_operations: pending_operations
          .map(({ resource, type }) => ({ resource: clean(resource), type }))
          .sort((a, b) => byRank(a.resource, b.resource)),
      }),
      metadata,
    },
  };
}

/** Parents and providers come first; others are sorted by name. */
function byRank(a: ExportedResource, b: ExportedResource): number {
  const rank = ({ type, custom }: ExportedResource) =>
    type === "pulumi:pulumi:Stack" ? 0 : type.startsWith("pulumi:providers:") ? 1 : custom ? 3 : 2;
  return rank(a) - rank(b) || (a.urn < b.urn ? -1 : 1);
}

/** Keeps the parts that all systems have in common only once. */
function withoutRepetition(systems: Readonly<Record<string, Values>>) {
  const [first = {}, ...others] = Object.values(systems);
  const same = (key: string) => others.every((other) => JSON.stringify(other[key]) === JSON.stringify(first[key]));
  const shared = new Set(Object.keys(first).filter(same));
  const pick = (state: Values, isShared: boolean) =>
    Object.fromEntries(Object.entries(state).filter(([key]) => shared.has(key) === isShared));
  const rest = Object.entries(systems).map(([name, state]) => [name, pick(state, false)] as const);
  return { common: pick(first, true), systems: Object.fromEntries(rest) };
}
