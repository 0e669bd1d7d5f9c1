import { setFlagsFromString } from "node:v8";

/** So many calls that create or update a pin at the same time are a crowd. */
const MANY = 100;

/**
 * On a machine with much memory V8 collects old objects only when there are four times as many as are alive, and gives up to
 * 128 MB to young ones. With a thousand pins that is half a gigabyte, nearly all of it garbage. Now old objects are collected
 * when a tenth more has come up, and young ones get no more room than they have. Node warns of flags that are set while V8
 * runs; of these two V8 reads the numbers anew each time it works out its next limits (`heap-controller.cc`, `new-spaces.cc`).
 */
const FRUGAL = ["--heap-growing-percent=10", "--semi-space-growth-factor=1"];

function beFrugal(): void {
  for (const flag of FRUGAL) setFlagsFromString(flag);
}

/** Counts what a process works on at the same time. Once that is very much, it does what keeps the process small. */
export class Crowd {
  readonly #many: number;
  readonly #relieve: () => void;
  #open = 0;
  #relieved = false;

  /** @param relieve done once: the process ends with the operation of which the crowd is a part */
  constructor(relieve: () => void = beFrugal, many: number = MANY) {
    this.#relieve = relieve;
    this.#many = many;
  }

  /** Does the work as one of the crowd. */
  async with<T>(work: () => Promise<T>): Promise<T> {
    this.#open += 1;
    if (this.#open >= this.#many && !this.#relieved) {
      this.#relieved = true;
      this.#relieve();
    }
    try {
      return await work();
    } finally {
      this.#open -= 1;
    }
  }
}
