import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { STATUSES } from "../../sdk/report/database";
import { scaleOf } from "../../sdk/report/scale";
import { parseTime } from "../../sdk/report/stack-export";
import { DARK, LIGHT, type Palette } from "../../sdk/report/style";
import { report, resource, SHOP, SHOP_EXPORT, stackExport } from "./export";
import { detailsOf, faultsOf, rowsOf, textOf } from "./valid";

const PAGE = report(SHOP_EXPORT, "stack.json");

describe("the page of a stack", () => {
  it("conforms to the HTML standard and to the accessibility rules", async () => {
    expect(await faultsOf(PAGE)).toEqual([]);
    expect(PAGE).toMatch(/^<!DOCTYPE html>\n<html lang="en">/);
  });

  it("shows every database with its target, current version, status and last upgrade", () => {
    expect(Object.fromEntries(rowsOf(PAGE))).toEqual({
      fleet: [
        "fleet TaurusDB Kernel",
        ">=2.0.75",
        "2.0.69.240900 lowest of 2 instances",
        "failed",
        "2.0.69.240900 → 2.0.75.260300 failed, 25 min, 2026-03-10 18:25 UTC upgrade 7c1e failed: the instance has too little free space.",
      ],
      "cache-modules": [
        "cache-modules Redis Enterprise Modules",
        "search 2.10.17, ReJSON >=2.8",
        "search 2.8.4, ReJSON 2.8.10, bf 2.8.2",
        "behind drift",
        "none",
      ],
      payments: [
        "payments OceanBase Cluster",
        "4.3.5.2",
        "4.2.1.8",
        "upgrading",
        "4.2.1.8 → 4.3.5.2 running, 2026-03-14 17:40 UTC",
      ],
      reports: [
        "reports TaurusDB StarRocks",
        "latest",
        "3.1.15.80",
        "deferred",
        "3.1.15.80 → 3.3.2.10 deferred, 2026-03-14 09:00 UTC",
      ],
      sessions: ["sessions Redis Enterprise FutureVersion", "1.2", "not observed", "unknown", "none"],
      cache: [
        "cache Redis Enterprise Database",
        "7.2",
        "7.4.2",
        "newer",
        "7.2.4 → 7.4.2 succeeded, 42 s, 2026-02-20 03:00 UTC",
      ],
      orders: [
        "orders OceanBase Cluster",
        "4.3.5.2",
        "4.3.5.2 3 observers",
        "current",
        "4.2.1.8 → 4.3.5.2 succeeded, 42 min 10 s, 2026-03-02 01:42 UTC",
      ],
      "orders-agents": ["orders-agents OceanBase obshell agents", ">=4.3.3.0", "4.3.3.0 2 agents", "current", "none"],
    });
  });

  it("shows databases that need attention first", () => {
    expect([...rowsOf(PAGE).keys()]).toEqual([
      "fleet",
      "cache-modules",
      "payments",
      "reports",
      "sessions",
      "cache",
      "orders",
      "orders-agents",
    ]);
  });

  it("shows the stack, and the number of databases by status", () => {
    const text = textOf(PAGE);
    expect(text).toContain(
      "Needs attention: 1 failed, 1 behind, 1 newer, 1 unknown. 8 databases: 3 of OceanBase, 3 of Redis Enterprise, 2 of TaurusDB.",
    );
    expect(text).toContain("State written 2026-03-14 18:05 UTC");
    expect(text).toContain("1 failed 1 behind 1 upgrading 1 deferred 1 unknown 1 newer 2 current");
  });

  it("has the versions and problems of the members, and the last upgrade in full", () => {
    const [a, b] = ["a", "b"].map((letter) => `${letter.repeat(32)}in07`);
    const fleet = detailsOf(PAGE, "fleet");
    expect(fleet).toContain("TaurusDB Kernel, 1 with problems");
    expect(fleet).toContain(
      `Instance Current Problem ${b} 2.0.69.240900 upgrade 7c1e failed: the instance has too little free space. ${a} 2.0.75.260300`,
    );
    expect(fleet).toContain(
      "Started 2026-03-10 18:00 UTC Finished 2026-03-10 18:25 UTC Task batch (kernel upgrade of 2 instances)",
    );
    expect(detailsOf(PAGE, "cache-modules")).toContain("search 2.8.4 2.10.17 ReJSON 2.8.10 >=2.8 bf 2.8.2 none");
    expect(detailsOf(PAGE, "cache-modules")).toContain("Drift A refresh observed a version other than the target");
    expect(detailsOf(PAGE, "reports")).toContain("Window 2026-03-15 18:00 UTC to 2026-03-15 22:00 UTC");
    expect(detailsOf(PAGE, "orders")).toContain("Release 102000042025031214.el7");
    expect(detailsOf(PAGE, "orders")).toContain("4.2.1.8-108000022024072217 → 4.3.5.2-102000042025031214");
    const payments = detailsOf(PAGE, "payments");
    expect(payments).toContain("Task 12 (OB rolling upgrade); joined, not started by this resource");
    expect(payments).toContain(
      "Last operation Interrupted: OceanBase cluster at 10.0.1.1:2886: upgrade 12 is still running",
    );
    expect(payments).not.toContain("Finished");
  });

  it("shows the whole name of a resource that contains `::`", () => {
    const orders = { type: "oceanbase:ClusterVersion", name: "shop::orders" };
    const rows = rowsOf(report(stackExport([resource(orders)]), "stack.json"));
    expect([...rows.keys()]).toEqual(["shop::orders"]);
  });

  it("shows the upgrades on a timeline, and the wait for a window", () => {
    const svg = /<svg role="img".*?<\/svg>/s.exec(PAGE)?.[0] ?? "";
    const titles = [...svg.matchAll(/<g>\s*<title>(.*?)<\/title>/g)].map(([, title]) => title);
    expect(titles).toEqual([
      "payments: 4.2.1.8 → 4.3.5.2, running",
      "reports: 3.1.15.80 → 3.3.2.10, deferred",
      "fleet: 2.0.69.240900 → 2.0.75.260300, failed, 25 min",
      "orders: 4.2.1.8 → 4.3.5.2, succeeded, 42 min 10 s",
      "cache: 7.2.4 → 7.4.2, succeeded, 42 s",
    ]);
    const bars = [...svg.matchAll(/class="(bar|wait) stroke-(\w+)" x1="([\d.]+)%" x2="([\d.]+)%"/g)];
    expect(bars.map(([, kind, look]) => `${kind} ${look}`)).toEqual([
      "bar upgrading",
      "bar deferred",
      "wait deferred",
      "bar deferred",
      "bar failed",
      "bar current",
      "bar current",
    ]);
    const places = bars.map(([, , , from, to]) => [Number(from), Number(to)] as const);
    expect(places.every(([from, to]) => from >= 0 && from <= to && to <= 100)).toBe(true);
    // A running upgrade reaches to the time of the state, a deferred one to the end of its window.
    expect(places[0]?.[1]).toBeGreaterThan(places[0]?.[0] ?? 100);
    expect(places[3]?.[1]).toBe(Math.max(...places.map(([, to]) => to)));
  });

  it("loads nothing: its policy permits only its own style and script", () => {
    expect(PAGE).not.toMatch(/\b(src|srcset|action|poster|data)=/);
    expect([...PAGE.matchAll(/\bhref="([^"]*)"/g)].map(([, to]) => to).filter((to) => !to?.startsWith("#"))).toEqual([
      "data:,",
    ]);
    expect(PAGE).not.toMatch(/@import|url\(/);
    const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(PAGE)?.[1] ?? "";
    expect(policy).toContain("default-src &#39;none&#39;");
    for (const tag of ["style", "script"]) {
      const inside = [...PAGE.matchAll(new RegExp(`<${tag}>(.*?)</${tag}>`, "gs"))].map(([, text]) => text ?? "");
      expect(inside).toHaveLength(1);
      const digest = createHash("sha256")
        .update(inside[0] ?? "")
        .digest("base64");
      expect(policy).toContain(`${tag}-src &#39;sha256-${digest}&#39;`);
    }
  });

  it("is the same for the same stack", () => {
    expect(report(SHOP_EXPORT, "other.json")).toBe(PAGE);
  });

  it("reads format 4 like format 3", () => {
    expect(report(stackExport(SHOP.map(resource), {}, 4), "stack.json")).toBe(PAGE);
  });
});

