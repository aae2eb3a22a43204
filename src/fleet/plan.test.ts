import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { plan, planRefill } from './plan.ts'
import type { PlanLimits } from './plan.ts'

type Idle = { id: string; idleSinceMs: number; lastRunMs: number | undefined }
type Waiter = { id: string; startNotBeforeMs: number | undefined }
type Group = { name: string; idle: Idle[]; waiting: Set<Waiter>; isHeldBack: boolean }

const limits: PlanLimits = {
  maxEnvironmentCount: 10,
  maxStartingCount: 4,
  idleMs: 1000,
  maxHandoverRunMs: 250,
}

function group(name: string, idle: [sinceMs: number, lastRunMs?: number][], waiting = 0): Group {
  return {
    name,
    isHeldBack: false,
    idle: idle.map(([idleSinceMs, lastRunMs], index) => ({
      id: `${name}.e${index}`,
      idleSinceMs,
      lastRunMs,
    })),
    waiting: new Set(
      Array.from({ length: waiting }, (_, index) => ({
        id: `${name}.w${index}`,
        startNotBeforeMs: undefined,
      })),
    ),
  }
}

/** The actions as one line of text. */
function decide(
  groups: Group[],
  counts: { environments: number; starting?: number; nowMs?: number },
) {
  const view = {
    groups,
    waitingGroups: groups.filter(({ waiting }) => waiting.size > 0),
    environmentCount: counts.environments,
    startingCount: counts.starting ?? 0,
  }
  const actions = plan<Idle, Waiter, Group>(view, limits, counts.nowMs ?? 0)
  return actions
    .map((action) => {
      const who = 'waiter' in action ? action.waiter.id : ''
      const which = 'idle' in action ? action.idle.id : ''
      return [action.kind, who, which].filter((word) => word !== '').join(' ')
    })
    .join(', ')
}

test('plan() starts one environment for each that waits, groups in turn, as far as starts are free', () => {
  assert.equal(
    decide([group('a', [], 3), group('b', [], 1)], { environments: 0, starting: 1 }),
    'start a.w0, start b.w0, start a.w1',
  )
})

test('plan() hands a free environment over when runs are short, the newest first', () => {
  assert.equal(
    decide(
      [
        group(
          'a',
          [
            [1, 5],
            [2, 5],
          ],
          3,
        ),
      ],
      { environments: 2, starting: 4 },
    ),
    'assign a.w0 a.e1, assign a.w1 a.e0',
  )
})

test('plan() gives each its own environment when runs are long', () => {
  assert.equal(decide([group('a', [[1, 900]], 1)], { environments: 1 }), 'start a.w0')
})

test('plan() hands over whatever is free when no further environment may be made', () => {
  assert.equal(decide([group('a', [[1, 900]], 1)], { environments: 10 }), 'assign a.w0 a.e0')
})

test('plan() lets one that expects an environment wait for it, and no longer than agreed', () => {
  const expecting = group('a', [], 2)
  const [first] = expecting.waiting
  assert.ok(first)
  first.startNotBeforeMs = 50
  assert.equal(decide([expecting], { environments: 1 }), 'start a.w1')
  assert.equal(decide([expecting], { environments: 1, nowMs: 50 }), 'start a.w0, start a.w1')
  expecting.idle.push({ id: 'settled', idleSinceMs: 3, lastRunMs: 9000 })
  assert.equal(decide([expecting], { environments: 2 }), 'assign a.w0 settled, start a.w1')
})

test('plan() makes room by stopping what was used longest ago', () => {
  assert.equal(
    decide([group('a', [[7], [8]]), group('b', [[5], [6]]), group('c', [], 2)], {
      environments: 10,
    }),
    'stop b.e0, start c.w0, stop b.e1, start c.w1',
  )
})

test('plan() stops what was idle for too long, and nothing else', () => {
  assert.equal(
    decide([group('a', [[100], [500], [501]])], { environments: 3, nowMs: 1500 }),
    'stop a.e0, stop a.e1',
  )
})

const arbitraryGroup = fc.record({
  idle: fc.array(fc.tuple(fc.nat(2000), fc.option(fc.nat(500), { nil: undefined })), {
    maxLength: 6,
  }),
  waiting: fc.array(fc.option(fc.nat(3000), { nil: undefined }), { maxLength: 6 }),
})

test('plan() never names one environment or waiter twice and never exceeds its limits', () => {
  fc.assert(
    fc.property(
      fc.array(arbitraryGroup, { maxLength: 5 }),
      fc.nat(8),
      fc.nat(6),
      fc.nat(3000),
      (shapes, busyCount, startingCount, nowMs) => {
        const groups = shapes.map(({ idle, waiting }, index): Group => ({
          name: `${index}`,
          idle: idle
            .toSorted(([a], [b]) => a - b)
            .map(([idleSinceMs, lastRunMs], at) => ({
              id: `${index}.${at}`,
              idleSinceMs,
              lastRunMs,
            })),
          waiting: new Set(
            waiting.map((startNotBeforeMs, at) => ({ id: `${index}.${at}`, startNotBeforeMs })),
          ),
          isHeldBack: index % 2 === 1,
        }))
        const idleCount = groups.reduce((sum, { idle }) => sum + idle.length, 0)
        const before = idleCount + busyCount
        const actions = plan<Idle, Waiter, Group>(
          {
            groups,
            waitingGroups: groups.filter(({ waiting }) => waiting.size > 0),
            environmentCount: before,
            startingCount,
          },
          limits,
          nowMs,
        )
        const idles = actions.flatMap((action) => ('idle' in action ? [action.idle] : []))
        const waiters = actions.flatMap((action) => ('waiter' in action ? [action.waiter] : []))
        assert.equal(new Set(idles).size, idles.length)
        assert.equal(new Set(waiters).size, waiters.length)
        for (const action of actions) {
          if ('idle' in action) assert.ok(action.group.idle.includes(action.idle))
          if ('waiter' in action) assert.ok(action.group.waiting.has(action.waiter))
        }
        const startCount = actions.filter(({ kind }) => kind === 'start').length
        const stopCount = actions.filter(({ kind }) => kind === 'stop').length
        if (startCount > 0) assert.ok(startingCount + startCount <= limits.maxStartingCount)
        assert.ok(before + startCount - stopCount <= Math.max(before, limits.maxEnvironmentCount))
      },
    ),
    { numRuns: 500 },
  )
})

test('planRefill() prepares for the emptiest pool that is due, and says when to look again', () => {
  const full = { readyCount: 2, targetCount: 2, notBeforeMs: 0 }
  const half = { readyCount: 1, targetCount: 2, notBeforeMs: 0 }
  const empty = { readyCount: 0, targetCount: 2, notBeforeMs: 0 }
  const paused = { readyCount: 0, targetCount: 2, notBeforeMs: 70 }
  assert.deepEqual(planRefill([full], 10), {})
  assert.deepEqual(planRefill([half, empty, paused], 10), { prepare: empty })
  assert.deepEqual(planRefill([full, paused], 10), { waitMs: 60 })
})

test('plan() leaves what is idle to those whose time has come while a group is held back', () => {
  const held = group('a', [[0]])
  held.isHeldBack = true
  held.waiting.add({ id: 'a.early', startNotBeforeMs: 20 })
  assert.equal(decide([held], { environments: 1, nowMs: 19 }), '')
  assert.equal(decide([held], { environments: 1, nowMs: 20 }), 'assign a.early a.e0')
})
