import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { PlatformError } from '../../lib/errors/platform-error.ts'
import { PipePool } from './pipe-pool.ts'

test('PipePool gives every name once, in the order they were asked for', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 60 }),
      async (counts) => {
        const asked: (readonly string[])[] = []
        const pool = new PipePool('/pipes', (paths) => asked.push(paths))
        const taken = counts.map(async (count) => pool.tryTake(count) ?? pool.take(count))
        // Making may be slow: whoever came first is served first.
        for (let batch = asked.shift(); batch; batch = asked.shift()) pool.made(batch)
        const names = await Promise.all(taken)
        assert.deepEqual(
          names.map((list) => list.length),
          counts,
        )
        const all = names.flat()
        assert.equal(new Set(all).size, all.length)
        assert.deepEqual(
          all,
          all.toSorted((left, right) => numberOf(left) - numberOf(right)),
        )
      },
    ),
  )
})

const numberOf = (path: string): number => Number(path.slice('/pipes/'.length))

test('PipePool that failed refuses those who wait and those who come', async () => {
  const pool = new PipePool('/pipes', () => {})
  const waiting = pool.take(2)
  pool.fail(new PlatformError('No pipes'))
  await assert.rejects(waiting, PlatformError)
  await assert.rejects(pool.take(2), PlatformError)
})
