/** The names of Lambda's runtimes, deprecated ones included: the closed list, and what a name says about its language. */
import type { ManagedFamily, RuntimeFamily } from './runtime.ts'

/** A runtime name taken apart.
 *  shape  series   what must fit: the major of Node.js, Java and .NET, Python's minor, Ruby's major and minor as two digits,
 *                  0 for the rest */
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

/** How the names of each language say their series. */
const patterns: readonly [family: ManagedFamily, pattern: RegExp][] = [
  ['nodejs', /^nodejs(\d*)/],
  ['python', /^python3\.(\d+)$/],
  ['java', /^java(\d+)/],
  ['ruby', /^ruby(\d)\.(\d)$/],
  ['dotnet', /^dotnet(?:core)?(\d+)/],
]

/** Take a known name apart. A `nodejs` without a number was Node.js 0.10. */
export function parseRuntimeName(name: string): RuntimeName {
  for (const [family, pattern] of patterns) {
    const match = pattern.exec(name)
    if (match !== null) return { name, family, series: Number(match.slice(1).join('')) }
  }
  return { name, family: name.startsWith('provided') ? 'provided' : 'other', series: 0 }
}

/** The name that AWS gives, or would give, to a series, e.g. `nodejs24.x`, `ruby3.1`. */
export function nameOfSeries(family: ManagedFamily, series: number): string {
  if (family === 'nodejs') return `nodejs${series}.x`
  if (family === 'python') return `python3.${series}`
  if (family === 'ruby') return `ruby${Math.floor(series / 10)}.${series % 10}`
  return `${family}${series}`
}

/** A list written as words between blanks. */
export function words(text: string): readonly string[] {
  return text.trim().split(/\s+/)
}
