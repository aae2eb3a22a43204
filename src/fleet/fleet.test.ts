import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Shell } from '../../test/fleet/shells.ts'
import { free, giveBack, leaseOf, setUp } from '../../test/fleet/shells.ts'
import type { VirtualClock } from '../../test/support/virtual-clock.ts'
import { createVirtualClock } from '../../test/support/virtual-clock.ts'
import { versionOf } from '../../test/support/version.ts'
import type { FunctionVersion } from '../model.ts'
import { Fleet } from './fleet.ts'
import type { Lease } from './member.ts'

test('a warm lease is synchronous and takes the environment that was used last', async () => {
  const { fleet, made } = setUp()
  const version = versionOf()
  const [first, second] = await Promise.all([leaseOf(fleet, version), leaseOf(fleet, version)])
  giveBack(second)
  giveBack(first)
  const warm = fleet.lease(version, free)
  assert.ok(!(warm instanceof Promise))
  assert.equal(warm.environment, first.environment)
  assert.equal(warm.isCold, false)
  assert.equal(made.length, 2)
})

test('no more than maxStartingCount start at once; slow inits make room after a while', async () => {
  const { fleet, made, clock } = setUp()
  const leases = Array.from({ length: 5 }, () => fleet.lease(versionOf(), free))
  assert.equal(made.length, 2)
  const first = await leases[0]
  assert.ok(first)
  first.started()
  assert.equal(made.length, 3)
  clock.advance(99)
  assert.equal(made.length, 3)
  clock.advance(1)
  assert.equal(made.length, 5)
  assert.equal(
    new Set(await Promise.all(leases.map(async (lease) => (await lease).environment))).size,
    5,
  )
})

test('one that comes right behind an answer takes the same environment, once that has settled', async () => {
  const { fleet, made } = setUp()
  const version = versionOf()
  let lease = await leaseOf(fleet, version)
  for (let count = 0; count < 3; count++) {
    lease.replied()
    const next = fleet.lease(version, { unreservedConcurrency: 1 })
    assert.ok(next instanceof Promise)
    giveBack(lease)
    lease = await next
  }
  assert.equal(made.length, 1)
})

test('one that comes right behind an answer gets its own when the first goes on working', async () => {
  const { fleet, made, clock } = setUp()
  const version = versionOf()
  const lease = await leaseOf(fleet, version)
  lease.replied()
  const next = fleet.lease(version, free)
  clock.advance(99)
  assert.equal(made.length, 1)
  clock.advance(1)
  assert.equal(made.length, 2)
  assert.notEqual((await next).environment, lease.environment)
})

test('an aborted wait is never granted and keeps no slot', async () => {
  const { fleet, made } = setUp({ maxStartingCount: 1 })
  const limits = { reservedConcurrency: 2, unreservedConcurrency: 0 }
  const first = await fleet.lease(versionOf(), limits)
  const abort = new AbortController()
  const waiting = fleet.lease(versionOf(), { ...limits, signal: abort.signal })
  assert.throws(() => fleet.lease(versionOf(), limits), { code: 'TooManyRequestsException' })
  abort.abort(new Error('gone'))
  await assert.rejects(async () => await waiting, /gone/)
  first.started()
  assert.equal(made.length, 1)
  giveBack(first)
  assert.ok(!(fleet.lease(versionOf(), limits) instanceof Promise))
  assert.ok(fleet.lease(versionOf(), limits) instanceof Promise)
})

test('who waits too long is throttled', async () => {
  const { fleet, clock } = setUp({ maxEnvironmentCount: 1 })
  const busy = await leaseOf(fleet, versionOf())
  const waiting = fleet.lease(versionOf({ functionName: 'other' }), free)
  clock.advance(60_000)
  await assert.rejects(async () => await waiting, {
    status: 429,
    message: 'Rate Exceeded.',
  })
  assert.equal(fleet.counts().waitingCount, 0)
  giveBack(busy)
})

