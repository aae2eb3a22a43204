/**
 * What one generation of processes may do and what it is answered, written down a second time and in another way: the model that
 * random sequences are held against (lifecycle-model.test.ts). It knows nothing of the environment's code.
 */

export type RuntimeMode = 'absent' | 'started' | 'waiting' | 'working' | 'answered' | 'broken'
export type ExtensionMode =
  | 'new'
  | 'registered'
  | 'waiting'
  | 'working'
  | 'init-error'
  | 'exit-error'

export type RuntimeCallName = 'next' | 'response' | 'error' | 'init-error'
export type ExtensionCallName = 'register' | 'next' | 'init-error' | 'exit-error'

/** `parks`: it waits, or is given an event at once. */
export type Expected = 'parks' | 200 | 202 | 400 | 403

export class ExtensionModel {
  readonly isExternal: boolean
  readonly hearsInvoke: boolean
  mode: ExtensionMode

  constructor(isExternal: boolean, hearsInvoke: boolean) {
    this.isExternal = isExternal
    this.hearsInvoke = hearsInvoke
    this.mode = isExternal ? 'new' : 'registered'
  }

  /** What a call is answered; moves on if it is allowed. */
  call(name: ExtensionCallName): Expected {
    const { mode } = this
    switch (name) {
      case 'register':
        if (mode !== 'new') return 403
        this.mode = 'registered'
        return 200
      case 'next':
        if (mode !== 'registered' && mode !== 'working') return 403
        this.mode = 'waiting'
        return 'parks'
      case 'init-error':
        if (mode !== 'registered' && mode !== 'init-error') return 403
        this.mode = 'init-error'
        return 202
      case 'exit-error':
        if (mode === 'new' || mode === 'init-error') return 403
        this.mode = 'exit-error'
        return 202
    }
  }
}

export class GenerationModel {
  /** the first of an environment; later ones are started within an invocation */
  readonly isFirst: boolean
  readonly extensions = new Map<string, ExtensionModel>()
  runtime: RuntimeMode = 'absent'
  /** the runtime has asked for its first event */
  isRegistrationClosed = false
  /** everybody has */
  isInitialised = false
  /** something of it ended, or told that it will: what becomes of it is a matter of time */
  isDoomed = false
  /** one of its processes ended: nothing is given to it any more but the news of its end */
  isBroken = false
  /** the current event was handed to the runtime */
  isHanded = false

  constructor(isFirst: boolean, externals: ReadonlyMap<string, boolean>) {
    this.isFirst = isFirst
    for (const [name, hearsInvoke] of externals) {
      this.extensions.set(name, new ExtensionModel(true, hearsInvoke))
    }
    this.#settle()
  }

  callRuntime(name: RuntimeCallName): Expected {
    const mode = this.runtime
    switch (name) {
      case 'next':
        if (mode === 'broken') return 403
        if (mode === 'working') return 200
        this.isRegistrationClosed = true
        this.runtime = 'waiting'
        this.#settle()
        return 'parks'
      case 'response':
      case 'error':
        if (mode === 'answered') return 403
        if (mode !== 'working') return 400
        this.runtime = 'answered'
        return 202
      case 'init-error':
        if (mode !== 'started') return 403
        this.runtime = 'broken'
        this.isDoomed = true
        return 202
    }
  }

  callExtension(name: string, call: ExtensionCallName): Expected {
    const known = this.extensions.get(name)
    if (!known) {
      if (call !== 'register' || this.isRegistrationClosed) return 403
      this.extensions.set(name, new ExtensionModel(false, true))
      return 200
    }
    // Another internal extension of that name, or it again.
    if (call === 'register' && !known.isExternal) return 403
    const expected = known.call(call)
    if (expected === 202) this.isDoomed = true
    this.#settle()
    return expected
  }

  /** An event reached the runtime. */
  handed(): void {
    this.runtime = 'working'
    this.isHanded = true
  }

  /** The invocation is over as far as the processes are concerned. */
  get isDone(): boolean {
    return (
      this.isHanded &&
      this.runtime === 'waiting' &&
      [...this.extensions.values()].every((each) => !each.hearsInvoke || each.mode === 'waiting')
    )
  }

  #settle(): void {
    const all = [...this.extensions.values()]
    if (this.runtime === 'absent' && all.every((each) => each.mode !== 'new')) {
      this.runtime = 'started'
    }
    if (this.isRegistrationClosed && all.every((each) => each.mode === 'waiting')) {
      this.isInitialised = true
    }
  }
}
