import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { z } from "zod";
import { ROOT } from "./packed";

/** Findings of knip about one file, by kind. */
const issue = z.looseObject({ file: z.string() });
const named = z.array(z.looseObject({ name: z.string() }));

it("has no file, export, type or dependency that nothing uses", { timeout: 120_000 }, async () => {
  const cli = createRequire(join(ROOT, "package.json")).resolve("knip");
  const bin = join(dirname(cli), "..", "bin", "knip.js");
  const settings = join(__dirname, "knip.json");
  const output = await new Promise<string>((resolve, reject) => {
    const args = [bin, "--config", settings, "--reporter", "json", "--no-progress", "--no-config-hints"];
    // It ends with 1 when it finds something, which is in its output.
    execFile(process.execPath, args, { cwd: ROOT, maxBuffer: 2 ** 26 }, (error, stdout, stderr) =>
      error !== null && error.code !== 1 ? reject(new Error(stderr)) : resolve(stdout),
    );
  });
  const { issues } = z.looseObject({ issues: z.array(issue) }).parse(JSON.parse(output));
  const found = issues.flatMap(({ file, ...kinds }) =>
    Object.entries(kinds).flatMap(([kind, list]) => {
      const all = named.safeParse(list);
      return all.success ? all.data.map(({ name }) => `${kind}: ${name} (${file})`) : [];
    }),
  );
  expect(found).toEqual([]);
});
