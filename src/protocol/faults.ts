/**
 * The errors that the codec itself raises: what AWS's own front end answers before a service sees the request.
 * source: "Common error types" of the API references; texts as observed in public error reports of each service.
 */
import { AwsError } from '../lib/errors/aws-error.ts'
import type { ServiceName } from './services.ts'

/** A value of the wrong JSON or CBOR type, or a body that is no JSON. */
export function serializationError(message: string): AwsError {
  return new AwsError({ code: 'SerializationException', status: 400, message })
}

/** A form body that does not fit the operation. */
export function malformedInput(message: string): AwsError {
  return new AwsError({ code: 'MalformedInput', status: 400, message })
}

/** An XML body that is no XML or does not fit. source: Amazon S3 API reference, "List of error codes" */
export function malformedXml(): AwsError {
  return new AwsError({
    code: 'MalformedXML',
    status: 400,
    message:
      'The XML you provided was not well-formed or did not validate against our published schema',
  })
}

/** A path with a broken percent escape. */
export function malformedUri(): AwsError {
  return new AwsError({
    code: 'InvalidURI',
    status: 400,
    message: "Couldn't parse the specified URI.",
  })
}

const invalidParameter: readonly ServiceName[] = ['cloudwatch-logs', 'ecr']
const badRequest: readonly ServiceName[] = ['api-gateway', 'apigatewayv2']
const validationFault: readonly ServiceName[] = ['iam', 'sts', 'cloudformation', 'sns']

/** Name of the error by which a service reports violated constraints. */
export function validationCode(service: ServiceName): string {
  if (invalidParameter.includes(service)) return 'InvalidParameterException'
  if (badRequest.includes(service)) return 'BadRequestException'
  if (validationFault.includes(service)) return 'ValidationError'
  if (service === 's3') return 'InvalidRequest'
  return 'ValidationException'
}
