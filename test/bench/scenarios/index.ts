import type { Scenario } from "../result";
import { atOnce } from "./at-once";
import { manyInstances } from "./many-instances";
import { nothingToDo } from "./nothing-to-do";
import { oneUpgrade } from "./one-upgrade";
import { preview } from "./preview";
import { startUp } from "./start-up";
import { state } from "./state";
import { waiting } from "./waiting";

/** In the order in which they run. */
export const SCENARIOS: readonly Scenario[] = [
  waiting,
  oneUpgrade,
  manyInstances,
  preview,
  startUp,
  state,
  atOnce,
  nothingToDo,
];
