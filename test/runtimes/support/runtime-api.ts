/** A small Runtime API for tests: a real HTTP server that hands out the events of a script and keeps what comes back. */
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What a runtime posted. */
export type Post = {
  /** `response`, `error` or `init/error` */
  readonly kind: string
  readonly requestId: string
  readonly headers: IncomingMessage['headers']
  readonly trailers: IncomingMessage['trailers']
  readonly body: string
}

export type ScriptedEvent = {
  readonly payload: string | Uint8Array
  readonly headers?: Record<string, string>
}

export type RuntimeApi = AsyncDisposable & {
  readonly address: string
  readonly posts: Post[]
  /** resolves when the runtime has asked for an event `count` times in all */
  waitForNext(count: number): Promise<void>
  /** Give an event to the runtime, now or when it asks. */
  push(event: ScriptedEvent): void
  /** monotonic ms of each `next` */
  readonly nextTimes: number[]
}

/** The request id of the event with this index. */
export function requestIdOf(index: number): string {
  return `8f507cfc-example-4697-b07a-${String(index).padStart(12, '0')}`
}

/** Start on a free port of the loopback. */
export async function startRuntimeApi(): Promise<RuntimeApi> {
  const posts: Post[] = []
  const events: ScriptedEvent[] = []
  const parked: ServerResponse[] = []
  const waiters: { count: number; resolve: () => void }[] = []
  const nextTimes: number[] = []
  let handedOut = 0

  const handOut = () => {
    while (parked.length > 0 && events.length > 0) {
      const response = parked.shift()
      const event = events.shift()
      if (response === undefined || event === undefined) return
      answerNext(response, event, handedOut)
      handedOut += 1
    }
  }
  const server = createServer({ maxHeaderSize: 1024 * 1100 }, (request, response) => {
    const path = request.url ?? ''
    if (path === '/2018-06-01/runtime/invocation/next') {
      nextTimes.push(performance.now())
      parked.push(response)
      for (const waiter of waiters) if (waiter.count <= nextTimes.length) waiter.resolve()
      handOut()
      return
    }
    void keepPost(request, path, posts).then(() => {
      response.writeHead(202, { 'Content-Type': 'application/json' }).end('{"status":"OK"}\n')
    })
  })
  server.requestTimeout = 0
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    posts,
    nextTimes,
    push(event) {
      events.push(event)
      handOut()
    },
    waitForNext: (count) =>
      new Promise((resolve) => {
        if (nextTimes.length >= count) resolve()
        else waiters.push({ count, resolve })
      }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

function answerNext(response: ServerResponse, event: ScriptedEvent, index: number): void {
  response.writeHead(200, {
    'Content-Type': 'application/json',
    'Lambda-Runtime-Aws-Request-Id': requestIdOf(index),
    'Lambda-Runtime-Deadline-Ms': String(Date.now() + 3000),
    'Lambda-Runtime-Invoked-Function-Arn': 'arn:aws:lambda:us-east-1:000000000000:function:fixture',
    'Lambda-Runtime-Trace-Id':
      'Root=1-5e1b4151-5ac6c58f3c5b2b3b0f2b4d4e;Parent=53995c3f42cd8ad8;Sampled=0',
    ...event.headers,
  })
  response.end(event.payload)
}

async function keepPost(request: IncomingMessage, path: string, posts: Post[]): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const match = /\/runtime\/(?:invocation\/([^/]+)\/(response|error)|(init\/error))$/.exec(path)
  posts.push({
    kind: match?.[2] ?? match?.[3] ?? path,
    requestId: match?.[1] ?? '',
    headers: request.headers,
    trailers: request.trailers,
    body: Buffer.concat(chunks).toString(),
  })
}
