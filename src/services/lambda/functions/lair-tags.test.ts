import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concurrencyOf } from '../concurrency/capacity.ts'
import { checkLairTags, isSnapStart } from './lair-tags.ts'
import { defaultSettings } from './settings.ts'

const settings = defaultSettings('f', { runtime: 'python3.13', handler: 'h', role: 'r' })
const providerArn = 'arn:aws:lambda:eu-west-1:123456789012:capacity-provider:p'

test('checkLairTags() takes what means something, and every tag of others', () => {
  checkLairTags({ 'lair.snapstart': 'latest', 'lair.concurrency': '1600', owner: '', lair: 'x' })
  const refused = [
    { 'lair.snapstart': '' },
    { 'lair.concurrency': '1601' },
    { 'lair.concurrency': '01' },
    { 'lair.concurrency': '2\n' },
    { 'lair.other': 'x' },
    { 'lair.constructor': 'x' },
  ]
  for (const tags of refused) {
    assert.throws(() => checkLairTags(tags), { name: 'InvalidParameterValueException' })
  }
})

test('isSnapStart() is for published versions with the setting, and for all with the tag', () => {
  const on = { ...settings, snapStart: 'PublishedVersions' } as const
  const tags = { 'lair.snapstart': 'latest' }
  assert.deepEqual(
    [
      isSnapStart('1', settings, {}),
      isSnapStart('1', on, {}),
      isSnapStart('$LATEST', on, {}),
      isSnapStart('$LATEST', settings, tags),
      isSnapStart('1', on, { 'lair.concurrency': '2' }),
    ],
    [false, true, false, true, false],
  )
})

test('concurrencyOf() is what the tag says, else the capacity provider, else the runtime’s default', () => {
  const capacity = { providerArn }
  assert.deepEqual(
    [
      concurrencyOf(settings, {}),
      concurrencyOf({ ...settings, capacity }, {}),
      concurrencyOf({ ...settings, capacity, runtime: 'nodejs24.x' }, {}),
      concurrencyOf({ ...settings, capacity: { providerArn, maxConcurrency: 7 } }, {}),
      concurrencyOf({ ...settings, capacity }, { 'lair.concurrency': '3' }),
    ],
    [undefined, 16, 64, 7, 3],
  )
})
