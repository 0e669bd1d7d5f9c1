import type { Run } from "../../test/engine";

/** How the demo tells and checks what it shows. */

export function chapter(title: string): void {
  console.log(`\n━━ ${title}\n`);
}

export function say(...lines: string[]): void {
  for (const line of lines) console.log(`  · ${line}`);
}

/** Passes on what the engine prints. */
export function onLine(line: string): void {
  console.log(`  ${line}`);
}

export function succeed(run: Run): Run {
  expect(run.ok, "the run failed");
  return run;
}

export function expect(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(`demo: ${otherwise}`);
}
