/**
 * The extensions of one generation of processes: who is expected, who registered, who still works. It answers what the barriers of
 * init and invoke ask. The endpoints beside it drive it, the guest (guest.ts) listens.
 * source: AWS Lambda dev guide "Using the Lambda Extensions API"; Runtime Interface Emulator, core/registrations.go.
 */
import { lambdaLimits } from '../../config.ts'
import { assert } from '../../lib/assert.ts'
import type { RequestHead } from '../../lib/http/head.ts'
import type { Ids } from '../../lib/ids.ts'
import type { FunctionVersion } from '../../model.ts'
import type { Connection } from '../runtime-api/connection.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import { type InvokeEvent, invokeResponse, shutdownResponse } from './events.ts'
import { Extension, type ExtensionEvent } from './extension.ts'

export type ExtensionsListener = {
  /** One registered or asked for its next event: what waits for all may go on. */
  onExtensionMoved(extension: Extension): void
  /** One said that it cannot go on; its exit comes next. */
  onExtensionError(extension: Extension, kind: 'Extension.InitError' | 'Extension.ExitError'): void
}

export type ExtensionsOptions = {
  readonly version: FunctionVersion
  readonly ids: Ids
  readonly listener: ExtensionsListener
  /** false: their API is not there */
  readonly isEnabled: boolean
  /** what they may subscribe to */
  readonly telemetry?: Telemetry
}

/** Why an internal extension cannot be made. */
export type Refused = 'closed' | 'collision' | 'too-many'

export class Extensions {
  readonly version: FunctionVersion
  readonly listener: ExtensionsListener
  readonly isEnabled: boolean
  readonly telemetry: Telemetry | undefined
  readonly #ids: Ids
  readonly #all: Extension[] = []
  #isRegistrationOpen = true

  constructor(options: ExtensionsOptions) {
    this.version = options.version
    this.listener = options.listener
    this.isEnabled = options.isEnabled
    this.telemetry = options.telemetry
    this.#ids = options.ids
  }

  /** external ones that were expected, registered or not, and internal ones */
  get count(): number {
    return this.#all.length
  }

  get all(): readonly Extension[] {
    return this.#all
  }

  get hasExternal(): boolean {
    return this.#all.some((extension) => extension.isExternal)
  }

  /** Expect the registration of an external extension, which is about to be started. */
  expect(name: string): Extension {
    assert(this.findByName(name) === undefined, 'external extensions have different names')
    const extension = new Extension(name, this.#ids.uuid(), true)
    this.#all.push(extension)
    return extension
  }

  /** Make an internal extension, which registers itself. */
  add(name: string): Extension | Refused {
    if (!this.#isRegistrationOpen) return 'closed'
    if (this.#all.length >= lambdaLimits.maxExtensionCount) return 'too-many'
    if (this.findByName(name)) return 'collision'
    const extension = new Extension(name, this.#ids.uuid(), false)
    this.#all.push(extension)
    return extension
  }

  /** The runtime is there: nobody may register any more. */
  closeRegistration(): void {
    this.#isRegistrationOpen = false
  }

  findByName(name: string): Extension | undefined {
    return this.#all.find((extension) => extension.name === name)
  }

  /** @param id  UUID, lower case */
  findById(id: string): Extension | undefined {
    return this.#all.find((extension) => extension.id === id && extension.state !== 'Started')
  }

  /** Who says it calls; for knowing whose a connection is, not for granting anything. */
  callerOf({ headers }: RequestHead): Extension | undefined {
    const id = headers['lambda-extension-identifier']
    const name = headers['lambda-extension-name']
    if (id !== undefined) return this.findById(id)
    return name === undefined ? undefined : this.findByName(name)
  }

  /** Every external extension has registered: the runtime may start. */
  get areRegistered(): boolean {
    return this.#all.every((extension) => extension.state !== 'Started')
  }

  /** Every extension waits for an event: init may end, or an invocation. Those that subscribed to nothing wait for ever. */
  get areIdle(): boolean {
    return this.#all.every((extension) => extension.isIdle)
  }

  /** Every extension that was told of an invocation is done with it. */
  get areDone(): boolean {
    return this.#all.every((extension) => !extension.isSubscribed('INVOKE') || extension.isIdle)
  }

  /** Tell those that subscribed of an invocation. */
  tellInvoke(event: InvokeEvent): void {
    this.#tell('INVOKE', (eventId) => invokeResponse(event, eventId))
  }

  /** Tell those that subscribed of the end.
   *  @param deadlineMs  epoch ms
   *  @returns whom it told */
  tellShutdown(reason: string, deadlineMs: number): readonly Extension[] {
    return this.#tell('SHUTDOWN', (eventId) => shutdownResponse(reason, deadlineMs, eventId))
  }

  /** A connection is closed: it waits no longer. */
  forget(connection: Connection): void {
    for (const extension of this.#all) extension.forget(connection)
  }

  #tell(event: ExtensionEvent, toResponse: (eventId: string) => string): readonly Extension[] {
    const told = this.#all.filter((extension) => extension.isSubscribed(event))
    for (const extension of told) extension.offer(toResponse(this.#ids.uuid()))
    return told
  }
}
