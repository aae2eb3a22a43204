/** Plays one random sequence in a scripted world and checks each step against the written model. */
import assert from 'node:assert/strict'
import { setImmediate } from 'node:timers/promises'
import type { ExecutionEnvironment } from '../../src/environment/contract.ts'
import { createEnvironment } from '../../src/environment/environment.ts'
import { createVirtualClock } from '../support/virtual-clock.ts'
import { makeLayers } from './extension-support.ts'
import { extensionRequest, runtimeRequest } from './scripted-calls.ts'
import {
  type Call,
  type ScriptedProgram,
  World,
  countedIds,
  runtimePath,
  scriptedRuntime,
} from './scripted-world.ts'
import { makeVersion } from './support.ts'
import {
  type Expected,
  type ExtensionCallName,
  GenerationModel,
  type RuntimeCallName,
} from './written-model.ts'

export type Command =
  | { readonly do: 'proceed'; readonly pick: number }
  | { readonly do: 'runtime'; readonly call: RuntimeCallName }
  | { readonly do: 'extension'; readonly name: string; readonly call: ExtensionCallName }
  | { readonly do: 'exit'; readonly pick: number; readonly code: number }
  | { readonly do: 'invoke' }
  | { readonly do: 'freeze' }
  | { readonly do: 'advance'; readonly ms: number }
  | { readonly do: 'stop'; readonly drain: boolean }

const timeoutMs = 3000
const initTimeoutMs = 10_000
/** which external extension hears of invocations */
const hearing: Readonly<Record<string, boolean>> = { a: true, b: false }

/** Folders that all sequences share, what was seen in them, and what was complained of. */
export class Play implements Disposable {
  readonly complaints: string[] = []
  readonly seen = {
    frozen: 0,
    settled: 0,
    failed: 0,
    timedOut: 0,
    reset: 0,
    shutdownTold: 0,
    gaveUp: 0,
  }
  readonly #layers = new Map(
    [['a'], ['a', 'b']].map((names) => [
      names.join(),
      makeLayers(Object.fromEntries(names.map((name) => [`extensions/${name}`, '']))),
    ]),
  )
  readonly #write = process.stderr.write.bind(process.stderr)

  constructor() {
    // Background tasks that fail say so there.
    process.stderr.write = (text: string | Uint8Array) => {
      this.complaints.push(String(text))
      return true
    }
  }

  async act(externals: readonly string[], commands: readonly Command[]): Promise<void> {
    const layersPath = this.#layers.get(externals.join())?.path
    const scene = new Scene(externals, layersPath, this.seen)
    await scene.begin()
    for (const command of commands) await scene.step(command)
    await scene.end()
    assert.deepEqual(this.complaints, [])
  }

  [Symbol.dispose](): void {
    process.stderr.write = this.#write
    for (const layers of this.#layers.values()) layers[Symbol.dispose]()
  }
}

/** One invocation as its caller sees it. */
class Invoked {
  readonly requestId: string
  readonly atMs: number
  replyCount = 0
  startCount = 0
  kind: string | undefined

  constructor(requestId: string, atMs: number) {
    this.requestId = requestId
    this.atMs = atMs
  }
}

class Scene {
  readonly #world = new World()
  readonly #clock = createVirtualClock()
  readonly #environment: ExecutionEnvironment
  readonly #externals: ReadonlyMap<string, boolean>
  readonly #seen: Play['seen']
  readonly #invoked: Invoked[] = []
  #model: GenerationModel | undefined
  #current: Invoked | undefined
  #parked = new Map<string, Call>()
  #ids = new Map<string, string>()
  #told = new Set<string>()
  #isStopping = false

