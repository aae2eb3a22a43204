/**
 * Why a request was not let in, and how each family of services words it. A failure is found before the service is always
 * known, so it is kept apart from the AwsError it becomes.
 */
import { AwsError } from '../../lib/errors/aws-error.ts'
import type { AwsErrorFields } from '../../lib/errors/aws-error.ts'

/** `rest`: restJson1 and unknown services; `json`: awsJson and CBOR; `query`: awsQuery; `s3`: restXml. */
export type Dialect = 'rest' | 'json' | 'query' | 's3'

export type AuthFailureKind =
  | 'missing'
  | 'unsupported'
  | 'incomplete'
  | 'incomplete-query'
  | 'scope'
  | 'unknown-key'
  | 'bad-token'
  | 'expired-token'
  | 'bad-signature'
  | 'skew'
  | 'presign-expired'
  | 'unsigned-headers'
  | 'payload-mismatch'

/** The request is not signed as it must be. */
export class AuthFailure extends Error {
  override readonly name = 'AuthFailure'
  readonly kind: AuthFailureKind
  /** members S3 sends beside the message */
  readonly fields: AwsErrorFields

  constructor(kind: AuthFailureKind, message: string, fields: AwsErrorFields = {}) {
    super(message)
    this.kind = kind
    this.fields = fields
  }
}

type Wording = {
  readonly code: string
  readonly status: number
  /** replaces the failure's own message */
  readonly message?: string
}

const invalidToken = 'The security token included in the request is invalid.'
const expiredToken = 'The security token included in the request is expired'

const rest: Record<AuthFailureKind, Wording> = {
  missing: {
    code: 'MissingAuthenticationTokenException',
    status: 403,
    message: 'Missing Authentication Token',
  },
  unsupported: { code: 'IncompleteSignatureException', status: 403 },
  incomplete: { code: 'IncompleteSignatureException', status: 403 },
  'incomplete-query': { code: 'IncompleteSignatureException', status: 403 },
  scope: { code: 'InvalidSignatureException', status: 403 },
  'unknown-key': { code: 'UnrecognizedClientException', status: 403, message: invalidToken },
  'bad-token': { code: 'UnrecognizedClientException', status: 403, message: invalidToken },
  'expired-token': { code: 'ExpiredTokenException', status: 403, message: expiredToken },
  'bad-signature': { code: 'InvalidSignatureException', status: 403 },
  skew: { code: 'InvalidSignatureException', status: 403 },
  'presign-expired': { code: 'InvalidSignatureException', status: 403 },
  'unsigned-headers': { code: 'InvalidSignatureException', status: 403 },
  'payload-mismatch': { code: 'InvalidSignatureException', status: 403 },
}

const missing = 'Request is missing Authentication Token'

const json: Record<AuthFailureKind, Wording> = {
  ...mapStatus(rest, 400),
  missing: { code: 'MissingAuthenticationTokenException', status: 400, message: missing },
}

const query: Record<AuthFailureKind, Wording> = {
  missing: { code: 'MissingAuthenticationToken', status: 403, message: missing },
  unsupported: { code: 'IncompleteSignature', status: 403 },
  incomplete: { code: 'IncompleteSignature', status: 403 },
  'incomplete-query': { code: 'IncompleteSignature', status: 403 },
  scope: { code: 'SignatureDoesNotMatch', status: 403 },
  'unknown-key': { code: 'InvalidClientTokenId', status: 403, message: invalidToken },
  'bad-token': { code: 'InvalidClientTokenId', status: 403, message: invalidToken },
  'expired-token': { code: 'ExpiredToken', status: 403, message: expiredToken },
  'bad-signature': { code: 'SignatureDoesNotMatch', status: 403 },
  skew: { code: 'SignatureDoesNotMatch', status: 403 },
  'presign-expired': { code: 'SignatureDoesNotMatch', status: 403 },
  'unsigned-headers': { code: 'SignatureDoesNotMatch', status: 403 },
  'payload-mismatch': { code: 'SignatureDoesNotMatch', status: 403 },
}

const s3: Record<AuthFailureKind, Wording> = {
  missing: { code: 'AccessDenied', status: 403, message: 'Access Denied' },
  unsupported: {
    code: 'InvalidRequest',
    status: 400,
    message:
      'The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.',
  },
  incomplete: { code: 'AuthorizationHeaderMalformed', status: 400 },
  'incomplete-query': { code: 'AuthorizationQueryParametersError', status: 400 },
  scope: { code: 'AuthorizationHeaderMalformed', status: 400 },
  'unknown-key': {
    code: 'InvalidAccessKeyId',
    status: 403,
    message: 'The AWS Access Key Id you provided does not exist in our records.',
  },
  'bad-token': {
    code: 'InvalidToken',
    status: 400,
    message: 'The provided token is malformed or otherwise invalid.',
  },
  'expired-token': {
    code: 'ExpiredToken',
    status: 400,
    message: 'The provided token has expired.',
  },
  'bad-signature': {
    code: 'SignatureDoesNotMatch',
    status: 403,
    message:
      'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
  },
  skew: {
    code: 'RequestTimeTooSkewed',
    status: 403,
    message: 'The difference between the request time and the current time is too large.',
  },
  'presign-expired': { code: 'AccessDenied', status: 403, message: 'Request has expired' },
  'unsigned-headers': {
    code: 'AccessDenied',
    status: 403,
    message: 'There were headers present in the request which were not signed',
  },
  'payload-mismatch': {
    code: 'XAmzContentSHA256Mismatch',
    status: 400,
    message: "The provided 'x-amz-content-sha256' header does not match what was computed.",
  },
}

const wordings: Record<Dialect, Record<AuthFailureKind, Wording>> = { rest, json, query, s3 }

/** The error as this family of services sends it.
 *  source  "Common Errors" of the API references of Lambda, DynamoDB, STS; "Error responses" of S3 */
export function toAwsError(failure: AuthFailure, dialect: Dialect): AwsError {
  const wording = wordings[dialect][failure.kind]
  return new AwsError({
    code: wording.code,
    status: wording.status,
    message: wording.message ?? failure.message,
    ...(dialect === 's3' ? { fields: failure.fields } : {}),
  })
}

function mapStatus(
  table: Record<AuthFailureKind, Wording>,
  status: number,
): Record<AuthFailureKind, Wording> {
  const mapped = { ...table }
  for (const kind of Object.keys(mapped) as AuthFailureKind[]) {
    mapped[kind] = { ...mapped[kind], status }
  }
  return mapped
}
