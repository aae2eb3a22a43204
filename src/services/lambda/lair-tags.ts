/** Tags by which a function asks for what AWS does not offer it: they begin with `lair.`, and a value that means nothing is refused. */
import { invalidParameterValue } from '../../lib/errors/lambda.ts'
import type { Settings } from './records.ts'

type Tags = Readonly<Record<string, string>>

const prefix = 'lair.'

/** tag -> what its value may be, and how that is said */
const known: Readonly<Record<string, { readonly pattern: RegExp; readonly words: string }>> = {
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
  if (tags['lair.snapstart'] === 'latest') return true
  return version !== '$LATEST' && settings.snapStart === 'PublishedVersions'
}

/** Whether two sets of tags make environments that differ. */
export function isSameForEnvironments(one: Tags, other: Tags): boolean {
  return Object.keys(known).every((name) => one[name] === other[name])
}
