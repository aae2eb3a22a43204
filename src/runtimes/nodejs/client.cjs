'use strict'
// The Runtime API's client on one raw socket. What sets it apart from an HTTP library: the answer to one invocation and the
// request for the next leave in a single write, so that a warm invocation costs one read and one write here.
// source: AWS Lambda dev guide "Using the Lambda runtime API for custom runtimes"

const net = require('node:net')
const { ResponseReader } = require('./http-reader.cjs')

const VERSION = '/2018-06-01/runtime'
/** Above this a body is sent as bytes beside its head, instead of being joined to it as text. */
const JOIN_LIMIT = 32 * 1024
const AGENT = `lair-node/${process.version}`

/** One runtime's connection. Replies come in the order of the requests, so a queue of expectations is all it keeps.
 *  shape  expected: Array<(response) => void>   at most three: a stream's reply, a post's reply, a `next` */
class RuntimeClient {
  /** @param address       host:port
   *  @param onInvocation  called with (headers, body) when an event arrives
   *  @param onBroken      called once with an Error when the Runtime API cannot be used any more
   *  @param localName     abstract Unix socket of the same API; quicker than the port */
  constructor(address, onInvocation, onBroken, localName) {
    const colon = address.lastIndexOf(':')
    this.host = address.slice(0, colon)
    this.port = Number(address.slice(colon + 1))
    this.authority = address
    this.localName = localName
    this.onInvocation = onInvocation
    this.onBroken = onBroken
    this.expected = []
    this.isWaiting = false
    this.nextRequest = `GET ${VERSION}/invocation/next HTTP/1.1\r\nHost: ${address}\r\nUser-Agent: ${AGENT}\r\n\r\n`
    this.socket = undefined
  }

  /** Ask for the next event. */
  next() {
    this.write(this.nextRequest)
    this.expectNext()
  }

  /** Answer an invocation and ask for the next one, in one write.
   *  @param text  JSON text of the result */
  respond(id, text, isLast) {
    this.postAndNext(`${VERSION}/invocation/${id}/response`, '', text, isLast)
  }

  /** Report an invocation's error and ask for the next one. */
  fail(id, headers, text) {
    this.postAndNext(`${VERSION}/invocation/${id}/error`, headers, text, false)
  }

  postAndNext(path, headers, text, isLast) {
    const tail = isLast ? '' : this.nextRequest
    this.connected().ref()
    if (text.length <= JOIN_LIMIT) {
      this.write(this.head(path, headers, Buffer.byteLength(text)) + text + tail)
    } else {
      const bytes = Buffer.from(text)
      const socket = this.connected()
      socket.cork()
      socket.write(this.head(path, headers, bytes.length))
      socket.write(bytes)
      if (!isLast) socket.write(tail)
      socket.uncork()
    }
    this.expected.push(ignore)
    if (!isLast) this.expectNext()
  }

  /** Post an error after which this process ends. The reply (or the loss of the connection) calls `done`.
   *  @param path  `/init/error` or `/invocation/<id>/error` */
  failFinally(path, headers, text, done) {
    this.onBroken = done
    const bytes = Buffer.from(text)
    const socket = this.connected()
    socket.ref()
    socket.cork()
    socket.write(this.head(VERSION + path, headers, bytes.length))
    socket.write(bytes)
    socket.uncork()
    this.expected.push(done)
  }

  /** Begin a streamed answer: chunks are framed by the caller, who owns the socket until it calls `done`.
   *  @returns the socket, and a function to call with the callback for the reply once the last chunk is written */
  openStream(id, headers) {
    const socket = this.connected()
    socket.ref()
    socket.write(
      `POST ${VERSION}/invocation/${id}/response HTTP/1.1\r\nHost: ${this.authority}\r\nUser-Agent: ${AGENT}\r\n` +
        `Transfer-Encoding: chunked\r\n${headers}\r\n`,
    )
    return { socket, expectReply: (done) => this.expected.push(done) }
  }

  /** Call `done` when everything written so far has left this process. */
  afterWrites(done) {
    const socket = this.connected()
    socket.ref()
    socket.write('', done)
  }

  /** Let the process notice a drained event loop although a reply was awaited a moment ago. */
  release() {
    if (this.socket !== undefined) this.socket.unref()
  }

  head(path, headers, length) {
    return (
      `POST ${path} HTTP/1.1\r\nHost: ${this.authority}\r\nUser-Agent: ${AGENT}\r\n` +
      `Content-Type: application/json\r\n${headers}Content-Length: ${length}\r\n\r\n`
    )
  }

  expectNext() {
    this.isWaiting = true
    this.socket.ref()
    this.expected.push((response) => {
      if (response.status !== 200) {
        throw new Error(
          `Runtime API answered ${response.status} to next: ${response.body.toString()}`,
        )
      }
      this.isWaiting = false
      // From here only the handler's own work keeps the process alive: a drained event loop must be noticed.
      this.socket.unref()
      // In a tick of its own: the handler's stack traces stay short, and nothing it throws is taken for a broken stream.
      process.nextTick(this.onInvocation, response.headers, response.body)
    })
  }

  write(text) {
    this.connected().write(text)
  }

  connected() {
    if (this.socket !== undefined) return this.socket
    const socket =
      this.localName === undefined
        ? net.connect({ host: this.host, port: this.port, noDelay: true })
        : net.connect({ path: `\0${this.localName}` })
    const reader = new ResponseReader((response) => this.accept(socket, response))
    socket.setNoDelay(true)
    socket.on('data', (bytes) => {
      try {
        reader.push(bytes)
      } catch (error) {
        this.lose(socket, error)
      }
    })
    socket.on('error', (error) => this.lose(socket, error))
    socket.on('close', () => this.lose(socket, new Error('Runtime API closed the connection')))
    this.socket = socket
    return socket
  }

  accept(socket, response) {
    const reply = this.expected.shift()
    if (reply === undefined) throw new Error('Runtime API sent a response to no request')
    if ((response.headers.connection || '').toLowerCase() === 'close') this.leave(socket)
    reply(response)
  }

  /** The server ends this connection after a reply: what was sent behind it is sent again on a new one. */
  leave(socket) {
    this.socket = undefined
    socket.destroy()
    if (this.isWaiting && this.expected.length > 0) {
      this.expected = []
      this.next()
    } else {
      this.connected().unref()
    }
  }

  lose(socket, error) {
    if (socket !== this.socket) return
    this.socket = undefined
    socket.destroy()
    this.onBroken(error)
  }
}

function ignore() {}

module.exports = { RuntimeClient }
