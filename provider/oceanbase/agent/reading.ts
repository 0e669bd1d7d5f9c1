import type { z } from "zod";
import { PinError, Unreachable } from "../../core/errors";
import { validate } from "../../http/body";
import type { Answer } from "./answers";
import { notObshell } from "./contact";

/**
 * What a GET came to. Nonsense from an agent that spoke properly before is a passing fault (a proxy, a restart), not a
 * wrong address.
 * @param met whether it has
 * @returns undefined when the answer is that it is not there
 * @throws Unreachable when the agent cannot know; PinError `blocked` when it refuses, `not-the-vendor`
 */
export function readingOf<T>(
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
      throw new PinError("blocked", `${what} was refused: ${answer.text}.`);
    case "away":
      throw new Unreachable(`${origin} answers, but cannot know: ${answer.text}`, { sent: true, heard: true });
  }
}

function shaped<T>(met: boolean, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof PinError) || !met) throw error;
    throw new Unreachable(error.message, { sent: true, heard: true, cause: error });
  }
}
