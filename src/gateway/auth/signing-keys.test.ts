import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deriveSigningKey, SigningKeys } from './signing-keys.ts'

const scope = (date: string) => ({ date, region: 'us-east-1', service: 'iam' })

test('deriveSigningKey() derives the key that AWS publishes', () => {
  const key = deriveSigningKey('wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY', scope('20150830'))
  assert.equal(
    key.export().toString('hex'),
    'c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9',
  )
})

test('SigningKeys keeps what was proven, the most recent first, and no key of an old secret', () => {
  const keys = new SigningKeys(2)
  const first = keys.get('k', 's', scope('1'))
  assert.equal(keys.count, 0)
  first.keep()
  assert.equal(keys.get('k', 's', scope('1')).key, first.key)
  assert.notEqual(keys.get('k', 'other', scope('1')).key, first.key)
  keys.get('k', 's', scope('2')).keep()
  keys.get('k', 's', scope('1')).keep()
  keys.get('k', 's', scope('3')).keep()
  assert.equal(keys.count, 2)
  assert.equal(keys.get('k', 's', scope('1')).key, first.key)
})
