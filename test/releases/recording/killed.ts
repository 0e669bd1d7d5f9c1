import { FINISHES, hang, loseResponse, type Scenario, STARTS_ONE } from "./scenario";

/** Ended by SIGKILL to the engine in the middle of the second run: what ran is a pending operation. */
export const KILLED: readonly Scenario[] = [
  {
    name: "create-running",
    second: { pin: "target", before: hang },
    reaches: "hang",
    status: "creating",
    next: FINISHES,
  },
  {
    name: "update-running",
    first: { pin: "old" },
    second: { pin: "target", before: hang },
    reaches: "hang",
    status: "current",
    next: FINISHES,
  },
  {
    name: "create-unanswered",
    second: { pin: "target", before: (database) => loseResponse(database, "hangs") },
    reaches: "request",
    status: "creating",
    next: FINISHES,
  },
  {
    name: "update-unsent",
    first: { pin: "old" },
    second: { pin: "target", before: (database) => loseResponse(database, "not received") },
    reaches: "request",
    status: "current",
    next: STARTS_ONE,
  },
];
