import type { z } from "zod";
import { type PinError, type RefusalKind, Refused, Unreachable } from "../../core/errors";
import { validate } from "../../http/body";
import { foreignWrite } from "../../http/foreign";
import { PackageMissing, remedyOfWords, tellsOfMissingPackage } from "../packages/old-refusals";
import { remedyOf } from "../tasks/remedies";
import type { WriteAnswer } from "./answers";

const FOREIGN =
  "That is no answer of obshell: name the agents themselves in `endpoints`, or check the proxy or load balancer between.";

/**
 * What a POST came to.
 * @param forget is called when the agent has to be met anew; `denied` tells what a certain 401 means
 * @throws Refused when the agent says no; Unreachable with `sent` when it cannot be known whether it was accepted;
 * PinError `unauthorized`
 */
export async function outcomeOf<T>(
  { origin, target }: { readonly origin: string; readonly target: string },
  answer: WriteAnswer,
  schema: z.ZodType<T>,
  { forget, denied }: { readonly forget: () => void; readonly denied: (text: string) => Promise<PinError> },
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

/** Whoever could not judge the credentials has started nothing. */
function notStarted(error: PinError): PinError {
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

/** A success in an unknown shape is still a success: what was started has to be looked for. */
function accepted<T>(schema: z.ZodType<T>, data: unknown, what: string): T {
  try {
    return validate(schema, data, what);
  } catch (cause) {
    throw new Unreachable(`${what} was accepted, with an answer that cannot be read`, {
      sent: true,
      heard: true,
      cause,
    });
  }
}
