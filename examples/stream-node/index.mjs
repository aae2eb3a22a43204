// Counts down while the client listens: each line is at the client before the next is written.
export const handler = awslambda.streamifyResponse(async (event, stream) => {
  const from = Number(event.queryStringParameters?.from ?? 3)
  stream.setContentType('text/plain')
  for (let count = from; count > 0; count -= 1) {
    stream.write(`${count}\n`)
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  stream.end('lift-off\n')
})
