import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { AwsError } from '../../../src/lib/errors/aws-error.ts'
import { Resolver } from '../../../src/services/lambda/resolve.ts'
import { newFunction, nodeZip, openHarness, place, type Call } from './harness.ts'

const qualifiers = [undefined, '$LATEST', '1', '2', '3', 'prod']

const FunctionName = 'hello'
const Name = 'prod'

/** What may happen to a function; much of it is refused in the state it is in, which changes nothing. */
const changes: Record<string, (call: Call, n: number) => Promise<unknown>> = {
  create: (call, n) => call('CreateFunction', newFunction(FunctionName, `code ${n % 3}`)),
  update: (call, n) => call('UpdateFunctionCode', { FunctionName, ZipFile: nodeZip(`${n % 3}`) }),
  configure: (call, n) => call('UpdateFunctionConfiguration', { FunctionName, Timeout: 1 + n }),
  publish: (call) => call('PublishVersion', { FunctionName }),
  tag: (call) =>
    call('TagResource', {
      Resource: `arn:aws:lambda:eu-west-1:123456789012:function:hello`,
      Tags: { a: '1' },
    }),
  alias: (call, n) =>
    call('CreateAlias', { FunctionName, Name, FunctionVersion: `${1 + (n % 3)}` }),
  repoint: (call, n) =>
    call('UpdateAlias', { FunctionName, Name, FunctionVersion: `${1 + (n % 3)}` }),
  unalias: (call) => call('DeleteAlias', { FunctionName, Name }),
  reserve: (call, n) =>
    call('PutFunctionConcurrency', { FunctionName, ReservedConcurrentExecutions: n }),
  release: (call) => call('DeleteFunctionConcurrency', { FunctionName }),
  deleteVersion: (call, n) => call('DeleteFunction', { FunctionName, Qualifier: `${1 + (n % 3)}` }),
  delete: (call) => call('DeleteFunction', { FunctionName }),
}

/** Three versions and an alias. */
async function makeRich(call: Call): Promise<void> {
  await call('CreateFunction', { ...newFunction(FunctionName), Publish: true })
  for (const Timeout of [10, 11]) {
    await call('UpdateFunctionConfiguration', { FunctionName, Timeout })
    await call('PublishVersion', { FunctionName })
  }
  await call('CreateAlias', { FunctionName, Name, FunctionVersion: '1' })
}

async function answers(resolver: Pick<Resolver, 'resolve' | 'unreservedConcurrency'>) {
  const all: unknown[] = [resolver.unreservedConcurrency(place)]
  for (const qualifier of qualifiers) {
    try {
      const { version, ...target } = resolver.resolve(place, FunctionName, qualifier)
      all.push({ ...target, version: await version })
    } catch (error) {
      assert.ok(error instanceof AwsError)
      all.push(`${error.code} ${error.message}`)
    }
  }
  return all
}

test('resolve() from memory answers as a lookup that remembers nothing', async () => {
  // What takes everything away is rare, so that there is something to remember wrongly.
  const often = Object.keys(changes).filter((name) => name !== 'delete')
  const name = fc.oneof(
    { weight: 30, arbitrary: fc.constantFrom(...often) },
    { weight: 1, arbitrary: fc.constant('delete') },
  )
  const step = fc.tuple(name, fc.nat({ max: 20 }))
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
      await using harness = await openHarness()
      const { call, lambda, store, packages } = harness
      await makeRich(call)
      for (const [name, n] of steps) {
        await changes[name]?.(call, n).catch((error: unknown) => {
          assert.ok(error instanceof AwsError, String(error))
        })
        const ids = { uuid: () => '', hex: () => '', fraction: () => 0 }
        using fresh = new Resolver({ documents: store.documents, packages, ids })
        assert.deepEqual(await answers(lambda.targets), await answers(fresh), `after ${name} ${n}`)
      }
    }),
    { numRuns: 20 },
  )
})

test('resolve() knows the level of the log lines that a function is to write', async () => {
  await using harness = await openHarness()
  const { call, lambda } = harness
  const levelOf = async () => {
    const { version } = lambda.targets.resolve(place, FunctionName, undefined)
    return (await version).applicationLogLevel
  }
  await call('CreateFunction', newFunction(FunctionName))
  assert.equal(await levelOf(), undefined)
  const LoggingConfig = { LogFormat: 'JSON', ApplicationLogLevel: 'WARN' } as const
  await call('UpdateFunctionConfiguration', { FunctionName, LoggingConfig })
  assert.equal(await levelOf(), 'WARN')
})
