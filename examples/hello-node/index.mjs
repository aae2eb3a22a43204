// Answers with a greeting and says how often this environment was asked: globals survive warm invocations.
let count = 0

export const handler = async (event, context) => {
  count += 1
  console.log('Greeting', event.name ?? 'world')
  return { message: `Hello, ${event.name ?? 'world'}!`, count, requestId: context.awsRequestId }
}
