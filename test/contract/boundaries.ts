/** Where a run can be stopped: at the requests that it makes. */

/** A request of a run, in the order of arrival at the vendor. */
export interface Arrival {
  /** From 0. */
  readonly at: number;
  readonly method: string;
  readonly path: string;
  /** Whether it is the upgrade call. */
  readonly upgrade: boolean;
  /** Whether an upgrade call came before it. */
  readonly upgraded: boolean;
}

/** Where a run is stopped. */
export interface Boundary {
  readonly title: string;
  /** Whether the vendor processes the request; its answer is lost either way. */
  readonly processed: boolean;
  /** Whether every run comes to it: how often a run looks depends on how fast the machine is. */
  readonly certain: boolean;
  fits(arrival: Arrival): boolean;
}

/** No boundary: the run is only watched. */
export const NOWHERE: Boundary = { title: "nowhere", processed: false, certain: false, fits: () => false };

/** The upgrade call before and after it is processed, and the request after it: every run comes to them. */
export const UPGRADE_CALL: readonly Boundary[] = [
  { title: "before the upgrade call is processed", processed: false, certain: true, fits: ({ upgrade }) => upgrade },
  { title: "after the upgrade call was processed", processed: true, certain: true, fits: ({ upgrade }) => upgrade },
  {
    title: "at the request after the upgrade call",
    processed: false,
    certain: true,
    fits: ({ upgraded }) => upgraded,
  },
];

/** Every other request before and after it is processed, out of those of a run that nobody stopped. */
export function otherBoundaries(arrivals: readonly Arrival[]): Boundary[] {
  return arrivals.filter(({ upgrade }) => !upgrade).flatMap(bothSidesOf);
}

function bothSidesOf({ at, method, path }: Arrival): Boundary[] {
  const what = `request ${at + 1}, as a rule ${method} ${path},`;
  const common = { certain: false, fits: (arrival: Arrival) => arrival.at === at };
  return [
    { ...common, title: `before ${what} is processed`, processed: false },
    { ...common, title: `after ${what} was processed`, processed: true },
  ];
}

/** Runs of one type that are stopped together: as many vendors are open at once. */
const WAVE = 12;

/** What is stopped at together. */
export function wavesOf<T>(boundaries: readonly T[], size = WAVE): T[][] {
  const count = Math.ceil(boundaries.length / size);
  return Array.from({ length: count }, (_, nth) =>
    boundaries.slice(
      Math.floor((nth * boundaries.length) / count),
      Math.floor(((nth + 1) * boundaries.length) / count),
    ),
  );
}
