/**
 * `lair emulate FOLDER`: a drop-in for AWS's Runtime Interface Emulator: one function, unsigned, on one port. Unlike it, this runs
 * invocations side by side, and answers errors, timeouts and empty events as AWS does.
 * source: README of aws-lambda-runtime-interface-emulator.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { lambdaLimits, limits } from '../config.ts'
import { isForeignPage } from '../gateway/browser-guard.ts'
import { AwsError } from '../lib/errors/aws-error.ts'
import { systemIds } from '../lib/ids.ts'
import {
  openLocalFunction,
  type LocalFunction,
  type LocalFunctionOptions,
} from './local-function.ts'
import { toPort } from './numbers.ts'
import { CommandError, note, print, printJson, styled, unfolded } from './terminal.ts'

export type EmulateOptions = LocalFunctionOptions & { port: string; json?: boolean }

const path = /^\/2015-03-31\/functions\/[^/]+\/invocations\/?(?:\?.*)?$/

/** Serve until SIGTERM or SIGINT. */
export async function emulate(folder: string, options: EmulateOptions): Promise<void> {
  const wantedPort = toPort(options.port)
  const local = await openLocalFunction(folder, {
    ...options,
    onLine: (line) => note(unfolded(line)),
  })
  const server = createServer({ requestTimeout: limits.requestTimeoutMs }, (request, response) => {
    void answer(local, request, response)
  })
  try {
    const port = await listen(server, wantedPort)
    const endpoint = `http://127.0.0.1:${port}`
    if (options.json) printJson({ endpoint, pid: process.pid })
    else {
      print(`${styled('bold', local.description)} answers at`)
      print(`${endpoint}/2015-03-31/functions/function/invocations`)
    }
    await new Promise<void>((resolve) => {
      process.once('SIGTERM', () => resolve())
      process.once('SIGINT', () => resolve())
    })
  } finally {
    server.close()
    server.closeAllConnections()
    await local.close()
  }
}

async function listen(server: ReturnType<typeof createServer>, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) =>
      reject(
        new CommandError(
          `Cannot listen on port ${port}: ${error.message}; choose another with --port`,
        ),
      ),
    )
    server.listen(port, '127.0.0.1', resolve)
  })
  return (server.address() as AddressInfo).port
}

async function answer(
  local: LocalFunction,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (!path.test(request.url ?? '') || request.method !== 'POST') {
    request.resume()
    response.writeHead(404, { 'content-type': 'text/plain' }).end('404 page not found\n')
    return
  }
  // Nothing is signed here: without this, every page in the user's browser could run the function.
  if (isForeignPage(headersOf(request))) {
    request.resume()
    response.writeHead(403, { 'content-type': 'text/plain' }).end('Web pages are not served\n')
    return
  }
  try {
    await runFor(local, request, response)
  } catch (error) {
    const status = error instanceof AwsError ? error.status : 500
    const message = error instanceof Error ? error.message : String(error)
    response
      .writeHead(status, { 'content-type': 'application/json' })
      .end(JSON.stringify({ errorMessage: message }))
  }
}

function headersOf({ headers }: IncomingMessage): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))
}

/** The event; undefined when it is too large, however its length is told: then it is read but not kept, so that the client gets to
 *  see the answer. */
async function readEvent(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > limits.maxBodyBytes) break
    if (bytes <= lambdaLimits.maxPayloadBytes) chunks.push(chunk)
  }
  return bytes <= lambdaLimits.maxPayloadBytes ? Buffer.concat(chunks) : undefined
}

async function runFor(
  local: LocalFunction,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const event = await readEvent(request)
  const requestId = systemIds.uuid()
  if (event === undefined) {
    response.writeHead(413).end()
    return
  }
  const clientContext = request.headers['x-amz-client-context']
  const wantsTail = request.headers['x-amz-log-type'] === 'Tail'
  const result = await local.run(event.length === 0 ? Buffer.from('{}') : event, {
    requestId,
    wantsTail,
    ...(typeof clientContext === 'string' && {
      clientContext: Buffer.from(clientContext, 'base64').toString('utf8'),
    }),
  })
  const { reply } = result
  response.writeHead(200, {
    'content-type': 'contentType' in reply ? reply.contentType : 'application/json',
    'x-amzn-requestid': requestId,
    ...(reply.kind !== 'ok' && { 'x-amz-function-error': 'Unhandled' }),
    ...(result.tail && { 'x-amz-log-result': result.tail.toString('base64') }),
  })
  for (const chunk of reply.payload) response.write(chunk)
  response.end()
}
