// The shortest runtime client there is in Node, for measuring: raw socket, `next` in the same write as the response.
import { connect } from 'node:net'

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':')
const next = `GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n`
const idField = 'Lambda-Runtime-Aws-Request-Id: '
const socket = connect(Number(port), host, () => socket.write(next))
socket.setNoDelay(true)
socket.on('data', (chunk) => {
  const text = chunk.latin1Slice()
  const at = text.indexOf(idField)
  if (at === -1) return
  const id = text.substr(at + idField.length, 36)
  const body = text.slice(text.indexOf('\r\n\r\n', at) + 4)
  socket.write(
    `POST /2018-06-01/runtime/invocation/${id}/response HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}${next}`,
  )
})
