/** Randomness that can be had again: the same seed gives the same run. */

export type Random = {
  /** a number in [0, 1) */
  next(): number
  /** an integer in [0, below) */
  below(limit: number): number
  /** true with a probability */
  chance(probability: number): boolean
  pick<T>(items: readonly T[]): T
}

/** A generator from a seed. source: G. Marsaglia, "Xorshift RNGs", 2003: shifts 13, 17 and 5 of 32 bits. */
export function randomFrom(seed: number): Random {
  let state = seed | 0 || 1
  const next = (): number => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
  const below = (limit: number): number => Math.floor(next() * limit)
  return {
    next,
    below,
    chance: (probability) => next() < probability,
    pick: <T>(items: readonly T[]): T => {
      const item = items[below(items.length)]
      if (item === undefined) throw new Error('There is nothing to pick from')
      return item
    },
  }
}
