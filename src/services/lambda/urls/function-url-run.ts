/**
 * The way of one request to a function URL through the trunk: buffered, or streamed as the function writes it. A function that fails
 * before its response has begun is a 502; one that fails later leaves a response that is cut.
 */
import { streamLimits } from '../../../config.ts'
import { BrokenResponse } from '../../../gateway/body.ts'
import type { LocalResponse } from '../../../gateway/local-routes.ts'
import { ResponseStream } from '../../../invoke/response-stream.ts'
import type { Run, RunOptions } from '../../../invoke/run.ts'
import type { Invocation } from '../../../model.ts'
import {
  preludeEnd,
  preludeType,
  splitPrelude,
  toPrelude,
  toUrlResponse,
} from './function-url-response.ts'

export type UrlRun = {
  readonly invocation: Invocation
  readonly options: RunOptions
  readonly signal: AbortSignal
}

/** source: recorded answers: a failed function, and a result that is malformed */
const badGateway: LocalResponse = {
  status: 502,
  headers: { 'content-type': 'application/json' },
  body: Buffer.from('Internal Server Error'),
}

/** Run and answer with the whole result. */
export async function buffered(run: Run, { invocation, options }: UrlRun): Promise<LocalResponse> {
  const { reply } = await run(invocation, options)
  if (reply.kind !== 'ok') return badGateway
  const payload = Buffer.concat(reply.payload)
  if (reply.contentType !== preludeType) return toUrlResponse(payload) ?? badGateway
  const parts = splitPrelude(payload)
  const head = parts && toPrelude(parts.prelude)
  return head ? { ...head, body: parts.rest } : badGateway
}

/** Run and answer as soon as status and headers are known. */
export async function streamed(run: Run, url: UrlRun): Promise<LocalResponse> {
  const { invocation, options, signal } = url
  const stream = new ResponseStream()
  stream.abandonOn(signal)
  const running = run(invocation, { ...options, sink: stream })
  const first = await Promise.race([stream.begun, running])
  if (typeof first !== 'string') {
    if (first.reply.kind !== 'ok') return badGateway
    return { status: 200, headers: { 'content-type': first.reply.contentType }, body: nothing }
  }
  running.then(
    ({ reply }) => stream.end(reply.kind === 'ok' ? undefined : broken()),
    () => stream.end(broken()),
  )
  if (first !== preludeType) {
    return { status: 200, headers: { 'content-type': first }, body: stream }
  }
  return afterPrelude(stream)
}

const nothing = Buffer.alloc(0)

function broken(): BrokenResponse {
  return new BrokenResponse('The function failed after its response had begun')
}

/** Read the prelude; what follows is the body. */
async function afterPrelude(stream: ResponseStream): Promise<LocalResponse> {
  const chunks = stream[Symbol.asyncIterator]()
  let bytes = Buffer.alloc(0)
  try {
    for (;;) {
      const parts = splitPrelude(bytes)
      if (parts !== undefined) {
        const head = toPrelude(parts.prelude)
        if (head === undefined) break
        return { ...head, body: following(parts.rest, chunks) }
      }
      if (bytes.length > streamLimits.maxPreludeBytes + preludeEnd.length) break
      const { value, done } = await chunks.next()
      if (done === true) break
      bytes = Buffer.concat([bytes, value])
    }
  } catch (error) {
    if (!(error instanceof BrokenResponse)) throw error
  }
  stream.abandon()
  return badGateway
}

async function* following(
  first: Buffer,
  chunks: AsyncGenerator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    if (first.length > 0) yield first
    yield* chunks
  } finally {
    await chunks.return(undefined)
  }
}
