/**
 * Symbolic links followed on paper: does any of them, through whatever other links, leave the folder they lie in? Looking
 * at each target alone is not enough: `..` behind a link to a folder goes where the link points.
 */

const maxHopCount = 40

/** The first link that leads out of the folder, or that cannot be followed to an end.
 *  @param links  path of the link -> its target, both relative to the folder or, for the target, to the link
 *  @returns path of the offender; undefined when all stay inside (dangling ones included) */
export function findEscapingLink(links: ReadonlyMap<string, string>): string | undefined {
  for (const path of links.keys()) {
    if (!staysInside(path, links)) return path
  }
  return undefined
}

function staysInside(path: string, links: ReadonlyMap<string, string>): boolean {
  const todo = path.split('/').reverse()
  const place: string[] = []
  let hopCount = 0
  for (let part = todo.pop(); part !== undefined; part = todo.pop()) {
    if (part === '' || part === '.') continue
    if (part === '..') {
      if (place.pop() === undefined) return false
      continue
    }
    place.push(part)
    const target = links.get(place.join('/'))
    if (target === undefined) continue
    hopCount += 1
    if (target.startsWith('/') || hopCount > maxHopCount) return false
    place.pop()
    todo.push(...target.split('/').reverse())
  }
  return true
}
