/** Several invocations in one environment, through the whole server: asked for by tag or by capacity provider, served by Lair's own
 *  bootstraps. */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import {
  CreateFunctionCommand,
  type CreateFunctionRequest,
  DeleteFunctionCommand,
  GetFunctionConfigurationCommand,
  TagResourceCommand,
  UntagResourceCommand,
} from '@aws-sdk/client-lambda'
import { FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs'
import { openServer, owner } from '../../support/in-process.ts'
import * as functions from '../../support/functions.ts'
import { buildZip } from '../../support/raw-zip.ts'
import { until } from '../../support/until.ts'
import { role } from './harness.ts'

const { client, logs, close } = await openServer({ isWarmPoolOn: true }, owner)
after(close)

const node = `
let running = 0, peak = 0, count = 0
exports.handler = async (event, context) => {
  count += 1
  peak = Math.max(peak, ++running)
  console.log('begin', event.n)
  await new Promise((resolve) => setTimeout(resolve, event.ms ?? 0))
  console.log('end', event.n)
  running -= 1
  if (event.fail) throw new Error('as asked')
  const store = globalThis.awslambda.InvokeStore
  return {
    pid: process.pid, peak, count, n: event.n, id: context.awsRequestId,
    stored: store.getRequestId(), trace: process.env._X_AMZN_TRACE_ID ?? null,
    max: process.env.AWS_LAMBDA_MAX_CONCURRENCY,
  }
}
`
const python = `
import os, time
def handler(event, context):
    time.sleep(event.get("ms", 0) / 1000)
    if event.get("exit"):
        os._exit(3)
    return {"pid": os.getpid(), "parent": os.getppid(), "n": event.get("n")}
`

async function create(name: string, more: Partial<CreateFunctionRequest>): Promise<void> {
  const isPython = more.Runtime === 'python3.11'
  const file = isPython
    ? { name: 'index.py', content: python }
    : { name: 'index.js', content: node }
  await client.send(
    new CreateFunctionCommand({
      FunctionName: name,
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Role: role,
      MemorySize: 512,
      Timeout: 10,
      Code: { ZipFile: buildZip([{ ...file, isDeflated: true }]) },
      ...more,
    }),
  )
}

const invoke = (name: string, event: unknown) => functions.invoke(client, name, event)

type NodeBody = {
  pid: number
  peak: number
  n: number
  id: string
  stored: string
  trace: string | null
  max: string
}

describe('several invocations in one environment', () => {
  test('Node.js runs them on one event loop, each with its own id in context, store and log', async () => {
    await create('loops', { Tags: { 'lair.concurrency': '8' } })
    const runs = await Promise.all(
      Array.from({ length: 8 }, (_, n) => invoke('loops', { n, ms: 300 })),
    )
    const bodies = runs.map(({ body }) => body as NodeBody)
    assert.equal(new Set(bodies.map(({ pid }) => pid)).size, 1)
    assert.equal(Math.max(...bodies.map(({ peak }) => peak)), 8)
    for (const [n, { log }] of runs.entries()) {
      const body = bodies[n] ?? assert.fail()
      assert.deepEqual([body.n, body.stored, body.trace, body.max], [n, body.id, null, '8'])
      const lines = log
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { message?: string; requestId?: string; type?: string })
      const own = lines.filter(({ message }) => message !== undefined)
      assert.deepEqual(
        own.map(({ message, requestId }) => [message, requestId]),
        [
          [`begin ${n}`, body.id],
          [`end ${n}`, body.id],
        ],
      )
    }
  })

  test('a ninth waits in no queue: another environment serves it', async () => {
    await create('ninth', { Tags: { 'lair.concurrency': '2' } })
    const runs = await Promise.all(
      Array.from({ length: 5 }, (_, n) => invoke('ninth', { n, ms: 400 })),
    )
    const pids = runs.map(({ body }) => (body as NodeBody).pid)
    assert.equal(new Set(pids).size, 3)
  })

  test('an error is one invocation’s own; reports tell the duration alone', async () => {
    await create('errors', { Tags: { 'lair.concurrency': '4' } })
    const [failed, fine] = await Promise.all([
      invoke('errors', { n: 1, ms: 50, fail: true }),
      invoke('errors', { n: 2, ms: 100 }),
    ])
    assert.equal(failed.functionError, 'Unhandled')
    assert.equal((failed.body as { errorMessage: string }).errorMessage, 'as asked')
    assert.equal(fine.functionError, undefined)
    let report: { record: { metrics: object } } | undefined
    await until(async () => {
      const { events = [] } = await logs.send(
        new FilterLogEventsCommand({ logGroupName: '/aws/lambda/errors' }),
      )
      const lines = events.map(({ message = '' }) => JSON.parse(message))
      report = lines.find(({ type }) => type === 'platform.report')
      return report !== undefined
    })
    assert.deepEqual(Object.keys(report?.record.metrics ?? {}), ['durationMs'])
  })

  test('Python runs them in processes; when one of them ends all are replaced', async () => {
    await create('forks', { Runtime: 'python3.11', Tags: { 'lair.concurrency': '3' } })
    const runs = await Promise.all(
      Array.from({ length: 3 }, (_, n) => invoke('forks', { n, ms: 400 })),
    )
    const bodies = runs.map(({ body }) => body as { pid: number; parent: number; n: number })
    assert.equal(new Set(bodies.map(({ pid }) => pid)).size, 3)
    assert.equal(new Set(bodies.map(({ parent }) => parent)).size, 1)
    const crashed = await invoke('forks', { exit: true })
    assert.match(JSON.stringify(crashed.body), /Runtime.ExitError.*exit status 3/)
    const next = (await invoke('forks', { n: 9 })).body as { parent: number }
    assert.notEqual(next.parent, bodies[0]?.parent)
  })

  test('a capacity provider asks for it too, and is shown', async () => {
    const config = {
      LambdaManagedInstancesCapacityProviderConfig: {
        CapacityProviderArn: 'arn:aws:lambda:eu-west-1:123456789012:capacity-provider:mine',
        PerExecutionEnvironmentMaxConcurrency: 5,
        ExecutionEnvironmentMemoryGiBPerVCpu: 2,
      },
    }
    await create('provided-for', { CapacityProviderConfig: config })
    const shown = await client.send(
      new GetFunctionConfigurationCommand({ FunctionName: 'provided-for' }),
    )
    assert.deepEqual(shown.CapacityProviderConfig, config)
    assert.deepEqual([shown.LoggingConfig?.LogFormat, shown.SnapStart], ['JSON', undefined])
    const { body } = await invoke('provided-for', { n: 1 })
    assert.equal((body as NodeBody).max, '5')
  })

  test('the tag can be set and taken away; what it cannot be is told', async () => {
    await create('tagged', {})
    const Resource = 'arn:aws:lambda:eu-west-1:123456789012:function:tagged'
    const tag = (value: string) =>
      client.send(new TagResourceCommand({ Resource, Tags: { 'lair.concurrency': value } }))
    for (const value of ['0', '1601', 'many']) {
      await assert.rejects(tag(value), {
        name: 'InvalidParameterValueException',
        message: /how many invocations one environment serves at once, 1 to 1600/,
      })
    }
    const before = (await invoke('tagged', { n: 0 })).body as NodeBody
    assert.equal(before.max, undefined)
    await tag('2')
    assert.equal(((await invoke('tagged', { n: 0 })).body as NodeBody).max, '2')
    await client.send(new UntagResourceCommand({ Resource, TagKeys: ['lair.concurrency'] }))
    assert.equal(((await invoke('tagged', { n: 0 })).body as NodeBody).max, undefined)
  })

  test('an environment whose only worker is stuck ends when its function is gone', async () => {
    await create('stuck', { Timeout: 1, Tags: { 'lair.concurrency': '4' } })
    const { pid } = (await invoke('stuck', { n: 1 })).body as NodeBody
    await invoke('stuck', { n: 2, ms: 60_000 })
    process.kill(pid, 0)
    await client.send(new DeleteFunctionCommand({ FunctionName: 'stuck' }))
    await until(() => {
      try {
        return !process.kill(pid, 0)
      } catch {
        return true
      }
    })
  })
})
