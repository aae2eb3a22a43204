/**
 * What every runtime client must be able to do on Lair, unmodified: one suite, run by each client with a list of what it cannot do
 * and why. The programs take what to do from the event (test/support/programs).
 */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { TestContext } from 'node:test'
import {
  CreateFunctionCommand,
  InvokeCommand,
  InvokeWithResponseStreamCommand,
} from '@aws-sdk/client-lambda'
import type { LambdaClient } from '@aws-sdk/client-lambda'
import { createCatalogue } from '../../src/runtimes/catalogue.ts'
import type { Runtime } from '../../src/runtimes/runtime.ts'
import { openDriver, openEnvironment, providedRuntime } from '../environment/support.ts'
import { readInvocation, roleArn, waitUntilActive } from '../support/clients.ts'
import { javaDataFolder } from '../support/programs.ts'
import type { PreparedProgram } from '../support/programs.ts'

/** The parts of the suite that a client may be unable to do. */
export type Part = 'error' | 'init error' | 'stream' | 'stream error'

export type ClientUnderTest = {
  /** of the test and its functions, [a-z0-9-]+ */
  readonly name: string
  /** what the program calls itself */
  readonly spokenName: string
  /** `provided.al2023` by default, for programs that bring their client along */
  readonly runtime?: string
  readonly handler?: string
  /** of `{"fail":true}` */
  readonly errorType: string
  /** posted by the client before it ends; or the exit of the process when it has no such call */
  readonly initErrorType: string
  /** variables with which the function answers in a stream */
  readonly streamEnvironment?: Readonly<Record<string, string>>
  /** 128 holds no JVM */
  readonly memoryMib?: number
  readonly skips: Readonly<Partial<Record<Part, string>>>
  /** the code, or undefined after the test was skipped because it is not there */
  readonly program: (t: TestContext) => PreparedProgram | undefined
}

const invocationCount = 1000
/** Both ways: what the program adds is small, and the limit is 6 MiB. */
const largeBytes = 5.9 * 1024 * 1024

type Answer = ReturnType<typeof readInvocation>
type Deployed = (event: unknown, clientContext?: object) => Promise<Answer>

/** @param lambda  a client of the server under test */
export function runtimeClientContract(client: ClientUnderTest, lambda: () => LambdaClient): void {
  suite(`runtime client ${client.name}`, { concurrency: 2 }, () => {
    const contract = new Contract(client, lambda)
    contract.answers()
    contract.fails()
    contract.ends()
    contract.streams()
  })
}

class Contract {
  readonly #client: ClientUnderTest
  readonly #lambda: () => LambdaClient

  constructor(client: ClientUnderTest, lambda: () => LambdaClient) {
    this.#client = client
    this.#lambda = lambda
  }

  answers(): void {
    const { name, spokenName } = this.#client
    test(`${name}: ${invocationCount} invocations are answered, warm ones by one environment`, async (t) => {
      const invoke = await this.#deploy(t, 'echo')
      for (let index = 0; invoke && index < invocationCount; index += 1) {
        const event = { index, text: 'grüße\n"€"', nested: [null, true, 1.5] }
        const answer: Answer = await invoke(event)
        assert.equal(answer.functionError, undefined, answer.log)
        assert.deepEqual(answer.body, { runtime: spokenName, event })
        assert.equal(answer.log.includes('\tInit Duration: '), index === 0, answer.log)
      }
    })

    test(`${name}: a large payload comes and goes`, async (t) => {
      const invoke = await this.#deploy(t, 'large')
      if (!invoke) return
      const event = { text: 'x'.repeat(largeBytes) }
      for (let turn = 0; turn < 2; turn += 1) {
        const answer: Answer = await invoke(event)
        assert.equal(answer.functionError, undefined, answer.log)
        assert.ok(JSON.stringify(answer.body).length > largeBytes)
        assert.deepEqual((answer.body as { event: unknown }).event, event)
      }
    })

    test(`${name}: the context has client context, deadline, request id and ARN`, async (t) => {
      const invoke = await this.#deploy(t, 'context')
      if (!invoke) return
      const answer: Answer = await invoke({ do: 'context' }, { custom: { key: 'välue\n😀' } })
      const context = answer.body as Record<string, unknown>
      assert.deepEqual(customOf(context), { key: 'välue\n😀' })
      assert.match(answer.log, new RegExp(`REPORT RequestId: ${String(context['requestId'])}\t`))
      assert.match(String(context['functionArn']), new RegExp(`:function:${name}-context$`))
      const remainingMs = Number(context['remainingMs'])
      assert.ok(remainingMs > 20_000 && remainingMs <= 30_000, String(remainingMs))
      const plain = (await invoke({ do: 'context' })).body as Record<string, unknown>
      assert.deepEqual(customOf(plain) ?? {}, {})
    })

    // No caller can say who it is: AWS knows it from credentials that a pool gave out. So the environment is driven from here.
    test(`${name}: the Cognito identity reaches the handler`, async (t) => {
      const { runtime, handler = 'index.handler', memoryMib = 256 } = this.#client
      const program = this.#client.program(t)
      if (!program) return
      await using driver = await openDriver()
      await using environment = openEnvironment(driver, {
        runtime: runtimeOf(runtime),
        version: { codePath: program.folder, handler, memoryMib, timeoutMs: 20_000 },
      })
      const ids = { cognitoIdentityId: 'eu-west-1:one', cognitoIdentityPoolId: 'eu-west-1:pool' }
      const told = await environment.invoke(
        { do: 'context' },
        { cognitoIdentity: JSON.stringify(ids) },
      )
      const context = JSON.parse(told.text) as Record<string, unknown>
      if ('cognitoIdentity' in context) assert.deepEqual(context['cognitoIdentity'], ids)
      else assert.deepEqual(context['identity'], Object.values(ids))
    })
  }

