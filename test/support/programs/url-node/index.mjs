// Functions behind URLs. What they do is told by the query.
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** Buffered: the event itself as the body, or what `answer` says. */
export const echo = async (event) => {
  const { answer, fail } = event.queryStringParameters ?? {}
  if (fail) throw new Error(fail)
  if (answer) return JSON.parse(answer)
  return { statusCode: 200, headers: { 'x-own': 'yes' }, cookies: ['a=1', 'b=2'], body: JSON.stringify(event) }
}

/** Streamed: `count` lines with the time each was written, `pause` ms apart. */
export const stream = awslambda.streamifyResponse(async (event, output) => {
  const { count = 3, pause = 50, plain, early, fail, mib = 0 } = event.queryStringParameters ?? event
  if (early) throw new Error('early')
  const prelude = {
    statusCode: 201,
    headers: { 'content-type': 'text/plain', 'x-smuggled': 'a\r\nx-evil: 1', 'content-length': '5' },
    cookies: ['a=1', 'b=2\r\nx-evil: 1'],
  }
  const to = plain ? output : awslambda.HttpResponseStream.from(output, prelude)
  const block = Buffer.alloc(1024 * 1024, 'x')
  for (let index = 0; index < mib; index += 1) {
    if (!to.write(block)) await new Promise((resolve) => to.once('drain', resolve))
  }
  for (let index = 0; index < count; index += 1) {
    to.write(`${performance.timeOrigin + performance.now()}\n`)
    await wait(pause)
  }
  if (fail) throw new TypeError('late')
  to.end()
})
