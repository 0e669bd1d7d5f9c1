/**
 * Ids of jobs come as UUIDs with dashes and as the same 32 digits without, by the call that names them. Here they are kept
 * with dashes; calls that do not know the one form may know the other.
 */
export class JobIds {
  readonly #written = new Map<string, string>();

  /** @returns the id as it is kept */
  note(id: string): string {
    const kept = canonicalJobId(id);
    this.#written.set(kept, id);
    return kept;
  }

  /** How the service may know the id, first as it wrote it last. */
  forms(id: string): readonly string[] {
    const kept = canonicalJobId(id);
    const written = this.#written.get(kept) ?? kept;
    const bare = kept.replaceAll("-", "");
    return [...new Set([written, kept, ...(BARE.test(bare) ? [bare] : [])])];
  }
}

const BARE = /^([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})$/i;

/** The one form in which an id is kept and compared. Ids that are no UUIDs stay as they are. */
export function canonicalJobId(id: string): string {
  return id.trim().replace(BARE, "$1-$2-$3-$4-$5");
}
