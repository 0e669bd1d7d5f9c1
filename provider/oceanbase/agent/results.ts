import type { z } from "zod";
import { type RefusalKind, Refused, Unreachable, UpgradeError } from "../../core/errors";
import { validate } from "../../http/body";
import { foreignWrite } from "../../http/foreign";
import { PackageMissing, remedyOfWords, tellsOfMissingPackage } from "../packages/old-refusals";
import { remedyOf } from "../tasks/remedies";
import type { Answer, WriteAnswer } from "./answers";
import { notObshell } from "./contact";

const FOREIGN =
  "The response is not from obshell. List the agents' own addresses in `endpoints`, or check the proxy or load balancer in between.";

/**
 * The result of a POST.
 * @param forget is called when the agent's key must be read again; `denied` finds the cause of a certain 401
 * @throws Refused when the agent rejects it; Unreachable with `sent` when it is unknown whether it was accepted;
 * UpgradeError `unauthorized`
 */
export async function writeResult<T>(
  { origin, target }: { readonly origin: string; readonly target: string },
  answer: WriteAnswer,
  schema: z.ZodType<T>,
  { forget, denied }: { readonly forget: () => void; readonly denied: (text: string) => Promise<UpgradeError> },
): Promise<T> {
  switch (answer.kind) {
    case "data":
      return accepted(schema, answer.data, `POST ${target} at ${origin}`);
    case "unauthorized":
      if (answer.certain) throw notStarted(await denied(answer.text));
      forget();
      throw new Refused(`${origin} could not verify POST ${target}: ${answer.text}.`, { refusal: "soon" });
    case "refused":
      throw refused(origin, target, answer.text, answer);
    case "foreign":
      throw foreignWrite(`POST ${target} at ${origin}`, answer, FOREIGN);
  }
}

/** An agent that could not verify the credentials has started nothing. */
function notStarted(error: UpgradeError): UpgradeError {
  return error instanceof Unreachable ? new Refused(`${error.message}.`, { refusal: "soon", cause: error }) : error;
}

function refused(
  origin: string,
  target: string,
  text: string,
  { refusal, code }: { readonly refusal: RefusalKind; readonly code?: string },
): Refused {
  const message = `${origin} refused POST ${target}: ${text}.`;
  if (tellsOfMissingPackage(text)) return new PackageMissing(message, text);
  const remedy = remedyOf(code) ?? remedyOfWords(text);
  return new Refused(message, {
    refusal,
    ...(remedy === undefined ? {} : { remedy }),
  });
}

/** A success in an unexpected format is still a success: the started task has to be searched for. */
function accepted<T>(schema: z.ZodType<T>, data: unknown, what: string): T {
  try {
    return validate(schema, data, what);
  } catch (cause) {
    throw new Unreachable(`${what} was accepted, but the response cannot be parsed`, {
      sent: true,
      heard: true,
      cause,
    });
  }
}

/**
 * The result of a GET. If the agent responded properly before, an unreadable response is transient (a proxy, a
 * restart), not a wrong address.
 * @param met whether it has responded properly before
 * @returns undefined when the response is "not found"
 * @throws Unreachable when the agent does not have the data; UpgradeError `blocked` when it refuses, `not-the-vendor`
 */
export function readResult<T>(
  { origin, target }: { readonly origin: string; readonly target: string },
  answer: Exclude<Answer, { kind: "unauthorized" }>,
  schema: z.ZodType<T>,
  met: boolean,
): T | undefined {
  const what = `GET ${target} at ${origin}`;
  switch (answer.kind) {
    case "data":
      return shaped(met, () => validate(schema, answer.data, what));
    case "missing":
    case "unserved":
      return undefined;
    case "foreign":
      return shaped(met, () => {
        throw notObshell(origin, answer.text);
      });
    case "refused":
      throw new UpgradeError("blocked", `${what} was refused: ${answer.text}.`);
    case "away":
      throw new Unreachable(`${origin} responds, but cannot complete the request at the moment: ${answer.text}`, {
        sent: true,
        heard: true,
      });
  }
}

function shaped<T>(met: boolean, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof UpgradeError) || !met) throw error;
    throw new Unreachable(error.message, { sent: true, heard: true, cause: error });
  }
}

/** obshell never responds with this status, but proxies do. */
export const TOO_LARGE = 413;

export function tooLarge(origin: string, target: string): Refused {
  return new Refused(`POST ${target} at ${origin} was rejected because it is too large (HTTP ${TOO_LARGE}).`, {
    refusal: "final",
    remedy:
      "obshell has no such limit. Raise the limit of the proxy in between, or list the agents' own addresses in `endpoints`.",
  });
}
