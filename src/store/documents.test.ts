import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import fc from 'fast-check'
import { systemClock } from '../lib/clock.ts'
import { PlatformError } from '../lib/errors/platform-error.ts'
import { systemIds } from '../lib/ids.ts'
import { openEphemeralStore } from './open.ts'
import { RevisionConflict } from './store.ts'
import type { Change, Document, DocumentEvent } from './store.ts'

const store = openEphemeralStore({ clock: systemClock, ids: systemIds })
const { documents } = store
after(() => store.close())

/** What `documents` promises, in a few lines: a map, and the prefix that keeps runs apart. */
class Model {
  readonly entries = new Map<string, Document<unknown>>()

  allows(changes: readonly Change[]): boolean {
    return changes.every(
      ({ key, expected }) =>
        expected === undefined || expected === (this.entries.get(key)?.revision ?? 0),
    )
  }

  apply(changes: readonly Change[], revision: number): void {
    for (const change of changes) {
      const { key } = change
      if (change.kind === 'delete') this.entries.delete(key)
      else this.entries.set(key, { key, value: change.value, revision })
    }
  }

  list(prefix: string): Document<unknown>[] {
    return [...this.entries.values()]
      .filter(({ key }) => key.startsWith(prefix))
      .toSorted((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)))
  }
}

type Step = { kind: 'put' | 'delete'; key: string; value: unknown; expect: 'any' | 'now' | 'wrong' }

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('put', 'put', 'delete'),
  key: fc.constantFrom('a', 'a/', 'a/b', 'a/b/c', 'ab', 'b', 'é', '\u{10ffff}', '\uffff'),
  value: fc.jsonValue({ maxDepth: 2 }),
  expect: fc.constantFrom('any', 'now', 'now', 'wrong'),
})

function toChange({ kind, key, value, expect }: Step, root: string, model: Model): Change {
  const current = model.entries.get(root + key)?.revision ?? 0
  const expected = expect === 'any' ? {} : { expected: expect === 'now' ? current : current + 7 }
  // What JSON does not tell apart is not told apart here either.
  const stored: unknown = JSON.parse(JSON.stringify(value))
  return kind === 'put'
    ? { kind, key: root + key, value: stored, ...expected }
    : { kind, key: root + key, ...expected }
}

let run = 0

