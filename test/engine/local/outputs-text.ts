import { isDeepStrictEqual } from "node:util";
import { SECRET_SIGNATURE, SIGNATURE, type StepMetadata } from "../events";
import { UNKNOWN_VALUE } from "../types";

/** The stack's outputs with what changed in them, one line each. */
export function outputLines({ old, new: current }: StepMetadata): string[] {
  const [before, after] = [old?.outputs ?? {}, current?.outputs ?? {}];
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return keys.map((key) => {
    if (!(key in after)) return `  - ${key}: ${text(before[key])}`;
    if (!old || isDeepStrictEqual(before[key], after[key])) return `    ${key}: ${text(after[key])}`;
    if (!(key in before)) return `  + ${key}: ${text(after[key])}`;
    return `  ~ ${key}: ${text(before[key])} => ${text(after[key])}`;
  });
}

function text(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) => {
    if (typeof member === "object" && member !== null && SIGNATURE in member)
      return member[SIGNATURE] === SECRET_SIGNATURE ? "[secret]" : member;
    return member === UNKNOWN_VALUE ? "output<string>" : member;
  }).replace(/"(\[secret\]|output<string>)"/g, "$1");
}
