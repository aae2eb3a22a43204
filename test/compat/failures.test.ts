/**
 * What ends an environment, seen by the caller through the official SDK: AWS's error payload, the REPORT line, and that the next
 * invocation works. State: a global lives until the reset, a file in the temporary directory beyond it.
 * source: AWS Lambda dev guide "Understanding the Lambda execution environment lifecycle"; recorded payloads and log lines of AWS.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import type { LambdaClient } from '@aws-sdk/client-lambda'
import { lambdaClient, readInvocation } from '../support/clients.ts'
import { sourceFolder } from '../support/programs.ts'
import { deploy as deployFunction, invoke } from '../support/functions.ts'
import { startServer } from '../support/server.ts'
import type { LairServer } from '../support/server.ts'
import { requireTool } from '../support/tools.ts'
import { zipOf } from '../support/zip.ts'

const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}'
const memoryMib = 128
const timeoutSeconds = 1

type Fault = {
  readonly action: string
  readonly errorType: string
  /** after `RequestId: <id> Error: ` */
  readonly message: string
  /** end of the REPORT line, from `Max Memory Used` on */
  readonly report: RegExp
}

const timedOut = {
  errorType: 'Sandbox.Timedout',
  message: 'Task timed out after 1.00 seconds',
  report: /Max Memory Used: \d+ MB(\tInit Duration: [\d.]+ ms)?\tStatus: timeout$/,
}
const faults: readonly Fault[] = [
  { action: 'sleep', ...timedOut },
  { action: 'loop', ...timedOut },
  {
    action: 'exit',
    errorType: 'Runtime.ExitError',
    message: 'Runtime exited with error: exit status 1',
    report: /Max Memory Used: \d+ MB\tStatus: error\tError Type: Runtime\.ExitError$/,
  },
  {
    action: 'memory',
    errorType: 'Runtime.ExitError',
    message: 'Runtime exited with error: signal: killed',
    report: /Max Memory Used: 128 MB\tStatus: error\tError Type: Runtime\.OutOfMemory$/,
  },
]

const families = [
  { name: 'node', runtime: 'nodejs24.x', file: 'index.mjs', tool: 'node' },
  { name: 'python', runtime: 'python3.11', file: 'index.py', tool: 'python3' },
] as const

suite('failures', () => {
  let server: LairServer
  let client: LambdaClient
  before(async () => {
    server = await startServer()
    client = lambdaClient(server)
  })
  after(async () => {
    client.destroy()
    await server[Symbol.asyncDispose]()
  })

  for (const family of families) {
    test(`${family.name}: globals and files survive warm invocations, files survive resets`, async (t) => {
      if (!requireTool(t, family.tool)) return
      const name = `faults-${family.name}`
      await deploy(client, name, family)
      const first = await ask(client, name, 'count')
      assert.deepEqual(first.body, { count: 1, file: 1 })
      const second = await ask(client, name, 'count')
      assert.deepEqual(second.body, { count: 2, file: 2 })
      let fileCount = 2
      for (const fault of faults) {
        const failed = await ask(client, name, fault.action)
        assertFault(failed, fault)
        const next = await ask(client, name, 'count')
        fileCount += 2
        assert.deepEqual(next.body, { count: 1, file: fileCount }, fault.action)
      }
    })
  }
})

type Answer = ReturnType<typeof readInvocation>

function assertFault(answer: Answer, fault: Fault): void {
  assert.equal(answer.functionError, 'Unhandled', fault.action)
  const lines = answer.log.trimEnd().split('\n')
  const id = new RegExp(`^START RequestId: (${uuid}) Version: \\$LATEST$`).exec(lines[0] ?? '')?.[1]
  assert.ok(id, answer.log)
  assert.deepEqual(answer.body, {
    errorType: fault.errorType,
    errorMessage: `RequestId: ${id} Error: ${fault.message}`,
  })
  assert.ok(
    lines.some((line) => line.endsWith(`asked to ${fault.action}`)),
    answer.log,
  )
  assert.equal(lines.at(-2), `END RequestId: ${id}`)
  const report = lines.at(-1) ?? ''
  const figures = new RegExp(
    `^REPORT RequestId: ${id}\\tDuration: ([\\d.]+) ms\\tBilled Duration: (\\d+) ms\\tMemory Size: ${memoryMib} MB\\t`,
  ).exec(report)
  assert.ok(figures, report)
  assert.match(report, fault.report)
  const [, duration, billed] = figures
  assert.equal(Number(billed), Math.ceil(Number(duration)))
  if (fault.errorType === 'Sandbox.Timedout') assert.equal(duration, '1000.00')
}

async function deploy(
  client: LambdaClient,
  functionName: string,
  family: (typeof families)[number],
): Promise<void> {
  const source = join(sourceFolder, `${family.name}-faults`, family.file)
  const zip = await zipOf({ [family.file]: readFileSync(source) })
  const { runtime: Runtime } = family
  const changes = { Runtime, MemorySize: memoryMib, Timeout: timeoutSeconds }
  await deployFunction(client, functionName, zip, changes)
}

function ask(client: LambdaClient, functionName: string, action: string): Promise<Answer> {
  return invoke(client, functionName, { do: action })
}