describe('documents', () => {
  test('behave as a map with revisions, in any order of changes', async () => {
    const transactions = fc.array(fc.uniqueArray(step, { selector: (s) => s.key, maxLength: 3 }), {
      maxLength: 12,
    })
    const property = fc.asyncProperty(
      transactions,
      fc.integer({ min: 1, max: 4 }),
      async (all, page) => {
        const root = `model-${run++}/`
        const model = new Model()
        const events: DocumentEvent[] = []
        using _watch = documents.watch(root, (event) => void events.push(event))
        let lastRevision = 0
        for (const steps of all) {
          const changes = steps.map((one) => toChange(one, root, model))
          if (!model.allows(changes)) {
            await assert.rejects(documents.transact(changes), RevisionConflict)
            continue
          }
          const revision = await documents.transact(changes)
          assert.ok(revision > lastRevision)
          lastRevision = revision
          model.apply(changes, revision)
        }
        for (const prefix of ['', 'a', 'a/', 'a/b', 'é', '\u{10ffff}']) {
          assert.deepEqual(listAll(root + prefix, page), model.list(root + prefix))
          assert.equal(documents.count(root + prefix), model.list(root + prefix).length)
        }
        const seen = new Map(events.map((event) => [event.key, event]))
        for (const [key, { value, revision }] of model.entries) {
          assert.deepEqual(documents.get(key), { key, value, revision })
          assert.deepEqual(seen.get(key), { key, value, revision })
        }
      },
    )
    await fc.assert(property, { numRuns: 60 })
  })

  test('decide compare-and-set in the order of the calls', async () => {
    const results = await Promise.allSettled([
      documents.put('cas', 1, 0),
      documents.put('cas', 2, 0),
      documents.delete('cas', 0),
    ])
    assert.deepEqual(
      results.map((result) => result.status),
      ['fulfilled', 'rejected', 'rejected'],
    )
    assert.equal(documents.get('cas')?.value, 1)
  })

  test('a read sees a write that was called and not awaited', async () => {
    const written = documents.put('now', { a: 1 })
    assert.deepEqual(documents.get('now')?.value, { a: 1 })
    assert.equal(documents.count('now'), 1)
    const deleted = documents.delete('now')
    assert.equal(documents.get('now'), undefined)
    await Promise.all([written, deleted])
  })

  test('a transaction is all or nothing and gives its documents one revision', async () => {
    const revision = await documents.transact([
      { kind: 'put', key: 't/a', value: 1 },
      { kind: 'put', key: 't/b', value: 2, expected: 0 },
    ])
    assert.equal(documents.get('t/a')?.revision, revision)
    assert.equal(documents.get('t/b')?.revision, revision)
    const failed = documents.transact([
      { kind: 'delete', key: 't/a', expected: revision },
      { kind: 'put', key: 't/b', value: 3, expected: 0 },
    ])
    await assert.rejects(
      failed,
      (error) => error instanceof RevisionConflict && error.key === 't/b',
    )
    assert.equal(documents.get('t/a')?.value, 1)
    await assert.rejects(
      documents.transact([
        { kind: 'delete', key: 't/a' },
        { kind: 'put', key: 't/a', value: 1 },
      ]),
      /changes each document once/,
    )
  })

  test('watchers hear of changes in order, until disposed', async () => {
    const heard: unknown[] = []
    const watch = documents.watch('w/', ({ key, value }) => heard.push([key, value]))
    const writes = [
      documents.put('w/a', { n: 1 }),
      documents.put('other', 1),
      documents.put('w/a', { n: 2 }),
      documents.delete('w/missing'),
      documents.delete('w/a'),
    ]
    await Promise.all(writes)
    const expected = [
      ['w/a', { n: 1 }],
      ['w/a', { n: 2 }],
      ['w/a', undefined],
    ]
    assert.deepEqual(heard, expected)
    watch[Symbol.dispose]()
    await documents.put('w/a', 3)
    assert.deepEqual(heard, expected)
  })

  test('a watcher that throws is reported and keeps nobody from hearing', async (t) => {
    const stderr = t.mock.method(process.stderr, 'write', () => true)
    const heard: string[] = []
    using _bad = documents.watch('bad/', () => {
      throw new Error('not my day')
    })
    using _good = documents.watch('bad/', ({ key }) => void heard.push(key))
    await documents.put('bad/a', 1)
    assert.deepEqual(heard, ['bad/a'])
    assert.match(String(stderr.mock.calls[0]?.arguments[0]), /watch "bad\/".*not my day/)
  })

  test('a stored value is a copy', async () => {
    const value = { list: [1] }
    const written = documents.put('copy', value)
    value.list.push(2)
    await written
    documents.get<typeof value>('copy')?.value.list.push(3)
    assert.deepEqual(documents.get('copy')?.value, { list: [1] })
  })

  test('refuse what they cannot keep', async () => {
    await assert.rejects(documents.put('', 1), PlatformError)
    await assert.rejects(documents.put('x'.repeat(2000), 1), PlatformError)
    await assert.rejects(documents.put('u', undefined), /no JSON form/)
    await assert.rejects(documents.put('large', 'x'.repeat(9_000_000)), /are more than/)
    const many = Array.from({ length: 1001 }, (_, index) => ({
      kind: 'delete' as const,
      key: `${index}`,
    }))
    await assert.rejects(documents.transact(many), /at most 1000/)
  })
})

/** All documents with a prefix, page by page. */
function listAll(prefix: string, limit: number): Document<unknown>[] {
  const found: Document<unknown>[] = []
  let after: string | undefined
  do {
    const page = documents.list(prefix, { limit, ...(after !== undefined && { after }) })
    assert.ok(page.documents.length <= limit)
    found.push(...page.documents)
    after = page.next
  } while (after !== undefined)
  return found
}
