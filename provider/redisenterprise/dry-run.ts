import { Unreachable } from "../core/errors";
import type { Finding } from "../core/pin";
import type { Json, Request } from "../core/request";
import type { Runtime } from "../core/runtime";
import type { Answer } from "./answers";
import { type Database, databaseFrom } from "./database";
import type { Nodes } from "./nodes";
import { permissionFor } from "./permissions";
import { acceptance, bdb } from "./schema";

/** What the server said to a dry run. */
export type DryRun =
  /** The database as it would be. */
  | { readonly database: Database }
  | { readonly finding: Finding }
  /** It does not know the query, or could not answer. */
  | { readonly unanswered: string };

/**
 * Sends a call with `?dry_run=true`. Only a runbook of Redis tells of it: a server that does not know the query takes the
 * call for the call itself, so nobody is asked unless the user says that the server has it.
 */
export async function askDryRun({ path, body }: Request, nodes: Nodes, runtime: Runtime): Promise<DryRun> {
  const answer = await answerOf(nodes, `${path}?dry_run=true`, body);
  switch (answer.kind) {
    case "data":
      return prospect(answer.data, runtime);
    case "forbidden":
      return { finding: forbidden(path, answer.text) };
    case "refused":
      if (answer.busy || /dry_run/.test(answer.text)) return { unanswered: answer.text };
      return { finding: refused(answer.text) };
    default:
      return { unanswered: answer.text };
  }
}

async function answerOf(nodes: Nodes, target: string, body: Json): Promise<Answer> {
  try {
    return await nodes.ask(target, body);
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    return { kind: "away", text: error.message, heard: error.heard };
  }
}

function prospect(data: unknown, runtime: Runtime): DryRun {
  const action = acceptance.safeParse(data).data?.action_uid;
  if (action) {
    runtime.warn(
      `The server took the dry run for the call itself and started upgrade ${action}. Remove dryRun: this server does not have it.`,
    );
  }
  const would = bdb.safeParse(data);
  return would.success ? { database: databaseFrom(would.data) } : { unanswered: "an answer of unknown shape" };
}

function refused(text: string): Finding {
  return {
    code: "dry-run-refused",
    message: `The server's dry run refuses the upgrade: ${text}.`,
    remedy: "The call itself would be refused for the same reason.",
  };
}

function forbidden(path: string, text: string): Finding {
  return {
    code: "not-permitted",
    message: `The user may not send POST ${path}: ${text}.`,
    remedy: `The call needs the permission ${permissionFor(path)}.`,
  };
}