test('idle environments are stopped after their time, the oldest first', async () => {
  const { fleet, made, clock } = setUp({ idleMs: 15_000 })
  const version = versionOf()
  const leases = await Promise.all([leaseOf(fleet, version), leaseOf(fleet, version)])
  for (const lease of leases) {
    giveBack(lease)
    clock.advance(8000)
  }
  clock.advance(6000)
  assert.deepEqual(
    made.map(({ stopCount }) => stopCount),
    [1, 0],
  )
  clock.advance(20_000)
  assert.deepEqual(
    made.map(({ stopCount }) => stopCount),
    [1, 1],
  )
  assert.equal(fleet.counts().environmentCount, 0)
})

test('a full fleet makes room for another function by stopping what was used longest ago', async () => {
  const { fleet, made } = setUp({ maxEnvironmentCount: 2 })
  for (const functionName of ['a', 'b', 'c']) {
    giveBack(await leaseOf(fleet, versionOf({ functionName })))
  }
  assert.deepEqual(
    made.map(({ id, stopCount }) => `${id} ${stopCount}`),
    ['a-0 1', 'b-1 0', 'c-2 0'],
  )
})

test('a new revision drains the old one: idle at once, busy after its run', async () => {
  const { fleet, made } = setUp()
  const [idle, busy] = await Promise.all([leaseOf(fleet, versionOf()), leaseOf(fleet, versionOf())])
  giveBack(idle)
  const renewed = await leaseOf(fleet, versionOf({ revisionId: 'second' }))
  assert.deepEqual(
    made.map(({ stopCount }) => stopCount),
    [1, 0, 0],
  )
  giveBack(busy)
  giveBack(renewed)
  assert.deepEqual(
    made.map(({ stopCount }) => stopCount),
    [1, 1, 0],
  )
})

test('retire() by function ARN stops all its versions, and nothing whose name only begins alike', async () => {
  const { fleet, made } = setUp()
  for (const version of ['1', '2']) giveBack(await leaseOf(fleet, versionOf({ version })))
  giveBack(await leaseOf(fleet, versionOf({ functionName: 'f2' })))
  await fleet.retire('arn:aws:lambda:us-east-1:000000000000:function:f')
  assert.deepEqual(
    made.map(({ stopCount }) => stopCount),
    [1, 1, 0],
  )
})

test('versions share their function’s reservation, also after one of them was retired', async () => {
  const { fleet } = setUp()
  const limits = { reservedConcurrency: 1, unreservedConcurrency: 0 }
  const first = versionOf({ version: '1' })
  giveBack(await leaseOf(fleet, first))
  await fleet.lease(versionOf({ version: '2' }), limits)
  await fleet.retire(first.arn)
  assert.throws(() => fleet.lease(versionOf({ version: '3' }), limits), { status: 429 })
})

test('an environment that died idle is not leased again', async () => {
  const { fleet, made } = setUp()
  giveBack(await leaseOf(fleet, versionOf()))
  const [dead] = made
  assert.ok(dead)
  dead.state = 'gone'
  const next = await leaseOf(fleet, versionOf())
  assert.notEqual(next.environment, dead)
  assert.equal(fleet.counts().environmentCount, 1)
  // Its group was not given up meanwhile: it is found again.
  giveBack(next)
  assert.equal((await leaseOf(fleet, versionOf())).environment, next.environment)
})

test('a launch that fails refuses the call and keeps no slot', async () => {
  const clock = createVirtualClock()
  const fleet = new Fleet({
    clock,
    launch: () => {
      throw new Error('no such runtime')
    },
  })
  for (let count = 0; count < 3; count++) {
    await assert.rejects(
      async () => await fleet.lease(versionOf(), { unreservedConcurrency: 1 }),
      /runtime/,
    )
  }
  assert.deepEqual(fleet.counts(), {
    environmentCount: 0,
    idleCount: 0,
    startingCount: 0,
    waitingCount: 0,
  })
})

test('close() refuses, lets what runs finish, and stops everything', async () => {
  const { fleet, made } = setUp()
  const [idle, busy] = await Promise.all([leaseOf(fleet, versionOf()), leaseOf(fleet, versionOf())])
  giveBack(idle)
  const closed = fleet.close({ drainMs: 1000 })
  assert.throws(() => fleet.lease(versionOf(), free), { status: 500 })
  assert.equal(made[1]?.stopCount, 0)
  giveBack(busy)
  await closed
  assert.deepEqual(
    made.map(({ stopCount }) => stopCount),
    [1, 1],
  )
})

