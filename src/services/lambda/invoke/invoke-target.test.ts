import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readClientContext } from './client-context.ts'
import { parseInvokeTarget } from './invoke-target.ts'

test('parseInvokeTarget() reads name and qualifier, encoded or not', () => {
  assert.deepEqual(parseInvokeTarget('/2015-03-31/functions/f/invocations'), { functionName: 'f' })
  assert.deepEqual(
    parseInvokeTarget(
      '/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Af/invocations?Qualifier=%24LATEST',
    ),
    { functionName: 'arn:aws:lambda:us-east-1:000000000000:function:f', qualifier: '$LATEST' },
  )
  assert.deepEqual(parseInvokeTarget('/2014-11-13/functions/f/invoke-async/'), {
    functionName: 'f',
  })
  assert.deepEqual(parseInvokeTarget('/2015-03-31/functions/%ZZ/invocations?x=1'), {
    functionName: '%ZZ',
  })
})

test('readClientContext() decodes a JSON object and refuses all else', () => {
  const encode = (text: string) => Buffer.from(text).toString('base64')
  assert.equal(readClientContext(undefined), undefined)
  assert.equal(readClientContext(encode('{"custom":{"a":"1"}}')), '{"custom":{"a":"1"}}')
  // It becomes a header again: one line, in characters that every runtime client takes.
  assert.equal(readClientContext(encode('{\r\n"a":"ü😀"}')), '{  "a":"\\u00fc\\ud83d\\ude00"}')
  for (const wrong of ['string', encode('[1]'), encode('null'), encode('1'), '{"a":1}', '/w==']) {
    assert.throws(() => readClientContext(wrong), {
      code: 'InvalidRequestContentException',
      message: 'Client context must be a valid Base64-encoded JSON object.',
    })
  }
  assert.throws(() => readClientContext(encode(JSON.stringify({ a: 'x'.repeat(4000) }))), {
    status: 400,
  })
})
