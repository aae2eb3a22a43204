'use strict'
// The context object of an invocation, from the environment and the headers of `next`.
// source: AWS Lambda dev guide "Using the Lambda context object to retrieve Node.js function information"

/** @returns the members that do not change during the life of a process */
function environmentMembers() {
  const env = process.env
  return {
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
  }
}

/** @param headers  of `next`, names in lower case
 *  @returns the members that belong to one invocation; throws when a header should be JSON and is not */
function invocationMembers(headers) {
  const deadlineMs = Number(headers['lambda-runtime-deadline-ms'])
  return {
    clientContext: parseJson(headers['lambda-runtime-client-context'], 'ClientContext'),
    identity: parseJson(headers['lambda-runtime-cognito-identity'], 'CognitoIdentity'),
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    awsRequestId: headers['lambda-runtime-aws-request-id'],
    tenantId: headers['lambda-runtime-aws-tenant-id'],
    getRemainingTimeInMillis: () => deadlineMs - Date.now(),
  }
}

function parseJson(text, name) {
  if (!text) return undefined
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Error(`Cannot parse ${name} as json: ${error}`)
  }
}

module.exports = { environmentMembers, invocationMembers }
