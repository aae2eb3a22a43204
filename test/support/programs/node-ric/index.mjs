// Does what its event asks for, for the Node runtime interface client (aws-lambda-ric).
import { setTimeout as sleep } from 'node:timers/promises'

if (process.env.INIT === 'fail') throw new Error('node failed to start as asked')

const buffered = async (event, context) => {
  if (event?.fail) throw new Error('node failed as asked')
  if (event?.do === 'exit') process.exit(7)
  if (event?.do === 'sleep') await sleep(event.ms)
  if (event?.do === 'context') return describe(context)
  return { runtime: 'node', event }
}

function describe(context) {
  const { identity, clientContext } = context
  return {
    requestId: context.awsRequestId,
    functionArn: context.invokedFunctionArn,
    remainingMs: context.getRemainingTimeInMillis(),
    custom: clientContext?.custom ?? clientContext?.Custom,
    identity: identity && [identity.cognitoIdentityId, identity.cognitoIdentityPoolId],
  }
}

const streamed = async (event, stream) => {
  for (const piece of ['one ', 'two ', 'three']) {
    stream.write(piece)
    await sleep(150)
    if (event.break) throw new Error('node broke as asked')
  }
  stream.end()
}

export const handler =
  process.env.STREAM === undefined ? buffered : awslambda.streamifyResponse(streamed)
