/**
 * `lair invoke TARGET`: run a function once (or at every change). A folder or a zip runs here, without any server; any other name
 * is a deployed function of the server that AWS_ENDPOINT_URL names.
 */
import { existsSync, statSync, watch } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { send } from './client.ts'
import { openLocalFunction, type LocalFunctionOptions } from './local-function.ts'
import { CommandError, note, print, printJson, styled, unfolded } from './terminal.ts'

export type InvokeOptions = LocalFunctionOptions & {
  event: string
  tail?: boolean
  watch?: boolean
  json?: boolean
}

type Answer = {
  readonly payload: string
  /** as `X-Amz-Function-Error` says it: `Unhandled`, wherever the function ran */
  readonly functionError: string | undefined
  readonly log: string | undefined
}

const functionFailedStatus = 2
const settleMs = 100

/** Invoke and print the payload on standard output, everything else on standard error. */
export async function invoke(target: string, options: InvokeOptions): Promise<void> {
  const event = await readEvent(options.event)
  if (!isLocal(target)) {
    if (options.watch)
      throw new CommandError('--watch needs a folder: a deployed function has none')
    return show(await invokeDeployed(target, event, options), options)
  }
  if (!options.watch) return show(await invokeLocal(target, event, options), options)
  for await (const change of changes(target)) {
    note(`${change}: invoking`)
    await invokeLocal(target, event, options)
      .then((answer) => show(answer, options))
      .catch((error: unknown) => {
        if (!(error instanceof CommandError)) throw error
        note(error.message)
      })
  }
}

/** A name with a separator, a zip, or an existing folder is local; everything else is a deployed function. */
function isLocal(target: string): boolean {
  if (statSync(target, { throwIfNoEntry: false })?.isDirectory()) return true
  if (existsSync(target) && target.endsWith('.zip')) return true
  if (/^\.{0,2}\//.test(target) || target.endsWith('.zip')) {
    throw new CommandError(`Cannot read "${target}": it is not there`)
  }
  return false
}

async function readEvent(option: string): Promise<Buffer> {
  const bytes =
    option === '-'
      ? await buffer(process.stdin)
      : option.startsWith('@')
        ? await readFile(option.slice(1)).catch((error: Error) => {
            throw new CommandError(`Cannot read the event: ${error.message}`)
          })
        : Buffer.from(option)
  try {
    JSON.parse(bytes.toString('utf8'))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new CommandError(`The event is not JSON: ${reason}`)
  }
  return bytes
}

async function invokeLocal(target: string, event: Buffer, options: InvokeOptions): Promise<Answer> {
  const local = await openLocalFunction(target, options)
  try {
    const { reply, tail } = await local.run(event, { wantsTail: true })
    return {
      payload: Buffer.concat(reply.payload).toString('utf8'),
      functionError: reply.kind === 'ok' ? undefined : 'Unhandled',
      log: options.tail || reply.kind !== 'ok' ? tail?.toString('utf8') : undefined,
    }
  } finally {
    await local.close()
  }
}

async function invokeDeployed(
  name: string,
  event: Buffer,
  options: InvokeOptions,
): Promise<Answer> {
  const { headers, body } = await send({
    service: 'lambda',
    method: 'POST',
    target: `/2015-03-31/functions/${encodeURIComponent(name)}/invocations`,
    headers: { 'x-amz-log-type': 'Tail' },
    body: event,
  })
  const functionError = headers.get('x-amz-function-error') ?? undefined
  const log = Buffer.from(headers.get('x-amz-log-result') ?? '', 'base64').toString('utf8')
  const wantsLog = options.tail === true || functionError !== undefined
  return { payload: body.toString('utf8'), functionError, log: wantsLog ? log : undefined }
}

function show(answer: Answer, options: InvokeOptions): void {
  if (answer.functionError !== undefined) process.exitCode = functionFailedStatus
  if (options.json) return printJson(answer)
  if (answer.log) note(unfolded(answer.log.trimEnd()))
  const isTerminal = process.stdout.isTTY
  const payload = isTerminal ? pretty(answer.payload) : answer.payload
  print(answer.functionError === undefined ? payload : styled('red', payload))
}

function pretty(payload: string): string {
  try {
    return JSON.stringify(JSON.parse(payload), undefined, 2)
  } catch {
    return payload
  }
}

/** Yields at once, then after each burst of changes of a folder. */
async function* changes(folder: string): AsyncGenerator<string> {
  let changed: string | undefined
  let wake = () => {}
  const begin = () =>
    watch(folder, { recursive: true }, (_event, name) => {
      changed = name ?? folder
      wake()
    })
  let watcher = begin()
  try {
    yield 'started'
    for (;;) {
      if (changed === undefined) await new Promise<void>((resolve) => (wake = resolve))
      await sleep(settleMs)
      // A file that was replaced, as many editors save, is not watched any more under its name.
      watcher.close()
      watcher = begin()
      const name = changed ?? folder
      changed = undefined
      yield `${name} changed`
    }
  } finally {
    watcher.close()
  }
}
