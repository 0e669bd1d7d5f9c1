/** Where a run can be stopped: at the requests that it makes. */

/** A request of a run, in the order of arrival at the vendor. */
export interface Arrival {
  /** From 0. */
  readonly at: number;
  readonly method: string;
  readonly path: string;
  /** How many requests that are no GET came before it in this run. */
  readonly posts: number;
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

/** Whether all boundaries are stopped at, and not only a sample of them. */
const FULL = process.env["SCENARIOS"] !== "brief";

/** Boundaries of a sample among the reads of a run, evenly spread. */
const READS = 4;
/** Calls before the upgrade call that a sample stops at: a batch asks for as many checks as it has members. */
const CHECKS = 1;

/**
 * The boundaries to stop at, out of the requests of a run that nobody stopped.
 *
 * All of them: each request before and after it is processed, and the request after the upgrade call. In a brief run a
 * sample: the upgrade call before and after it is processed, and the requests beside it; the same of the first check
 * before it; of the looks, which repeat each other, a few.
 */
export function boundariesOf(arrivals: readonly Arrival[]): Boundary[] {
  const requests = FULL ? arrivals.filter(({ upgrade }) => !upgrade).flatMap(bothSidesOf) : sampleOf(arrivals);
  return [
    ...requests,
    ...around("the upgrade call", true, { itself: ({ upgrade }) => upgrade, next: ({ upgraded }) => upgraded }),
  ];
}

function bothSidesOf({ at, method, path }: Arrival): Boundary[] {
  const what = `request ${at + 1}, as a rule ${method} ${path},`;
  const common = { certain: false, fits: (arrival: Arrival) => arrival.at === at };
  return [
    { ...common, title: `before ${what} is processed`, processed: false },
    { ...common, title: `after ${what} was processed`, processed: true },
  ];
}

function sampleOf(arrivals: readonly Arrival[]): Boundary[] {
  const posts = arrivals.filter(({ method }) => method !== "GET");
  const step = Math.max(1, arrivals.length / READS);
  const reads = Array.from({ length: Math.min(READS, arrivals.length) }, (_, nth) => Math.floor(nth * step));
  const neighbours = posts.filter(({ upgrade }) => upgrade).map(({ at }) => at - 1);
  const ordinals = [...new Set([...reads, ...neighbours])].sort((a, b) => a - b);
  const others = posts.filter(({ upgrade }) => !upgrade).slice(0, CHECKS);
  return [
    ...ordinals.map((at) => ({
      title: `at request ${at + 1}`,
      processed: at % 2 === 1,
      certain: false,
      fits: (arrival: Arrival) => arrival.at === at,
    })),
    ...others.flatMap((_, nth) =>
      around(`check ${nth + 1}`, false, {
        itself: ({ method, posts: earlier, upgrade }) => method !== "GET" && !upgrade && earlier === nth,
        next: ({ posts: earlier }) => earlier === nth + 1,
      }),
    ),
  ];
}

/** A call before and after it is processed, and the request after it. */
function around(
  what: string,
  certain: boolean,
  { itself, next }: { readonly itself: Boundary["fits"]; readonly next: Boundary["fits"] },
): Boundary[] {
  return [
    { title: `before ${what} is processed`, processed: false, certain, fits: itself },
    { title: `after ${what} was processed`, processed: true, certain, fits: itself },
    { title: `at the request after ${what}`, processed: false, certain, fits: next },
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
