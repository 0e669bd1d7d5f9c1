import type { Clock } from "./clock";

/** Where a running operation stands, for the person who waits. */
export interface Progress {
  readonly message: string;
  readonly percent?: number;
  /** How many stages the operation has in all, where the vendor counts them. */
  readonly stages?: number;
  /** For how long nothing of this has changed, in milliseconds, once that is worth telling. */
  readonly still?: number;
  /** For how long nobody has answered, in milliseconds. */
  readonly silent?: number;
  /** What is of interest where there is room for it: shown last. */
  readonly detail?: string;
}

/** The proxies of all requests, as URLs that may carry credentials. */
export interface Proxies {
  readonly http?: string;
  /** Without one, that of plain HTTP serves both. */
  readonly https?: string;
  /** Hosts that are reached directly, in the form of NO_PROXY. */
  readonly except: string;
}

export const DIRECT: Proxies = { except: "" };

/** What a run is given from outside: time, an end, and listeners, which throw nothing (`undisturbed`). */
export interface Runtime {
  readonly clock: Clock;
  /** What people mean by time, for windows and dates: it is set, and goes on while the machine sleeps. */
  readonly wall: Pick<Clock, "now">;
  /** Aborted with an UpgradeError: `interrupted`, `deadline` or `engine-gone`. No call is started after that. */
  readonly signal: AbortSignal;
  /** Through which its requests travel; directly, if nothing is said. */
  readonly proxies?: Proxies;
  /** In [0, 1), for jitter. */
  readonly random: () => number;
  /** Passing news; may be dropped or throttled. */
  readonly report: (progress: Progress) => void;
  /** News that stays on the screen. */
  readonly inform: (message: string) => void;
  readonly warn: (message: string) => void;
  /** A secret that came up on the way, such as a token: from now on it is taken out of everything that is told. */
  readonly conceal: (secret: string) => void;
  /**
   * Why a scheduled upgrade that this resource no longer needs must not be canceled: another resource relies on it, or may.
   * Undefined when none does.
   * @param member where members are upgraded each for itself
   */
  readonly keepScheduled?: ((member?: string) => string | undefined) | undefined;
}

/** The same runtime with logging errors ignored: they must not change the outcome. */
export function undisturbed(runtime: Runtime): Runtime {
  const { report, inform, warn } = runtime;
  return { ...runtime, report: dropping(report), inform: dropping(inform), warn: dropping(warn) };
}

/** What a listener throws, or rejects with although nobody waits for it, is dropped. */
function dropping<A>(tell: (about: A) => unknown): (about: A) => void {
  return (about) => {
    new Promise((resolve) => resolve(tell(about))).catch(() => undefined);
  };
}
