/** Tags by which a function asks for what AWS does not offer it: they begin with `lair.`, and a value that means nothing is refused. */
import { invalidParameterValue } from '../../../lib/errors/lambda.ts'
import { concurrencyOf } from '../concurrency/capacity.ts'
import type { Settings } from '../records.ts'

type Tags = Readonly<Record<string, string>>

const prefix = 'lair.'

/** tag -> what its value may be, and how that is said */
const known: Readonly<Record<string, { readonly pattern: RegExp; readonly words: string }>> = {
  'lair.concurrency': {
    pattern: /^(?:[1-9]\d{0,2}|1[0-5]\d\d|1600)$/,
    words: 'how many invocations one environment serves at once, 1 to 1600',
  },
  'lair.snapstart': { pattern: /^latest$/, words: 'latest' },
}

/** @throws AwsError InvalidParameterValueException (400) naming the tag and what it may be */
export function checkLairTags(tags: Tags): void {
  for (const [name, value] of Object.entries(tags)) {
    if (!name.startsWith(prefix)) continue
    const rule = known[name]
    if (rule?.pattern.test(value) === true) continue
    const advice = rule
      ? `Please use: ${rule.words}.`
      : `Tags that begin with ${prefix} are this service's own: ${Object.keys(known).join(', ')}.`
    throw invalidParameterValue(`The tag ${name} cannot have the value '${value}'. ${advice}`)
  }
}

/** Are environments of this version restored from snapshots? Published ones with SnapStart, and all that the tag asks it for. */
export function isSnapStart(version: string, settings: Settings, tags: Tags): boolean {
  // A snapshot has one runtime that waits, not several workers.
  if (concurrencyOf(settings, tags) !== undefined || settings.tenancy !== undefined) return false
  if (tags['lair.snapstart'] === 'latest') return true
  return version !== '$LATEST' && settings.snapStart === 'PublishedVersions'
}

/** Whether two sets of tags make environments that differ. */
export function isSameForEnvironments(one: Tags, other: Tags): boolean {
  return Object.keys(known).every((name) => one[name] === other[name])
}
