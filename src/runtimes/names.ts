/** The names of Lambda's runtimes, deprecated ones included: the closed list, and what a name says about its language. */
import type { RuntimeFamily } from './runtime.ts'

/** A runtime name taken apart.
 *  shape  series   what must fit: Node.js' major, Python's minor, 0 for the rest */
export type RuntimeName = {
  readonly name: string
  readonly family: RuntimeFamily | 'other'
  readonly series: number
}

/** Every value of the `Runtime` enum, oldest first within a language. source: Lambda's service model, enum Runtime */
export const runtimeNames: readonly string[] = words(`
  nodejs nodejs4.3 nodejs4.3-edge nodejs6.10 nodejs8.10 nodejs10.x nodejs12.x nodejs14.x nodejs16.x nodejs18.x
  nodejs20.x nodejs22.x nodejs24.x nodejs26.x
  python2.7 python3.6 python3.7 python3.8 python3.9 python3.10 python3.11 python3.12 python3.13 python3.14 python3.15
  provided provided.al2 provided.al2023 go1.x
  java8 java8.al2 java8.al2023 java11 java11.al2023 java17 java17.al2023 java21 java25
  dotnetcore1.0 dotnetcore2.0 dotnetcore2.1 dotnetcore3.1 dotnet6 dotnet8 dotnet10
  ruby2.5 ruby2.7 ruby3.2 ruby3.3 ruby3.4 ruby4.0`)

const known: ReadonlySet<string> = new Set(runtimeNames)

/** Is `name` a runtime of Lambda at all? */
export function isRuntimeName(name: string): boolean {
  return known.has(name)
}

/** Take a known name apart. A `nodejs` without a number was Node.js 0.10. */
export function parseRuntimeName(name: string): RuntimeName {
  const node = /^nodejs(\d*)/.exec(name)
  if (node !== null) return { name, family: 'nodejs', series: Number(node[1]) }
  const python = /^python3\.(\d+)$/.exec(name)
  if (python !== null) return { name, family: 'python', series: Number(python[1]) }
  return { name, family: name.startsWith('provided') ? 'provided' : 'other', series: 0 }
}

/** The name that AWS gives to a series, e.g. `nodejs24.x`. */
export function nameOfSeries(family: 'nodejs' | 'python', series: number): string {
  return family === 'nodejs' ? `nodejs${series}.x` : `python3.${series}`
}

/** A list written as words between blanks. */
export function words(text: string): readonly string[] {
  return text.trim().split(/\s+/)
}
