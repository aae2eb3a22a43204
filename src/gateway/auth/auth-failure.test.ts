import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AuthFailure, toAwsError } from './auth-failure.ts'
import type { AuthFailureKind, Dialect } from './auth-failure.ts'

test('toAwsError() words each failure as the family of services does', () => {
  const cases: readonly [AuthFailureKind, Dialect, string, number, RegExp][] = [
    ['missing', 'rest', 'MissingAuthenticationTokenException', 403, /^Missing Authentication/],
    ['missing', 'json', 'MissingAuthenticationTokenException', 400, /^Request is missing/],
    ['missing', 'query', 'MissingAuthenticationToken', 403, /^Request is missing/],
    ['missing', 's3', 'AccessDenied', 403, /^Access Denied$/],
    ['unknown-key', 'rest', 'UnrecognizedClientException', 403, /^The security token included/],
    ['unknown-key', 'json', 'UnrecognizedClientException', 400, /^The security token included/],
    ['unknown-key', 'query', 'InvalidClientTokenId', 403, /^The security token included/],
    ['unknown-key', 's3', 'InvalidAccessKeyId', 403, /^The AWS Access Key Id you provided/],
    ['expired-token', 'rest', 'ExpiredTokenException', 403, /is expired$/],
    ['expired-token', 's3', 'ExpiredToken', 400, /has expired\.$/],
    ['bad-signature', 'rest', 'InvalidSignatureException', 403, /^mine$/],
    ['bad-signature', 'query', 'SignatureDoesNotMatch', 403, /^mine$/],
    ['bad-signature', 's3', 'SignatureDoesNotMatch', 403, /^The request signature we calculated/],
    ['skew', 's3', 'RequestTimeTooSkewed', 403, /too large\.$/],
    ['unsupported', 's3', 'InvalidRequest', 400, /Please use AWS4-HMAC-SHA256\.$/],
    ['incomplete', 'query', 'IncompleteSignature', 403, /^mine$/],
  ]
  for (const [kind, dialect, code, status, message] of cases) {
    const error = toAwsError(new AuthFailure(kind, 'mine', { StringToSign: 'x' }), dialect)
    assert.deepEqual([error.code, error.status], [code, status], `${kind} ${dialect}`)
    assert.match(error.message, message)
    assert.deepEqual(error.fields, dialect === 's3' ? { StringToSign: 'x' } : {})
  }
})
