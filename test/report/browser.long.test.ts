/** @module-tag long */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Browser, findBrowser } from "./browser";
import { report, resource, SHOP, SHOP_EXPORT, stackExport } from "./export";

const PATH = findBrowser();
if (PATH === undefined) {
  console.warn(
    "\nSKIPPED: the report was not opened in a browser: no chromium, chromium-browser or google-chrome on PATH.\n",
  );
}

const SHOWN = `[...document.querySelectorAll("tr[data-index]")].filter((row) => row.checkVisibility()).map((row) => row.querySelector("bdi").textContent)`;
const OPEN = `[...document.querySelectorAll("details[open] bdi")].map((name) => name.textContent)`;

// Other tests check the HTML; these check its behavior in a browser.
describe.skipIf(PATH === undefined)("the page in a browser", { timeout: 60_000 }, () => {
  let dir: string;
  let browser: Browser;
  const url = (name: string, hash = "") => `${pathToFileURL(join(dir, name))}${hash}`;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "report-"));
    await writeFile(join(dir, "shop.html"), report(SHOP_EXPORT, "x"));
    const many = Array.from({ length: 1_000 }, (_, index) =>
      resource({ ...(SHOP[index % 8] ?? { type: "", name: "" }), name: `db-${index}` }),
    );
    await writeFile(join(dir, "many.html"), report(stackExport(many), "x"));
    browser = await Browser.start(PATH ?? "");
  });
  afterAll(async () => {
    await browser?.close();
    await rm(dir, { recursive: true, force: true });
  });

  it("loads nothing, logs nothing, and its policy blocks none of its own content", async () => {
    const page = await browser.open(url("shop.html"));
    const requests = page
      .events("Network.requestWillBeSent")
      .map((event) => JSON.parse(JSON.stringify(event)).request.url);
    expect(requests.filter((each) => !each.startsWith("data:"))).toEqual([url("shop.html")]);
    expect([...page.events("Log.entryAdded"), ...page.events("Runtime.exceptionThrown")]).toEqual([]);
    expect(await page.evaluate(`getComputedStyle(document.querySelector("table")).width`)).not.toBe("auto");
    expect(await page.evaluate(`document.getElementById("filter").hidden`)).toBe(false);
  });

  it("filters by status and by words, in the table and in the details", async () => {
    const page = await browser.open(url("shop.html"));
    await page.evaluate(`document.querySelector("input[value=current]").click()`);
    expect(await page.evaluate(SHOWN)).toEqual(["orders", "orders-agents"]);
    expect(await page.evaluate(`document.querySelectorAll("details:not([hidden])").length`)).toBe(2);
    expect(await page.evaluate(`document.getElementById("shown").textContent`)).toBe("2 of 8 shown");
    await page.evaluate(
      `(() => { const find = document.getElementById("words"); find.value = "OBSHELL 10.0"; find.dispatchEvent(new Event("input", { bubbles: true })); })()`,
    );
    expect(await page.evaluate(SHOWN)).toEqual(["orders-agents"]);
    await page.evaluate(`document.getElementById("show-all").click()`);
    expect(await page.evaluate(SHOWN)).toHaveLength(8);
    expect(await page.evaluate(`document.getElementById("shown").textContent`)).toBe("");
    await page.evaluate(`document.getElementById("open-all").click()`);
    expect(await page.evaluate(OPEN)).toHaveLength(8);
  });

  it("is complete without JavaScript: everything is visible, details can be opened, there is no filter", async () => {
    const page = await browser.open(url("shop.html"), { scripts: false });
    expect(await page.evaluate(SHOWN)).toHaveLength(8);
    expect(await page.evaluate(`document.getElementById("filter").checkVisibility()`)).toBe(false);
    await page.evaluate(`document.querySelector("summary").click()`);
    expect(await page.evaluate(OPEN)).toEqual(["fleet"]);
  });

  it("opens the details that a name links to", async () => {
    const page = await browser.open(url("shop.html", "#database-3"), { scripts: false });
    expect(await page.evaluate(OPEN)).toEqual(["payments"]);
  });

  it.each([320, 390, 768, 1280])("needs no horizontal scrolling at a width of %i", async (width) => {
    const page = await browser.open(url("shop.html"), { width });
    await page.evaluate(`for (const details of document.querySelectorAll("details")) details.open = true`);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);
    const cut = `[...document.querySelectorAll("td, th, dd, li, summary, .timeline text")].filter((each) => each.checkVisibility() && each.getBoundingClientRect().right > innerWidth + 1).map((each) => each.textContent)`;
    expect(await page.evaluate(cut)).toEqual([]);
  });

  it.each(["light", "dark"] as const)("passes an accessibility checker, in %s", async (scheme) => {
    const axe = await readFile(require.resolve("axe-core/axe.min.js"), "utf8");
    for (const width of [390, 1280]) {
      const page = await browser.open(url("shop.html"), { scheme, width });
      await page.evaluate(`for (const details of document.querySelectorAll("details")) details.open = true`);
      await page.evaluate(`${axe}; undefined`);
      const found = await page.evaluate(
        `axe.run().then(({ violations, passes }) => ({ violations: violations.map(({ id, nodes }) => id + ": " + nodes.map(({ html }) => html).join(" ")), contrast: passes.some(({ id }) => id === "color-contrast") }))`,
      );
      expect(found).toEqual({ violations: [], contrast: true });
    }
  });

  it("shows a thousand databases, and filters them together", async () => {
    const page = await browser.open(url("many.html"));
    expect(await page.evaluate(SHOWN)).toHaveLength(1_000);
    await page.evaluate(`document.querySelector("input[value=failed]").click()`);
    expect(await page.evaluate(SHOWN)).toHaveLength(125);
  });
});
