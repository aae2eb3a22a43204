/** The control plane over a real store in a temporary folder, driven by its handlers, as one caller would. */
import type { RequestContext } from '../../../src/gateway/service.ts'
import type { Clock } from '../../../src/lib/clock.ts'
import { systemIds } from '../../../src/lib/ids.ts'
import { createPackages } from '../../../src/packages/package-store.ts'
import type { Packages } from '../../../src/packages/packages.ts'
import type { Catalogue, Runtime } from '../../../src/runtimes/runtime.ts'
import {
  createLambdaService,
  type LambdaService,
} from '../../../src/services/lambda/lambda-service.ts'
import type { LambdaHandlers } from '../../../src/services/lambda/dependencies.ts'
import { openEphemeralStore, type OpenStore } from '../../../src/store/open.ts'
import { setUp, type Shell } from '../../fleet/shells.ts'
import { buildZip } from '../../support/raw-zip.ts'

export const place = { accountId: '123456789012', region: 'eu-west-1' }
export const role = 'arn:aws:iam::123456789012:role/lambda'
export const startMs = Date.parse('2026-11-20T12:00:00.000Z')

/** Handlers bound to a context: `call('CreateFunction', input)`. */
export type Call = <Name extends keyof LambdaHandlers>(
  name: Name,
  input: Parameters<NonNullable<LambdaHandlers[Name]>>[0],
) => Promise<Awaited<ReturnType<NonNullable<LambdaHandlers[Name]>>>>

export type Harness = AsyncDisposable & {
  readonly store: OpenStore
  readonly packages: Packages
  readonly lambda: LambdaService
  /** environments that were provisioned */
  readonly made: readonly Shell[]
  readonly call: Call
  readonly clock: { nowMs: number }
}

const served = new Set(['nodejs24.x', 'nodejs22.x', 'python3.13', 'provided.al2023'])
const known = [...served, 'nodejs6.10', 'java21']

/** A catalogue of four runtimes that are there and two that are not. */
export const catalogue: Catalogue = {
  isKnown: (name) => known.includes(name),
  find: (name) => (served.has(name) ? runtime(name) : { name, remedy: 'Install it' }),
  list: () => known.map((name) => catalogue.find(name)),
}

function runtime(name: string): Runtime {
  return {
    name,
    family: 'nodejs',
    servedBy: name,
    argv: ['/bin/true'],
    runtimeVersion: 'test:1',
    runtimeVersionArn: (region) => `arn:aws:lambda:${region}::runtime:${'0'.repeat(64)}`,
    environment: () => ({}),
    startupVariables: [],
  }
}

/** Open the control plane; everything is gone when it is disposed. */
export async function openHarness(options: { fraction?: () => number } = {}): Promise<Harness> {
  const time = { nowMs: startMs }
  const clock: Clock = {
    nowMs: () => time.nowMs,
    monotonicMs: () => time.nowMs,
    after: () => ({ clear: () => {} }),
  }
  const ids = { ...systemIds, ...options }
  const store = openEphemeralStore({ clock, ids })
  const packages = createPackages(store)
  const presign = (path: string): string => `${path}?signed`
  const fleet = setUp({ maxStartingCount: 1000 })
  const provisioning = fleet.fleet
  const lambda = createLambdaService({
    store,
    packages,
    catalogue,
    clock,
    ids,
    presign,
    provisioning,
  })
  return {
    store,
    packages,
    lambda,
    made: fleet.made,
    clock: time,
    call: bind(lambda),
    async [Symbol.asyncDispose]() {
      lambda[Symbol.dispose]()
      await store.close()
    },
  }
}

/** A request's context, as the gateway makes it. */
export function context(from: Partial<RequestContext> = {}): RequestContext {
  return {
    ...place,
    requestId: '00000000-0000-4000-8000-000000000000',
    caller: undefined,
    endpoint: 'http://127.0.0.1:4566',
    headers: {},
    signal: new AbortController().signal,
    ...from,
  }
}

function bind(lambda: LambdaService): Call {
  const call = async (name: keyof LambdaHandlers, input: unknown): Promise<unknown> => {
    const handler = lambda.service.handlers[name]
    if (handler === undefined) throw new Error(`No handler of ${name}`)
    return (handler as (input: unknown, from: RequestContext) => unknown)(input, context())
  }
  return call as Call
}

/** A small Node package; different text, different package. */
export function nodeZip(text = 'exports.handler = async () => 1'): Buffer {
  return buildZip([{ name: 'index.js', content: text, isDeflated: true }])
}

/** What CreateFunction needs at least. */
export function newFunction(FunctionName: string, text?: string) {
  return {
    FunctionName,
    Runtime: 'nodejs24.x' as const,
    Handler: 'index.handler',
    Role: role,
    Code: { ZipFile: nodeZip(text) },
  }
}