  fails(): void {
    const { name, spokenName, errorType, initErrorType } = this.#client
    this.#test('error', 'an error is passed on, and the next event is answered', async (t) => {
      const invoke = await this.#deploy(t, 'error')
      if (!invoke) return
      const failed = await invoke({ fail: true })
      assert.equal(failed.functionError, 'Unhandled')
      const error = failed.body as { errorType: string; errorMessage: string }
      assert.deepEqual(
        [error.errorType, error.errorMessage],
        [errorType, `${spokenName} failed as asked`],
      )
      assert.match(failed.log, /\nREPORT RequestId: /)
      assert.doesNotMatch(failed.log, /Status: /)
      const next = await invoke({ n: 2 })
      assert.deepEqual(next.body, { runtime: spokenName, event: { n: 2 } })
    })

    this.#test('init error', 'an error of initialisation is what the caller gets', async (t) => {
      const invoke = await this.#deploy(t, 'init', { environment: { INIT: 'fail' } })
      if (!invoke) return
      const failed = await invoke({})
      assert.equal(failed.functionError, 'Unhandled')
      const error = failed.body as { errorType: string; errorMessage: string }
      assert.equal(error.errorType, initErrorType)
      if (initErrorType === 'Runtime.ExitError') return
      assert.equal(error.errorMessage, `${spokenName} failed to start as asked`)
    })

    test(`${name}: a handler over its time is a timeout, and the next event is answered`, async (t) => {
      const invoke = await this.#deploy(t, 'timeout', { timeoutSeconds: 3 })
      if (!invoke) return
      await invoke({ n: 1 })
      const late = await invoke({ do: 'sleep', ms: 20_000 })
      assert.equal(late.functionError, 'Unhandled')
      const { errorMessage } = late.body as { errorMessage: string }
      assert.match(errorMessage, / Task timed out after 3\.00 seconds$/)
      assert.match(late.log, /\tDuration: 3000\.00 ms\t.*Status: timeout/)
      assert.deepEqual((await invoke({ n: 2 })).body, { runtime: spokenName, event: { n: 2 } })
    })
  }

  ends(): void {
    const { name, spokenName } = this.#client
    test(`${name}: a process that ends is told with its status, and the next event is answered`, async (t) => {
      const invoke = await this.#deploy(t, 'exit')
      if (!invoke) return
      const failed = await invoke({ do: 'exit' })
      assert.equal(failed.functionError, 'Unhandled')
      const error = failed.body as { errorType: string; errorMessage: string }
      assert.equal(error.errorType, 'Runtime.ExitError')
      assert.match(error.errorMessage, / Error: Runtime exited with error: exit status 7$/)
      assert.deepEqual((await invoke({ n: 2 })).body, { runtime: spokenName, event: { n: 2 } })
    })
  }

  streams(): void {
    this.#test('stream', 'pieces of a stream come as they are written', async (t) => {
      const { streamEnvironment = {} } = this.#client
      if (!(await this.#deploy(t, 'stream', { environment: streamEnvironment }))) return
      const { text, firstMs, lastMs } = await this.#stream('stream', { do: 'stream' })
      assert.equal(afterPrelude(text), 'one two three')
      assert.ok(lastMs - firstMs > 200, `first after ${firstMs} ms, last after ${lastMs} ms`)
    })

    this.#test('stream error', 'a stream that breaks says so at its end', async (t) => {
      const { streamEnvironment = {} } = this.#client
      if (!(await this.#deploy(t, 'break', { environment: streamEnvironment }))) return
      const { text, error } = await this.#stream('break', { do: 'stream', break: true })
      assert.match(afterPrelude(text), /^one /)
      assert.match(error ?? '', /broke as asked|Runtime\.|errorString|Error/)
    })
  }

  /** A test of a part that the client may be unable to do. */
  #test(part: Part, title: string, run: (t: TestContext) => Promise<void>): void {
    const reason = this.#client.skips[part]
    test(`${this.#client.name}: ${title}`, { skip: reason ?? false }, run)
  }

  /** @returns how to invoke the function, or undefined after the test was skipped */
  async #deploy(
    t: TestContext,
    purpose: string,
    options: { environment?: Readonly<Record<string, string>>; timeoutSeconds?: number } = {},
  ): Promise<Deployed | undefined> {
    const { name, runtime = 'provided.al2023', handler = 'index.handler' } = this.#client
    const program = this.#client.program(t)
    if (!program) return undefined
    const lambda = this.#lambda()
    const functionName = `${name}-${purpose}`
    await lambda.send(
      new CreateFunctionCommand({
        FunctionName: functionName,
        Runtime: runtime as 'provided.al2023',
        Handler: handler,
        Role: roleArn,
        Code: { ZipFile: program.zip },
        Environment: { Variables: { ...options.environment } },
        MemorySize: this.#client.memoryMib ?? 256,
        Timeout: options.timeoutSeconds ?? 30,
      }),
    )
    await waitUntilActive(lambda, functionName)
    return async (event, clientContext) => {
      const output = await lambda.send(
        new InvokeCommand({
          FunctionName: functionName,
          Payload: Buffer.from(JSON.stringify(event)),
          LogType: 'Tail',
          ...(clientContext !== undefined && {
            ClientContext: Buffer.from(JSON.stringify(clientContext)).toString('base64'),
          }),
        }),
      )
      return readInvocation(output)
    }
  }

  async #stream(purpose: string, event: unknown): Promise<Streamed> {
    const startedAt = performance.now()
    const output = await this.#lambda().send(
      new InvokeWithResponseStreamCommand({
        FunctionName: `${this.#client.name}-${purpose}`,
        Payload: Buffer.from(JSON.stringify(event)),
      }),
    )
    const pieces: Uint8Array[] = []
    const times: number[] = []
    let error: string | undefined
    for await (const part of output.EventStream ?? []) {
      if (part.PayloadChunk?.Payload) {
        pieces.push(part.PayloadChunk.Payload)
        times.push(performance.now() - startedAt)
      }
      const { ErrorCode, ErrorDetails } = part.InvokeComplete ?? {}
      if (ErrorCode !== undefined) error = `${ErrorCode} ${ErrorDetails ?? ''}`
    }
    const text = Buffer.concat(pieces).toString()
    return { text, firstMs: times[0] ?? 0, lastMs: times.at(-1) ?? 0, error }
  }
}

function runtimeOf(name: string | undefined): Runtime {
  if (name === undefined) return providedRuntime
  const found = createCatalogue({ directory: javaDataFolder }).find(name)
  assert.ok('argv' in found, `${name} is not available`)
  return found
}

type Streamed = {
  readonly text: string
  readonly firstMs: number
  readonly lastMs: number
  readonly error: string | undefined
}

/** Some clients always say status and headers first: JSON, eight zero bytes, then the payload. */
function afterPrelude(text: string): string {
  return text.slice(text.lastIndexOf('\0') + 1)
}

function customOf(context: Record<string, unknown>): unknown {
  const whole = context['clientContext'] as { custom?: unknown } | null | undefined
  return whole?.custom ?? context['custom']
}
