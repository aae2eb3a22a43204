import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { AwsError } from '../../lib/errors/aws-error.ts'
import { loadModel, structureAt } from '../load-model.ts'
import { encodeEventStream } from './encode.ts'
import { BadFrame, decodeFrame, encodeFrame } from './frame.ts'

const value = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.boolean(),
  fc.maxSafeInteger(),
  fc.date({ noInvalidDate: true }),
  fc.uint8Array().map((bytes) => Buffer.from(bytes)),
)
const name = fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme-ascii' })

describe('decodeFrame()', () => {
  test('an empty frame has the bytes of the specification', () => {
    const frame = encodeFrame({ headers: {}, payload: new Uint8Array(0) })
    assert.equal(frame.toString('hex'), '000000100000000005c248eb7d98c8ff')
  })
  test('reads what encodeFrame() writes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(name, value), { maxLength: 5 }),
        fc.uint8Array(),
        (pairs, bytes) => {
          const headers = Object.fromEntries(pairs.filter(([key]) => key !== '__proto__'))
          const encoded = encodeFrame({ headers, payload: bytes })
          const read = decodeFrame(Buffer.concat([encoded, Buffer.from('more')]))
          assert.equal(read?.byteCount, encoded.length)
          assert.deepEqual({ ...read.frame.headers }, headers)
          assert.deepEqual([...read.frame.payload], [...bytes])
          assert.equal(decodeFrame(encoded.subarray(0, -1)), undefined)
        },
      ),
    )
  })
  test('one wrong bit is found', () => {
    const encoded = encodeFrame({ headers: { a: 'b', n: 5 }, payload: Buffer.from('payload') })
    for (let bit = 0; bit < encoded.length * 8; bit += 1) {
      const broken = Buffer.from(encoded)
      broken[bit >> 3] = (broken[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      assert.throws(() => decodeFrame(broken), BadFrame)
    }
  })
  test('garbage is a BadFrame or incomplete', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          assert.equal(decodeFrame(Buffer.from(bytes.subarray(0, 11))), undefined)
          decodeFrame(Buffer.from(bytes))
        } catch (error) {
          assert.ok(error instanceof BadFrame)
        }
      }),
    )
  })
})

describe('encodeEventStream()', () => {
  const model = loadModel('kinesis')
  const place = model.operations.get('SubscribeToShard')?.outputShape.members['EventStream']?.shape
  const stream = { model, shape: structureAt(model, place ?? -1), protocol: 'awsJson1_1' } as const

  async function framesOf(source: AsyncIterable<unknown>) {
    const chunks = await Array.fromAsync(encodeEventStream(stream, source))
    return chunks.map((chunk) => decodeFrame(Buffer.from(chunk))?.frame)
  }

  async function* failing(error: Error): AsyncGenerator<unknown> {
    yield {
      SubscribeToShardEvent: {
        Records: [],
        ContinuationSequenceNumber: '1',
        MillisBehindLatest: 0,
      },
    }
    throw error
  }

  test('a modelled error ends the stream as an exception with its members', async () => {
    const error = new AwsError({ code: 'ResourceInUseException', status: 400, message: 'In use' })
    const frames = await framesOf(failing(error))
    assert.deepEqual(
      { ...frames[0]?.headers },
      {
        ':message-type': 'event',
        ':event-type': 'SubscribeToShardEvent',
        ':content-type': 'application/x-amz-json-1.1',
      },
    )
    assert.equal(frames[1]?.headers[':message-type'], 'exception')
    assert.equal(frames[1].headers[':exception-type'], 'ResourceInUseException')
    assert.equal(Buffer.from(frames[1].payload).toString(), '{"message":"In use"}')
  })
  test('any other AwsError ends it as an error with its code', async () => {
    const frames = await framesOf(failing(new AwsError({ code: 'Odd', status: 400, message: 'm' })))
    assert.equal(frames[1]?.headers[':error-code'], 'Odd')
  })
  test('a failure of ours breaks it', async () => {
    await assert.rejects(framesOf(failing(new Error('ours'))), { message: 'ours' })
  })
})
