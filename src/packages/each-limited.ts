/** A loop whose steps overlap, but only so many at a time. */

/** Call `run` for each item, at most `limit` at once; the first failure ends it after what had begun is over. */
export async function eachLimited<Item>(
  items: Iterable<Item>,
  limit: number,
  run: (item: Item) => Promise<void>,
): Promise<void> {
  const failures: unknown[] = []
  const iterator = items[Symbol.iterator]()
  const work = async (): Promise<void> => {
    for (let step = iterator.next(); step.done !== true; step = iterator.next()) {
      if (failures.length > 0) return
      try {
        await run(step.value)
      } catch (error) {
        failures.push(error)
      }
    }
  }
  await Promise.all(Array.from({ length: limit }, work))
  if (failures.length > 0) throw failures[0]
}
