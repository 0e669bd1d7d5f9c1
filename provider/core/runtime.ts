/** Progress of an operation, for the user. */
export interface Progress {
  readonly message: string;
  readonly percent?: number;
  /** The total number of stages, if the vendor reports it. */
  readonly stages?: number;
  /** How long the progress has not changed, in milliseconds, if long enough to be reported. */
  readonly still?: number;
  /** How long the server has been unreachable, in milliseconds. */
  readonly unreachableFor?: number;
  /** Additional information, shown last if there is room. */
  readonly detail?: string;
}

/** The proxies of all requests, as URLs that may contain credentials. */
export interface Proxies {
  readonly http?: string;
  /** Defaults to the proxy of plain HTTP. */
  readonly https?: string;
  /** Hosts that are reached directly, in the format of NO_PROXY. */
  readonly except: string;
}

export const DIRECT: Proxies = { except: "" };

/** The environment of a run: clocks, a signal, and listeners that never throw (`undisturbed`). */
export interface Runtime {
  readonly clock: Clock;
  /** Wall-clock time, for windows and dates: it can be set, and advances while the machine sleeps. */
  readonly wall: Pick<Clock, "now">;
  /** Aborted with an UpgradeError: `interrupted`, `deadline` or `engine-gone`. No request is started after that. */
  readonly signal: AbortSignal;
  /** The proxies of its requests; by default none. */
  readonly proxies?: Proxies;
  /** In [0, 1), for jitter. */
  readonly random: () => number;
  /** Transient progress; may be dropped or throttled. */
  readonly report: (progress: Progress) => void;
  /** Lasting messages. */
  readonly inform: (message: string) => void;
  readonly warn: (message: string) => void;
  /** Adds a secret that was discovered during the run, such as a token: it is redacted in all further output. */
  readonly conceal: (secret: string) => void;
  /**
   * Why a scheduled upgrade that this resource no longer needs must not be canceled: another resource relies on it, or
   * may rely on it. Undefined if none does.
   * @param member set if members are upgraded independently
   */
  readonly keepScheduled?: ((member?: string) => string | undefined) | undefined;
}

/** The same runtime with logging errors ignored: they must not change the outcome. */
export function undisturbed(runtime: Runtime): Runtime {
  const { report, inform, warn } = runtime;
  return { ...runtime, report: dropping(report), inform: dropping(inform), warn: dropping(warn) };
}

/** Ignores exceptions and unhandled rejections of a listener. */
function dropping<A>(listener: (about: A) => unknown): (about: A) => void {
  return (about) => {
    new Promise((resolve) => resolve(listener(about))).catch(() => undefined);
  };
}

/** Time as a parameter, so that a forty-minute upgrade is tested in milliseconds. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds since an arbitrary moment. Monotonic, so every duration is measured with it. */
  elapsed(): number;
  /** Resolves after this many milliseconds; rejects with the signal's reason when the signal is aborted. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

/** Node fires longer timers immediately. */
const LONGEST_TIMER = 2 ** 31 - 1;

export const wallClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  sleep: (milliseconds, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const abort = () => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(
        () => {
          signal?.removeEventListener("abort", abort);
          resolve();
        },
        Math.min(milliseconds, LONGEST_TIMER),
      );
      signal?.addEventListener("abort", abort, { once: true });
    }),
};

/**
 * The clock of one run. It reads the time of day once and then advances by elapsed time. Setting the system clock
 * during a run therefore changes no duration, age or signature.
 */
export function steady(clock: Clock): Clock {
  const start = clock.now() - clock.elapsed();
  return {
    now: () => start + clock.elapsed(),
    elapsed: () => clock.elapsed(),
    sleep: (milliseconds, signal) => clock.sleep(milliseconds, signal),
  };
}
