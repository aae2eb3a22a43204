/**
 * What may follow what: the states of runtime and extensions as their calls move them, and the environment's own. Everything not
 * listed here is refused (a call) or a defect of ours (a transition of the environment).
 * source: Runtime Interface Emulator, core/states.go; AWS Lambda dev guide "Using the Lambda runtime API".
 */
import { assert } from '../lib/assert.ts'
import type { EnvironmentState } from './contract.ts'

/** Names as the API's error texts show them. */
export type RuntimeState =
  | 'Started'
  | 'InitError'
  | 'Ready'
  | 'Running'
  | 'RestoreReady'
  | 'Restoring'
  | 'InvocationResponse'
  | 'InvocationErrorResponse'
  | 'RuntimeResponseSentState'
  | 'RuntimeRestoreErrorState'

/** The runtime's calls, and what the platform does: `deliver` an event, have an answer `sent`, `restore` a snapshot. */
export type RuntimeCall =
  | 'next'
  | 'response'
  | 'error'
  | 'init-error'
  | 'restore-next'
  | 'restore-error'
  | 'deliver'
  | 'sent'
  | 'restore'

type Row = Readonly<Partial<Record<RuntimeCall, RuntimeState>>>

const runtimeTable: Readonly<Record<RuntimeState, Row>> = {
  Started: { next: 'Ready', 'init-error': 'InitError', 'restore-next': 'RestoreReady' },
  InitError: {},
  Ready: { next: 'Ready', deliver: 'Running' },
  // A repeated `next` is given the same event again.
  Running: { next: 'Running', response: 'InvocationResponse', error: 'InvocationErrorResponse' },
  InvocationResponse: { sent: 'RuntimeResponseSentState' },
  InvocationErrorResponse: { sent: 'RuntimeResponseSentState' },
  RuntimeResponseSentState: { next: 'Ready' },
  RestoreReady: { 'restore-next': 'RestoreReady', restore: 'Restoring' },
  Restoring: {
    next: 'Ready',
    'init-error': 'RuntimeRestoreErrorState',
    'restore-error': 'RuntimeRestoreErrorState',
  },
  RuntimeRestoreErrorState: {},
}

/** The state that a refused call wanted to reach, as the error text names it. */
export const wantedState = {
  next: 'Ready',
  response: 'InvocationResponse',
  error: 'InvocationErrorResponse',
  'init-error': 'InitError',
  'restore-next': 'RestoreReady',
  'restore-error': 'RuntimeRestoreErrorState',
} as const satisfies Partial<Record<RuntimeCall, RuntimeState>>

/** @returns the state after `call`, or undefined when it is not allowed */
export function afterCall(state: RuntimeState, call: RuntimeCall): RuntimeState | undefined {
  return runtimeTable[state][call]
}

/** Names as the API's error texts and EXTENSION lines show them. */
export type ExtensionState =
  | 'Started'
  | 'Registered'
  | 'Ready'
  | 'Running'
  | 'InitError'
  | 'ExitError'
  | 'LaunchError'
  | 'Exited'
  | 'ShutdownFailed'

/** An extension's calls, and what the platform does or sees: `deliver` an event, the process `not-launched`, and in a shutdown
 *  `exited` by itself or `killed`. */
export type ExtensionCall =
  | 'register'
  | 'next'
  | 'init-error'
  | 'exit-error'
  | 'deliver'
  | 'not-launched'
  | 'exited'
  | 'killed'

type ExtensionRow = Readonly<Partial<Record<ExtensionCall, ExtensionState>>>

const extensionTable: Readonly<Record<ExtensionState, ExtensionRow>> = {
  Started: { register: 'Registered', 'not-launched': 'LaunchError' },
  Registered: { next: 'Ready', 'init-error': 'InitError', 'exit-error': 'ExitError' },
  Ready: { deliver: 'Running', 'exit-error': 'ExitError' },
  Running: {
    next: 'Ready',
    'exit-error': 'ExitError',
    exited: 'Exited',
    killed: 'ShutdownFailed',
  },
  // Only the first error counts, but it may be told again.
  InitError: { 'init-error': 'InitError' },
  ExitError: { 'exit-error': 'ExitError' },
  LaunchError: {},
  Exited: {},
  ShutdownFailed: {},
}

/** The state that a refused call of an extension wanted to reach, as the error text names it. */
export const wantedExtensionState = {
  register: 'Registered',
  next: 'Ready',
  'init-error': 'InitError',
  'exit-error': 'ExitError',
} as const satisfies Partial<Record<ExtensionCall, ExtensionState>>

/** @returns the state after `call`, or undefined when it is not allowed
 *  @source Runtime Interface Emulator, core/externalagent_states.go and internalagent_states.go */
export function afterExtensionCall(
  state: ExtensionState,
  call: ExtensionCall,
): ExtensionState | undefined {
  return extensionTable[state][call]
}

const environmentTable: Readonly<Record<EnvironmentState, readonly EnvironmentState[]>> = {
  starting: ['ready', 'busy', 'failed', 'draining', 'gone'],
  ready: ['busy', 'frozen', 'draining', 'gone'],
  busy: ['ready', 'resetting', 'draining', 'gone'],
  resetting: ['ready', 'draining', 'gone'],
  // Whatever it is wanted for, it thaws.
  frozen: ['ready', 'busy', 'draining', 'gone'],
  draining: ['gone'],
  failed: ['gone'],
  gone: [],
}

/** Assert that an environment may go from one state to another. */
export function assertTransition(from: EnvironmentState, to: EnvironmentState): void {
  assert(environmentTable[from].includes(to), `an environment does not go from ${from} to ${to}`)
}
