import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import fc from 'fast-check'

type Response = { status: number; headers: Record<string, string>; body: Buffer }
type Reader = { push(bytes: Buffer): void }
const { ResponseReader } = createRequire(import.meta.url)('./http-reader.cjs') as {
  ResponseReader: new (onResponse: (response: Response) => void) => Reader
}

/** Feed `bytes` cut at the given places. */
function read(bytes: Buffer, cuts: readonly number[] = []): Response[] {
  const responses: Response[] = []
  const reader = new ResponseReader((response) =>
    responses.push({ ...response, body: Buffer.from(response.body) }),
  )
  let from = 0
  for (const cut of [
    ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b),
    bytes.length,
  ]) {
    reader.push(bytes.subarray(from, cut))
    from = cut
  }
  return responses
}

function inChunks(body: Buffer, size: number): Buffer {
  const parts: Buffer[] = []
  for (let at = 0; at < body.length; at += size) {
    const part = body.subarray(at, at + size)
    parts.push(Buffer.from(`${part.length.toString(16)};note=1\r\n`), part, Buffer.from('\r\n'))
  }
  return Buffer.concat([...parts, Buffer.from('0\r\nTrailer: 1\r\n\r\n')])
}

test('ResponseReader reads the same responses however the stream is cut', () => {
  const response = fc.record({
    status: fc.constantFrom(200, 202, 413),
    body: fc.uint8Array({ maxLength: 200 }),
    chunkSize: fc.option(fc.integer({ min: 1, max: 50 }), { nil: undefined }),
  })
  fc.assert(
    fc.property(
      fc.array(response, { minLength: 1, maxLength: 4 }),
      fc.array(fc.nat(2000)),
      (sent, cuts) => {
        const bytes = sent.flatMap(({ status, body, chunkSize }) => {
          const head = `HTTP/1.1 ${status} Text\r\nX-Name: é \r\n`
          return chunkSize === undefined
            ? [Buffer.from(`${head}Content-Length: ${body.length}\r\n\r\n`), Buffer.from(body)]
            : [
                Buffer.from(`${head}Transfer-Encoding: chunked\r\n\r\n`),
                inChunks(Buffer.from(body), chunkSize),
              ]
        })
        const received = read(Buffer.concat(bytes), cuts)
        assert.deepEqual(
          received.map(({ status, headers, body }) => [status, headers['x-name'], [...body]]),
          sent.map(({ status, body }) => [status, 'é', [...body]]),
        )
      },
    ),
    { numRuns: 300 },
  )
})

test('ResponseReader skips interim responses and takes a missing length for no body', () => {
  const bytes = Buffer.from(
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\nHTTP/1.0 200\r\n\r\n',
  )
  assert.deepEqual(
    read(bytes).map(({ status, body }) => [status, body.length]),
    [
      [204, 0],
      [200, 0],
    ],
  )
})

test('ResponseReader throws an Error on what is not HTTP, and never hangs', () => {
  const line = fc.constantFrom(
    'HTTP/1.1 200 OK\r\n',
    'Content-Length: 3\r\n',
    'Content-Length: -1\r\n',
    'Content-Length: 99999999999\r\n',
    'Transfer-Encoding: chunked\r\n',
    '\r\n',
    'zz\r\n',
    '3\r\nabc\r\n',
    'ffffffff\r\n',
    'abc',
  )
  fc.assert(
    fc.property(
      fc.array(fc.oneof(line, fc.string()), { maxLength: 12 }),
      fc.array(fc.nat(100)),
      (parts, cuts) => {
        try {
          read(Buffer.from(parts.join('')), cuts)
        } catch (error) {
          assert.ok(error instanceof Error)
          assert.match(error.message, /^(Bad |Runtime API response)/)
        }
      },
    ),
    { numRuns: 500 },
  )
})