  constructor(externals: readonly string[], layersPath: string | undefined, seen: Play['seen']) {
    this.#externals = new Map(externals.map((name) => [name, hearing[name] === true]))
    this.#seen = seen
    const { driver, api } = this.#world
    const version = makeVersion({ timeoutMs, ...(layersPath !== undefined && { layersPath }) })
    this.#environment = createEnvironment({
      version,
      runtime: scriptedRuntime,
      driver,
      api,
      clock: this.#clock,
      ids: countedIds(),
      lines: () => {},
    })
  }

  async begin(): Promise<void> {
    await this.#flush()
  }

  async step(command: Command): Promise<void> {
    this.#do(command)
    if (this.#isFrozen) this.#seen.frozen += 1
    await this.#flush()
    this.#check()
  }

  /** Time passes until nothing happens any more; then nothing may be left. */
  async end(): Promise<void> {
    this.#isStopping = true
    for (let turn = 0; turn < 3; turn += 1) await this.#pass(timeoutMs + 100)
    const stopped = this.#environment.stop('spindown')
    for (let turn = 0; turn < 4; turn += 1) await this.#pass(timeoutMs + 100)
    await stopped
    assert.equal(this.#environment.state, 'gone')
    for (const { replyCount, startCount, kind } of this.#invoked) {
      assert.deepEqual([replyCount, startCount, kind !== undefined], [1, 1, true])
    }
    const { sandboxes, discarded } = this.#world
    assert.ok(sandboxes.every((sandbox) => sandbox.isDisposed))
    assert.equal(
      new Set(sandboxes.map((sandbox) => sandbox.temporaryDirectory)).size,
      discarded.length,
    )
    assert.ok(this.#world.isApiClosed)
    assert.equal(this.#clock.timerCount, 0)
  }

  async #pass(ms: number): Promise<void> {
    this.#clock.advance(ms)
    await this.#flush()
  }

  #do(command: Command): void {
    switch (command.do) {
      case 'proceed':
        return this.#proceed(command.pick)
      case 'runtime':
        return this.#callRuntime(command.call)
      case 'extension':
        return this.#callExtension(command.name, command.call)
      case 'exit': {
        const alive = this.#alive()
        return this.#exit(alive[command.pick % Math.max(1, alive.length)], command.code)
      }
      case 'invoke':
        return this.#invoke()
      case 'freeze':
        return this.#environment.freeze()
      case 'advance':
        return this.#advance(command.ms)
      case 'stop':
        this.#isStopping = true
        void this.#environment.stop('spindown', { drain: command.drain })
    }
  }

  /** Somebody does what is expected of it. */
  #proceed(pick: number): void {
    const acts = this.#farewells()
    for (const [name, { mode }] of this.#model?.extensions ?? []) {
      if (mode === 'new') acts.push(() => this.#callExtension(name, 'register'))
      if (mode === 'registered' || mode === 'working') {
        acts.push(() => this.#callExtension(name, 'next'))
      }
    }
    const mode = this.#model?.runtime
    if (mode === 'started' || mode === 'answered') acts.push(() => this.#callRuntime('next'))
    if (mode === 'working') {
      acts.push(() => this.#callRuntime(pick % 2 === 0 ? 'response' : 'error'))
    }
    if (acts.length === 0) this.#invoke()
    else acts[pick % acts.length]?.()
  }

  /** Those that were told to end do so. */
  #farewells(): (() => void)[] {
    const isTold = (program: ScriptedProgram) =>
      !this.#isFrozen && (program.signals.includes('SIGTERM') || this.#told.has(nameOf(program)))
    return this.#alive()
      .filter(isTold)
      .map((program) => () => this.#exit(program, 0))
  }

  #invoke(): void {
    const { state } = this.#environment
    const isFree = state === 'ready' || state === 'starting' || state === 'frozen'
    if (!isFree || this.#current || this.#isStopping) return
    const invoked = new Invoked(`request-${this.#invoked.length}`, this.#clock.nowMs())
    this.#invoked.push(invoked)
    this.#current = invoked
    if (this.#model) this.#model.isHanded = false
    const invocation = {
      requestId: invoked.requestId,
      version: this.#environment.version,
      invokedArn: 'arn',
      payload: [],
      traceId: '',
    }
    const outcome = this.#environment.invoke(invocation, {
      onStart: () => void (invoked.startCount += 1),
      onReply: () => void (invoked.replyCount += 1),
      onLine: () => {},
    })
    void outcome.then(({ reply }) => (invoked.kind = reply.kind))
  }

  #callRuntime(call: RuntimeCallName): void {
    const model = this.#model
    if (!model || !this.#isAwake(runtimePath)) return
    const expected = model.callRuntime(call)
    const request = runtimeRequest(call, this.#current?.requestId ?? 'none')
    const answer = this.#world.call(request)
    this.#compare(`runtime ${call}`, answer, expected)
    if (expected === 'parks') this.#parked.set(runtimePath, answer)
  }

  #callExtension(name: string, call: ExtensionCallName): void {
    const model = this.#model
    const isInside = name === 'inside'
    if (!model || !this.#isAwake(isInside ? runtimePath : name)) return
    const id = this.#ids.get(name)
    if (call !== 'register' && id === undefined) return
    const expected = model.callExtension(name, call)
    const events = ['INVOKE', 'SHUTDOWN'].filter((event) =>
      event === 'INVOKE' ? isInside || hearing[name] === true : !isInside,
    )
    const answer = this.#world.call(extensionRequest(call, { name, id, events }))
    this.#compare(`${name} ${call}`, answer, expected)
    if (expected === 'parks') this.#parked.set(name, answer)
    const given = /Lambda-Extension-Identifier: (\S+)/.exec(answer.text)?.[1]
    if (given !== undefined) this.#ids.set(name, given)
  }

  #compare(what: string, call: Call, expected: Expected): void {
    // Whoever is being shut down may be answered, or not any more.
    if (this.#isUncertain) return
    if (expected === 'parks') assert.ok(call.status === 0 || call.status === 200, what)
    else assert.equal(call.status, expected, `${what}: ${call.text}`)
  }

  #exit(program: ScriptedProgram | undefined, exitCode: number): void {
    if (!program) return
    const model = this.#model
    const isServing = model && (model.isInitialised || !model.isFirst)
    const mustReply = !this.#isUncertain && isServing === true ? this.#current : undefined
    if (model) model.isDoomed = model.isBroken = true
    program.exit({ exitCode, isOutOfMemory: false })
    this.#seen.failed += 1
    if (mustReply) this.#mustReply = mustReply
  }

  #mustReply: Invoked | undefined

  #advance(ms: number): void {
    this.#clock.advance(ms)
    const model = this.#model
    if (!model) return
    const sinceMs = this.#current?.atMs ?? Number.POSITIVE_INFINITY
    const isLate = this.#clock.nowMs() >= sinceMs + timeoutMs
    const isInitLate = !model.isInitialised && this.#clock.nowMs() >= 1_000_000 + initTimeoutMs
    if (isLate || isInitLate) model.isDoomed = true
  }

  /** Events that parked calls were given; a new generation; the end of the invocation. */
  async #flush(): Promise<void> {
    await setImmediate()
    const count = this.#world.generations.length
    if (count > this.#generationCount) this.#renew(count)
    for (const [name, call] of this.#parked) {
      if (call.status === 0) continue
      this.#parked.delete(name)
      const isShutdown = call.text.includes('"SHUTDOWN"')
      assert.ok(isShutdown || this.#model?.isBroken === false, 'events are given to the living')
      if (name === runtimePath) this.#model?.handed()
      else this.#delivered(name, isShutdown)
    }
    if (this.#current?.kind !== undefined) this.#settled(this.#current.kind)
  }

  #settled(kind: string): void {
    this.#seen.settled += 1
    if (kind === 'timeout') this.#seen.timedOut += 1
    if (!this.#isUncertain) {
      assert.ok(this.#model?.isDone, 'an invocation is settled when all are done with it')
      assert.ok(kind === 'ok' || kind === 'function-error', kind)
    }
    this.#current = undefined
  }

  #generationCount = 0

  #renew(count: number): void {
    if (count > 1) this.#seen.reset += 1
    const earlier = this.#world.sandboxes.slice(0, count - 1)
    assert.ok(
      earlier.every((sandbox) => sandbox.isDisposed),
      'one generation at a time',
    )
    this.#generationCount = count
    this.#model = new GenerationModel(count === 1, this.#externals)
    this.#parked.clear()
    this.#ids.clear()
    this.#told.clear()
  }

  #delivered(name: string, isShutdown: boolean): void {
    const extension = this.#model?.extensions.get(name)
    if (extension?.mode === 'waiting') extension.mode = 'working'
    if (!isShutdown) return
    this.#told.add(name)
    this.#seen.shutdownTold += 1
  }

  get #isUncertain(): boolean {
    return this.#isStopping || this.#model === undefined || this.#model.isDoomed
  }

  #check(): void {
    const { state } = this.#environment
    if (state === 'failed' || state === 'gone') {
      if (!this.#isStopping) this.#seen.gaveUp += 1
      const { sandboxes } = this.#world
      if (state === 'gone') assert.ok(sandboxes.every((sandbox) => sandbox.isDisposed))
      this.#isStopping = true
      return
    }
    if (this.#mustReply) assert.equal(this.#mustReply.replyCount, 1)
    this.#mustReply = undefined
    const model = this.#model
    if (!model || this.#isUncertain) return
    assert.equal(this.#isAlive(runtimePath), model.runtime !== 'absent')
    const current = this.#current
    if (!current) {
      const idle = this.#isFrozen ? 'frozen' : 'ready'
      assert.equal(state, model.isInitialised || !model.isFirst ? idle : 'starting')
      assert.equal(model.runtime === 'working', false)
      return
    }
    assert.equal(state, 'busy')
    assert.ok(!this.#isFrozen)
    assert.equal(model.isHanded, model.isInitialised)
    assert.ok(!model.isDone, 'an invocation that is done is settled')
    const isAnswered = model.isHanded && model.runtime !== 'working'
    assert.equal(current.replyCount, isAnswered ? 1 : 0)
  }

  get #isFrozen(): boolean {
    return this.#world.sandboxes.at(-1)?.isFrozen === true
  }

  #alive(): readonly ScriptedProgram[] {
    return this.#world.sandboxes.at(-1)?.programs.filter((program) => program.isAlive) ?? []
  }

  /** Can it do anything? */
  #isAwake(name: string): boolean {
    return !this.#isFrozen && this.#isAlive(name)
  }

  #isAlive(name: string): boolean {
    return this.#alive().some((program) => program.path === name || nameOf(program) === name)
  }
}

function nameOf({ path }: ScriptedProgram): string {
  return path.slice(path.lastIndexOf('/') + 1)
}
