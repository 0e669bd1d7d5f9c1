import type { Status } from "./status";

/** Text and its background. Every pair has a contrast of at least 4.5 to 1 (WCAG 2.2, AA). */
export interface Ink {
  readonly text: string;
  readonly ground: string;
}

export interface Palette {
  /** The page and its panels. */
  readonly page: string;
  readonly panel: string;
  readonly text: string;
  readonly muted: string;
  readonly line: string;
  readonly link: string;
  readonly status: Readonly<Record<Status, Ink>>;
}

export const LIGHT: Palette = {
  page: "#f5f6f8",
  panel: "#ffffff",
  text: "#1b2330",
  muted: "#535d6b",
  line: "#d7dce3",
  link: "#1a56b0",
  status: {
    failed: { text: "#9b1c18", ground: "#fde8e6" },
    behind: { text: "#744600", ground: "#fcf0d4" },
    held: { text: "#0a5c5c", ground: "#dcf3f2" },
    upgrading: { text: "#0b577f", ground: "#def0fa" },
    deferred: { text: "#64398e", ground: "#f2e8fa" },
    unknown: { text: "#46505e", ground: "#e8ebef" },
    newer: { text: "#3a459f", ground: "#e7eafb" },
    current: { text: "#145f34", ground: "#e1f3e8" },
  },
};

export const DARK: Palette = {
  page: "#11151b",
  panel: "#191f27",
  text: "#e5e9ef",
  muted: "#a5afbc",
  line: "#323b47",
  link: "#86b4ff",
  status: {
    failed: { text: "#ff9f97", ground: "#431c1a" },
    behind: { text: "#f0c470", ground: "#39290b" },
    held: { text: "#7fd6d2", ground: "#0f3230" },
    upgrading: { text: "#80caf3", ground: "#0f2d3f" },
    deferred: { text: "#d2adf6", ground: "#322148" },
    unknown: { text: "#bac3ce", ground: "#2a323c" },
    newer: { text: "#aeb8ff", ground: "#22294f" },
    current: { text: "#82d8a6", ground: "#142d1e" },
  },
};
