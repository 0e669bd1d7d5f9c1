interface Share<T> {
  readonly cases: readonly T[];
  readonly tags: string[];
}

/**
 * Distributes cases over resource types, so that each case runs for one of so many types. A type's other cases are long.
 * @param type its index among the types
 */
export function inTurns<T>(cases: readonly T[], type: number, types: number): readonly Share<T>[] {
  const isItsTurn = (nth: number) => nth % types === type % types;
  return [
    { cases: cases.filter((_, nth) => isItsTurn(nth)), tags: [] },
    { cases: cases.filter((_, nth) => !isItsTurn(nth)), tags: ["long"] },
  ];
}