test('close() stops what does not finish in time', async () => {
  const { fleet, made, clock } = setUp()
  const lease = await leaseOf(fleet, versionOf())
  const closed = fleet.close({ drainMs: 1000 })
  clock.advance(1000)
  await closed
  assert.equal(made[0]?.stopCount, 1)
  lease.release()
  assert.equal(made[0].stopCount, 1)
})

/** A fleet, its callers, and what may happen to them. */
class Story {
  readonly fleet: Fleet
  readonly clock: VirtualClock
  readonly held: Lease[] = []
  readonly #aborts: AbortController[] = []
  #revision = 0
  pendingCount = 0
  hasLeasedTwice = false

  constructor() {
    const { fleet, clock } = setUp({ maxEnvironmentCount: 4, idleMs: 500 })
    this.fleet = fleet
    this.clock = clock
  }

  readonly events = {
    lease: (which: number) => {
      const abort = new AbortController()
      this.#aborts.push(abort)
      this.pendingCount++
      void this.#lease(
        versionOf({ functionName: `f${which % 3}`, revisionId: `${this.#revision}` }),
        abort,
      )
    },
    reply: (which: number) => this.held[which]?.replied(),
    giveBack: (which: number) => {
      for (const lease of this.held.splice(which, 1)) giveBack(lease)
    },
    die: (which: number) => {
      for (const lease of this.held.splice(which, 1)) {
        ;(lease.environment as Shell).state = 'gone'
        lease.release()
      }
    },
    abort: (which: number) => this.#aborts.at(-which)?.abort(new Error('aborted')),
    pass: (which: number) => this.clock.advance(which * 60),
    update: () => void this.#revision++,
    retire: (which: number) => this.fleet.retire(versionOf({ functionName: `f${which}` }).arn),
  }

  async #lease(version: FunctionVersion, abort: AbortController): Promise<void> {
    try {
      const lease = await this.fleet.lease(version, {
        unreservedConcurrency: 6,
        signal: abort.signal,
      })
      if (this.held.includes(lease)) this.hasLeasedTwice = true
      this.held.push(lease)
    } catch {
      // Throttled or aborted.
    } finally {
      this.pendingCount--
    }
  }
}

async function microtasks(): Promise<void> {
  for (let count = 0; count < 12; count++) await Promise.resolve()
}

test('the fleet keeps its counts right whatever happens in whatever order', async () => {
  const names = [
    'lease',
    'lease',
    'lease',
    'reply',
    'giveBack',
    'die',
    'abort',
    'pass',
    'update',
    'retire',
  ] as const
  const step = fc.tuple(fc.constantFrom(...names), fc.nat(5))
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const story = new Story()
      const { fleet, clock, held } = story
      for (const [name, which] of steps) {
        void story.events[name](which)
        await microtasks()
        assert.ok(fleet.counts().environmentCount <= 4)
      }
      for (let round = 0; held.length > 0 || story.pendingCount > 0; round++) {
        assert.ok(round < 100, 'everybody who waits is served or refused in the end')
        for (const lease of held.splice(0)) giveBack(lease)
        clock.advance(1000)
        await microtasks()
      }
      assert.ok(!story.hasLeasedTwice)
      clock.advance(60_000)
      const none = { environmentCount: 0, idleCount: 0, startingCount: 0, waitingCount: 0 }
      assert.deepEqual(fleet.counts(), none)
      // All slots are free again: as many as before can be taken.
      for (let count = 0; count < 6; count++) story.events.lease(0)
      await microtasks()
      assert.equal(held.length + story.pendingCount, 6)
      assert.throws(() => fleet.lease(versionOf(), { unreservedConcurrency: 6 }), { status: 429 })
      const closed = fleet.close({ drainMs: 10 })
      clock.advance(10)
      await closed
    }),
    { numRuns: 150 },
  )
})
