/**
 * Random sequences of what runtimes, extensions and the platform do, against a written model: each call is answered as the model says,
 * no reply is lost or doubled, and nothing of an environment is left. No processes, no sockets, a clock that tests move.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isCi } from '../support/tools.ts'
import { type Command, Play } from './lifecycle-play.ts'

const sequenceCount = isCi ? 100_000 : 10_000
const maxStepCount = 14

const actors = ['a', 'b', 'inside'] as const
const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ do: fc.constant('proceed' as const), pick: fc.nat(7) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('runtime' as const),
      call: fc.constantFrom('next', 'response', 'error', 'init-error'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('extension' as const),
      name: fc.constantFrom(...actors),
      call: fc.constantFrom('register', 'next', 'init-error', 'exit-error'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('exit' as const), pick: fc.nat(2), code: fc.nat(1) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('invoke' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('freeze' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('advance' as const),
      ms: fc.constantFrom(10, 310, 520, 2100, 3100, 10_100),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('stop' as const), drain: fc.boolean() }) },
)

const sequence = fc.record({
  externals: fc.constantFrom([], ['a'], ['a', 'b']),
  commands: fc.array(command, { maxLength: maxStepCount, size: 'max' }),
})

test(`${sequenceCount} random lives of an environment agree with the written model`, async () => {
  using play = new Play()
  await fc.assert(
    fc.asyncProperty(sequence, ({ externals, commands }) => play.act(externals, commands)),
    { numRuns: sequenceCount },
  )
  assert.deepEqual(play.complaints, [])
  // What never happens proves nothing.
  for (const [what, count] of Object.entries(play.seen)) {
    assert.ok(count > sequenceCount / 200, `${what} came only ${count} times`)
  }
})
