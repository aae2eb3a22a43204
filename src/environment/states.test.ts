import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type RuntimeCall, type RuntimeState, afterCall, assertTransition } from './states.ts'

const calls = ['next', 'response', 'error', 'init-error', 'restore-next', 'restore-error'] as const

/** Rows as in the daemon: the state after each call, `-` where it is refused. */
const table: Record<RuntimeState, string> = {
  Started: 'Ready - - InitError RestoreReady -',
  InitError: '- - - - - -',
  Ready: 'Ready - - - - -',
  Running: 'Running InvocationResponse InvocationErrorResponse - - -',
  InvocationResponse: '- - - - - -',
  InvocationErrorResponse: '- - - - - -',
  RuntimeResponseSentState: 'Ready - - - - -',
  RestoreReady: '- - - - RestoreReady -',
  Restoring: 'Ready - - RuntimeRestoreErrorState - RuntimeRestoreErrorState',
  RuntimeRestoreErrorState: '- - - - - -',
}

test('afterCall() allows what the table of the Runtime API allows, nothing else', () => {
  for (const [state, row] of Object.entries(table)) {
    const after = calls.map((call) => afterCall(state as RuntimeState, call) ?? '-')
    assert.equal(after.join(' '), row, state)
  }
})

test('afterCall() lets the platform deliver, finish and restore in one state each', () => {
  const only: Partial<Record<RuntimeCall, readonly string[]>> = {
    deliver: ['Ready'],
    sent: ['InvocationResponse', 'InvocationErrorResponse'],
    restore: ['RestoreReady'],
  }
  for (const [call, states] of Object.entries(only)) {
    const allowed = Object.keys(table).filter(
      (state) => afterCall(state as RuntimeState, call as RuntimeCall) !== undefined,
    )
    assert.deepEqual(allowed, states)
  }
})

test('assertTransition() knows the life of an environment', () => {
  for (const [from, to] of [
    ['starting', 'ready'],
    ['ready', 'busy'],
    ['busy', 'resetting'],
    ['resetting', 'ready'],
    ['busy', 'draining'],
    ['draining', 'gone'],
    ['failed', 'gone'],
  ] as const) {
    assertTransition(from, to)
  }
  for (const [from, to] of [
    ['busy', 'busy'],
    ['gone', 'busy'],
    ['failed', 'busy'],
    ['draining', 'ready'],
    ['ready', 'resetting'],
  ] as const) {
    assert.throws(() => assertTransition(from, to), /does not go from/)
  }
})
