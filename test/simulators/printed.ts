import { vi } from "vitest";
import { simulate } from "./simulate";

/** The output of `npm run simulate` with arguments that start nothing, and its exit code. */
export async function printed(...args: readonly string[]): Promise<{ readonly code: number; readonly text: string }> {
  const lines: unknown[] = [];
  const print = (line: unknown) => void lines.push(line);
  const spies = [
    vi.spyOn(console, "log").mockImplementation(print),
    vi.spyOn(console, "error").mockImplementation(print),
  ];
  try {
    const code = await simulate(args);
    return { code, text: lines.join("\n") };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}
