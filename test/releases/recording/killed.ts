import { FINISHES, hang, loseResponse, type Scenario, STARTS_ONE } from "./scenario";

/** The engine is killed during the second run, which leaves pending operations in the state. */
export const KILLED: readonly Scenario[] = [
  {
    name: "create-running",
    second: { version: "target", before: hang },
    reaches: "hang",
    status: "creating",
    next: FINISHES,
  },
  {
    name: "update-running",
    first: { version: "old" },
    second: { version: "target", before: hang },
    reaches: "hang",
    status: "current",
    next: FINISHES,
  },
  {
    name: "create-unanswered",
    second: { version: "target", before: (database) => loseResponse(database, "hangs") },
    reaches: "request",
    status: "creating",
    next: FINISHES,
  },
  {
    name: "update-unsent",
    first: { version: "old" },
    second: { version: "target", before: (database) => loseResponse(database, "not received") },
    reaches: "request",
    status: "current",
    next: STARTS_ONE,
  },
];
