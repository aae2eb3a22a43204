/** Which ARNs may be the destination of asynchronous invocations, and which the dead-letter queue of a function. */
import { parseFunctionReference } from '../../../lib/arn.ts'
import { invalidParameterValue } from '../../../lib/errors/lambda.ts'
import type { Documents } from '../../../store/store.ts'
import { functionKey } from '../records.ts'
import type { Located } from '../names.ts'

/** The two destinations of a configuration. */
export type Destinations = {
  readonly onSuccess?: string
  readonly onFailure?: string
}

const resourceArn =
  /^arn:aws[a-zA-Z-]*:(?<service>[a-z0-9-]+):(?<region>[a-z0-9-]*):(?<account>\d{12})?:(?<resource>.+)$/
const successServices = ['lambda', 'sqs', 'sns', 'events']
const failureServices = [...successServices, 's3']

/** Check the destinations of a function.
 *  @param located  the function whose outcomes go there
 *  @throws AwsError InvalidParameterValueException (400)
 *  @source AWS Lambda dev guide "Capturing records of Lambda asynchronous invocations"; recorded answers */
export function checkDestinations(
  documents: Documents,
  located: Located,
  { onSuccess, onFailure }: Destinations,
): void {
  const isKnown = isServedBy(onSuccess, successServices) && isServedBy(onFailure, failureServices)
  if (!isKnown) {
    const success = onSuccess === undefined ? 'null' : `OnSuccess(destination=${onSuccess})`
    const failure = onFailure === undefined ? 'null' : `OnFailure(destination=${onFailure})`
    throw invalidParameterValue(
      `The provided destination config DestinationConfig(onSuccess=${success}, onFailure=${failure}) is invalid.`,
    )
  }
  for (const arn of [onSuccess, onFailure]) {
    if (arn !== undefined) checkDestination(documents, located, arn)
  }
}

function isServedBy(arn: string | undefined, services: readonly string[]): boolean {
  return arn === undefined || services.includes(serviceOf(arn))
}

function checkDestination(documents: Documents, located: Located, arn: string): void {
  switch (serviceOf(arn)) {
    case 'lambda':
      checkFunction(documents, located, arn)
      return
    case 'sns':
      if (!isFifo(arn)) return
      throw invalidParameterValue("FIFO-type Amazon SNS topics aren't supported as a destination.")
    case 'sqs':
      if (isFifo(arn)) throw invalidDestination(arn)
      return
    default:
  }
}

/** Another function of the same account and region, which is there. */
function checkFunction(documents: Documents, { place, functionName }: Located, arn: string): void {
  const reference = parseFunctionReference(arn)
  if (
    reference?.accountId !== place.accountId ||
    reference.region !== place.region ||
    documents.get(functionKey(place, reference.functionName)) === undefined
  ) {
    throw invalidDestination(arn)
  }
  if (reference.functionName === functionName) {
    throw invalidParameterValue("You can't specify the function as a destination for itself.")
  }
}

/** Check the target of a dead-letter configuration; empty takes it away.
 *  @throws AwsError InvalidParameterValueException (400)
 *  @source AWS Lambda dev guide "Adding a dead-letter queue" */
export function checkDeadLetterTarget(arn: string | undefined): void {
  if (arn === undefined || arn === '') return
  const service = serviceOf(arn)
  if (service !== 'sqs' && service !== 'sns') {
    throw invalidParameterValue(
      'Invalid dead letter queue ARN: Only Amazon SQS queues and Amazon SNS topics are supported.',
    )
  }
  if (!isFifo(arn)) return
  const kind = service === 'sqs' ? 'SQS queue' : 'SNS topic'
  throw invalidParameterValue(
    `Invalid dead letter queue ARN: FIFO ${kind} is not supported for dead letter configuration`,
  )
}

function invalidDestination(arn: string): Error {
  return invalidParameterValue(`The destination ARN ${arn} is invalid.`)
}

function serviceOf(arn: string): string {
  return resourceArn.exec(arn)?.groups?.['service'] ?? ''
}

function isFifo(arn: string): boolean {
  return arn.endsWith('.fifo')
}