describe("the page of a stack in which an upgrade is held", () => {
  const rules = {
    windows: [{ days: ["sat"], from: "02:00", to: "06:00", lastStart: "05:00", timeZone: "Asia/Shanghai" }],
    blackouts: [{ from: "2026-12-20", to: "2027-01-05", reason: "year-end <freeze>" }],
    backup: { maxAge: "24h", waive: "no API" },
  };
  const urn = "urn:pulumi:production::shop::pulumi-nodejs:dynamic/oceanbase:ClusterVersion::orders";
  const approved = {
    "10.0.0.1:2886": {
      how: "4.2.1.8 → 4.3.5.2, rolling over 3 zones",
      approvedBy: "Anna",
      approvedAt: "2026-03-13T10:00:00Z",
    },
  };
  const heldBy = { code: "window", message: "window opens Sat 02:00", until: "2026-03-20T18:00:00.000Z" };
  const orders = resource({
    type: "oceanbase:ClusterVersion",
    name: "orders",
    args: { version: "4.3.5.2", ...rules, approval: { formatVersion: 1, approvals: { [urn]: approved } } },
    observed: { currentVersion: "4.2.1.8", status: "held", heldBy },
  });

  it("has the reason in its row, the rules and approvals in its details, and the end on the timeline", () => {
    const text = report(stackExport([orders]), "test");
    expect(text).toContain('is-held">held</span><span class="below quiet">window opens Sat 02:00</span>');
    expect(text).toContain(
      "<dt>Windows</dt><dd><ul><li>sat 02:00 to 06:00, last start 05:00 (Asia/Shanghai)</li></ul>",
    );
    expect(text).toContain("2026-12-20 to 2027-01-05 (UTC): year-end &lt;freeze&gt;");
    expect(text).toContain("at most 24h old; waived: no API");
    expect(text).toContain("4.2.1.8 → 4.3.5.2, rolling over 3 zones: Anna");
    expect(text).toContain("held until 2026-03-20 18:00");
  });
});

