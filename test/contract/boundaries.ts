/** Where a run can be stopped: at its requests. */

/** A request of a run, in the order of arrival at the vendor. */
export interface Arrival {
  /** From 0. */
  readonly at: number;
  readonly method: string;
  readonly path: string;
  /** Whether it is the upgrade request. */
  readonly upgrade: boolean;
  /** Whether an upgrade request came before it. */
  readonly upgraded: boolean;
}

/** Where a run is stopped. */
export interface Boundary {
  readonly title: string;
  /** Whether the vendor processes the request; its response is lost either way. */
  readonly processed: boolean;
  /** Whether every run reaches it: the number of reads depends on the speed of the machine. */
  readonly certain: boolean;
  fits(arrival: Arrival): boolean;
}

/** No boundary: the run is only recorded. */
export const NOWHERE: Boundary = { title: "nowhere", processed: false, certain: false, fits: () => false };

/** The upgrade request before and after it is processed, and the request after it: every run reaches them. */
export const UPGRADE_REQUEST: readonly Boundary[] = [
  { title: "before the upgrade request is processed", processed: false, certain: true, fits: ({ upgrade }) => upgrade },
  { title: "after the upgrade request was processed", processed: true, certain: true, fits: ({ upgrade }) => upgrade },
  {
    title: "at the request after the upgrade request",
    processed: false,
    certain: true,
    fits: ({ upgraded }) => upgraded,
  },
];

/** Every other request before and after it is processed, from those of a complete run. */
export function otherBoundaries(arrivals: readonly Arrival[]): Boundary[] {
  return arrivals.filter(({ upgrade }) => !upgrade).flatMap(bothSidesOf);
}

function bothSidesOf({ at, method, path }: Arrival): Boundary[] {
  const what = `request ${at + 1}, usually ${method} ${path},`;
  const common = { certain: false, fits: (arrival: Arrival) => arrival.at === at };
  return [
    { ...common, title: `before ${what} is processed`, processed: false },
    { ...common, title: `after ${what} was processed`, processed: true },
  ];
}

/** Runs of one type that are stopped together, each with its own vendor. */
const WAVE = 12;

/** Splits the boundaries into waves that run together. */
export function wavesOf<T>(boundaries: readonly T[], size = WAVE): T[][] {
  const count = Math.ceil(boundaries.length / size);
  return Array.from({ length: count }, (_, nth) =>
    boundaries.slice(
      Math.floor((nth * boundaries.length) / count),
      Math.floor(((nth + 1) * boundaries.length) / count),
    ),
  );
}
