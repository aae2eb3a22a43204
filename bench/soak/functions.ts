/** The functions of the soak: what each does is in its event, and what is to come of it follows from that. */
import { zipOf } from '../../test/support/zip.ts'

/** What an event asks for. `hang` is over at the function's timeout, `exit` at once. */
export type Deed = 'echo' | 'log' | 'garbage' | 'throw' | 'exit' | 'hang'

/** Seconds; short, since a function that hangs holds its environment for so long. */
export const timeoutSeconds = 2

export type SoakFunction = {
  readonly name: string
  readonly runtime: 'nodejs24.x' | 'python3.13'
  readonly logFormat: 'Text' | 'JSON'
  readonly hasExtension: boolean
  readonly isStreaming: boolean
}

/** Twenty of them. */
export const functions: readonly SoakFunction[] = Array.from({ length: 20 }, (_, index) => ({
  name: `soak-${index}`,
  runtime: index % 5 === 4 ? 'python3.13' : 'nodejs24.x',
  logFormat: index % 7 === 3 ? 'JSON' : 'Text',
  hasExtension: index === 10 || index === 14,
  isStreaming: index === 12,
}))

/** The error type that the caller is told of, by deed; undefined where the function answers. */
export const expectedError: Readonly<Record<Deed, string | undefined>> = {
  echo: undefined,
  log: undefined,
  garbage: undefined,
  throw: 'Error',
  exit: 'Runtime.ExitError',
  hang: 'Sandbox.Timedout',
}

/** The package of a function. @param build  makes its bytes differ, as those of an update do */
export function packageOf(description: SoakFunction, build: number): Promise<Buffer> {
  const source =
    description.runtime === 'nodejs24.x' ? nodeSource(description.isStreaming) : pythonSource
  const file = description.runtime === 'nodejs24.x' ? 'index.mjs' : 'index.py'
  return zipOf({ [file]: source, 'build.txt': String(build) })
}

/** A layer with an external extension that takes every event. */
export function extensionLayer(): Promise<Buffer> {
  return zipOf({ 'extensions/follower': { content: extensionSource, isExecutable: true } })
}

function nodeSource(isStreaming: boolean): string {
  const tick = 'setInterval(() => {}, 50).unref()\n'
  const deed = `const deed = async (event) => {
  if (event.deed === 'exit') process.exit(1)
  if (event.deed === 'hang') await new Promise((resolve) => setTimeout(resolve, 60_000))
  if (event.deed === 'throw') throw new Error('as asked')
  if (event.deed === 'log') console.log('x'.repeat(200))
  if (event.deed === 'garbage') return { n: event.n, bytes: Buffer.alloc(4_000_000, 1).length }
  return { n: event.n }
}
`
  const handler = isStreaming
    ? `export const handler = awslambda.streamifyResponse(async (event, stream) => {
  const result = await deed(event)
  stream.write(JSON.stringify(result))
  stream.end()
})
`
    : 'export const handler = deed\n'
  return tick + deed + handler
}

const pythonSource = `
import os, time

def handler(event, context):
    deed = event["deed"]
    if deed == "exit":
        os._exit(1)
    if deed == "hang":
        time.sleep(60)
    if deed == "throw":
        raise type("Error", (Exception,), {})("as asked")
    if deed == "log":
        print("x" * 200)
    if deed == "garbage":
        return {"n": event["n"], "bytes": len(bytearray(4000000))}
    return {"n": event["n"]}
`

const extensionSource = `#!${process.execPath}
const base = 'http://' + process.env.AWS_LAMBDA_RUNTIME_API + '/2020-01-01/extension'
const registered = await fetch(base + '/register', {
  method: 'POST',
  headers: { 'Lambda-Extension-Name': 'follower' },
  body: JSON.stringify({ events: ['INVOKE', 'SHUTDOWN'] }),
})
const headers = { 'Lambda-Extension-Identifier': registered.headers.get('lambda-extension-identifier') }
for (;;) {
  const event = await (await fetch(base + '/event/next', { headers })).json()
  if (event.eventType === 'SHUTDOWN') process.exit(0)
}
`
