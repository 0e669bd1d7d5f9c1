import { readFileSync } from "node:fs";
import { UsageError } from "./command";
import type { TlsOptions } from "./listener";

/** The options `--tls-key` and `--tls-cert` of a command line: names of PEM files, both or none. */
export function tlsFromFiles(key: string | undefined, cert: string | undefined): { readonly tls?: TlsOptions } {
  if (key === undefined && cert === undefined) return {};
  if (key === undefined || cert === undefined) throw new UsageError("--tls-key and --tls-cert must be given together");
  return { tls: { key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8") } };
}