describe("the page of a stack in an unusual state", () => {
  const orders = SHOP[0] ?? { type: "", name: "" };

  it("does not show replaced resources that still have to be deleted", () => {
    const old = resource({ ...orders, args: { version: "4.2.1.8" }, more: { delete: true } });
    const page = report(stackExport([resource(orders), old]), "x");
    expect(textOf(page)).toContain("No database needs attention. 1 database: 1 of OceanBase");
    expect(page).not.toContain("4.2.1.8</span>");
  });

  it("reports an interrupted operation", () => {
    const pending_operations = [{ resource: resource(orders), type: "updating" }];
    const page = report(stackExport([resource(orders)], { pending_operations }), "x");
    expect(detailsOf(page, "orders")).toContain("An operation was interrupted: updating.");
  });

  it("shows a resource without observed values", async () => {
    const page = report(stackExport([{ ...resource({ ...orders, observed: {} }), outputs: undefined }]), "x");
    expect(rowsOf(page).get("orders")).toEqual([
      "orders OceanBase Cluster",
      "4.3.5.2",
      "not observed",
      "unknown",
      "none",
    ]);
    expect(textOf(page)).toContain("The state records no upgrade with a time.");
    expect(await faultsOf(page)).toEqual([]);
  });

  it("omits the months before a distant window, and shows that", async () => {
    const window = { opens: "2026-08-01T18:00:00Z", closes: "2026-08-01T22:00:00Z" };
    const { lastUpgrade } = orders.observed ?? {};
    const scheduled = resource({
      ...orders,
      name: "far",
      observed: { ...orders.observed, lastUpgrade: { ...Object(lastUpgrade), state: "deferred", window } },
    });
    const page = report(stackExport([resource(orders), scheduled]), "x");
    expect(page.match(/<line class="cut" x1="72%"/g)).toHaveLength(1);
    expect(textOf(page)).toContain("The dashed line marks a long period without upgrades that is omitted.");
    expect(textOf(page)).toContain("08-01 18:00");
    expect(PAGE).not.toContain('class="cut"');
    expect(await faultsOf(page)).toEqual([]);
  });

  it.each([
    [75, "15 older ones are"],
    [61, "1 older one is"],
  ])("shows the newest of %i upgrades, and the number of omitted ones", (length, left) => {
    const many = Array.from({ length }, (_, index) => resource({ ...orders, name: `orders-${index}` }));
    const page = report(stackExport(many), "x");
    expect(page.match(/<g>/g)).toHaveLength(60);
    expect(textOf(page)).toContain(`The newest 60 upgrades; ${left} in the table.`);
  });
});

const at = (text: string) => Date.parse(text);

