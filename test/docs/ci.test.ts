import { expect, it } from "vitest";
import { blocksOf, page } from "./pages";
import { sourcesIn } from "./sources";

it("the nightly job of the guide looks for messages that a preview or a refresh prints", () => {
  const commands = blocksOf(page("docs/guides/ci.md")).filter(({ language }) => language === "sh");
  const [, pattern = ""] = /grep -E "([^"]+)"/.exec(commands.map(({ text }) => text).join("\n")) ?? [];
  const messages = sourcesIn("frontend").map(({ text }) => text);
  expect(pattern.split("|")).toHaveLength(2);
  expect(pattern.split("|").filter((part) => !messages.some((text) => text.includes(part)))).toEqual([]);
});