describe("the time scale", () => {
  it.each([
    ["minutes", "2026-03-14T18:00Z", "2026-03-14T18:01Z", ["03-14 18:00"]],
    ["hours", "2026-03-14T08:00Z", "2026-03-14T18:00Z", ["03-14 12:00", "03-14 18:00"]],
    ["days", "2026-03-14T08:00Z", "2026-03-20T18:00Z", ["2026-03-16", "2026-03-18"]],
    ["months", "2026-01-10T00:00Z", "2026-05-10T00:00Z", ["2026-03", "2026-05"]],
    ["years", "2019-01-10T00:00Z", "2026-05-10T00:00Z", ["2020", "2025"]],
  ])("has ticks by %s", (_, from, to, labels) => {
    expect(scaleOf([at(from), at(to)]).ticks.map(({ label }) => label)).toEqual(labels);
  });

  const near = ["2026-03-14T08:00Z", "2026-03-14T09:00Z", "2026-03-14T16:00Z"].map(at);
  const [opens, closes] = [at("2026-04-20T02:00Z"), at("2026-04-20T06:00Z")];

  it("omits the time before one distant window, and shows when it opens", () => {
    const scale = scaleOf([...near, opens, closes]);
    expect(scale.cut).toBe(72);
    expect(scale.ticks.map(({ label }) => label)).toEqual(["03-14 12:00", "04-20 02:00"]);
    expect(scale.at(near[2] ?? 0) - scale.at(near[0] ?? 0)).toBeGreaterThan(50);
    expect(scale.at(closes) - scale.at(opens)).toBeGreaterThan(10);
    expect(scale.at(opens)).toBeGreaterThan(72);
  });

  it("omits no time of an upgrade or between regular times", () => {
    expect(scaleOf([...near, opens, closes], [[near[2] ?? 0, opens]]).cut).toBeUndefined();
    expect(scaleOf([1, 2, 3, 4].map((day) => at(`2026-03-0${day}T00:00Z`))).cut).toBeUndefined();
  });

  it("has labels that do not overlap on a phone", () => {
    const times = fc.array(fc.integer({ min: 0, max: at("2100-01-01T00:00Z") }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(times, (list) => {
        const scale = scaleOf(list);
        const spans = scale.ticks.map(({ time, label }) => labelSpan(scale.at(time), label));
        for (const [index, [from]] of spans.entries()) {
          if (index > 0) expect(from, JSON.stringify(scale.ticks)).toBeGreaterThan(spans[index - 1]?.[1] ?? 0);
        }
      }),
    );
  });

  it("has all times and ticks inside its range, in order, with a bounded number of ticks", () => {
    const times = fc.array(fc.integer({ min: 0, max: at("2100-01-01T00:00Z") }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(times, (list) => {
        const scale = scaleOf(list);
        const places = [...list].sort((a, b) => a - b).map(scale.at);
        expect(places.every((place, index) => place > 0 && place < 100 && place >= (places[index - 1] ?? 0))).toBe(
          true,
        );
        expect(scale.ticks.length).toBeLessThanOrEqual(4);
        for (const { time } of scale.ticks)
          expect(scale.at(time)).toSatisfy((place: number) => place >= 0 && place <= 100);
      }),
    );
  });
});

/** The position of a label on a timeline of 320 pixels, with 6.5 pixels for a character. */
function labelSpan(place: number, label: string): readonly [from: number, to: number] {
  const [x, width] = [(place / 100) * 320, label.length * 6.5];
  if (place < 14) return [x, x + width];
  return place > 86 ? [x - width, x] : [x - width / 2, x + width / 2];
}

describe("a time", () => {
  it.each(["yesterday", "2026", "0000-01-01T00:00:00Z", "2026-13-01T00:00:00Z", ""])("is not %j", (text) => {
    expect(parseTime(text)).toBeUndefined();
  });
});

/** Relative luminance of `#rrggbb` (WCAG 2.2). */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

it("contrast is calculated as in the guidelines", () => {
  expect(contrast("#000000", "#ffffff")).toBeCloseTo(21);
  expect(contrast("#767676", "#ffffff")).toBeCloseTo(4.54, 2);
});

describe.each([
  ["light", LIGHT],
  ["dark", DARK],
] satisfies [string, Palette][])("the %s palette", (_, palette) => {
  const { page, panel, text, muted, link, status } = palette;
  const inks = [text, muted, link];

  it.each([page, panel])("is legible on %s", (ground) => {
    for (const ink of inks) expect(contrast(ink, ground)).toBeGreaterThanOrEqual(4.5);
  });

  it.each(STATUSES)("has a legible badge for %s, and a visible bar", (name) => {
    expect(contrast(status[name].text, status[name].ground)).toBeGreaterThanOrEqual(4.5);
    expect(contrast(status[name].text, panel)).toBeGreaterThanOrEqual(4.5);
  });
});
