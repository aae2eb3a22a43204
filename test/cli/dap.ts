/** A client of the debug adapter protocol, as an editor is one: JSON behind Content-Length, over TCP. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { Mailbox } from './mailbox.ts'

export type DebugAdapter = Disposable & {
  /** Ask without waiting for the answer. */
  send(command: string, args?: object): number
  /** the body of the answer to what was sent, or asked now */
  answer(sequence: number): Promise<Readonly<Record<string, unknown>>>
  call(command: string, args?: object): Promise<Readonly<Record<string, unknown>>>
  event(name: string): Promise<Readonly<Record<string, unknown>>>
}

type Message = {
  readonly type: string
  readonly request_seq?: number
  readonly success?: boolean
  readonly message?: string
  readonly event?: string
  readonly body?: Readonly<Record<string, unknown>>
}

const timeoutMs = 20_000

/** Connect to debugpy behind a port. */
export async function connectAdapter(port: number): Promise<DebugAdapter> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  const messages = new Mailbox<Message>(timeoutMs)
  let bytes = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk])
    for (;;) {
      const end = bytes.indexOf('\r\n\r\n')
      const length = Number(/Content-Length: (\d+)/.exec(bytes.toString('latin1'))?.[1])
      if (end === -1 || bytes.length < end + 4 + length) break
      messages.put(JSON.parse(bytes.subarray(end + 4, end + 4 + length).toString()) as Message)
      bytes = bytes.subarray(end + 4 + length)
    }
  })
  let count = 0
  const send = (command: string, args: object = {}): number => {
    count += 1
    const body = JSON.stringify({ seq: count, type: 'request', command, arguments: args })
    socket.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
    return count
  }
  const answer = async (sequence: number): Promise<Readonly<Record<string, unknown>>> => {
    const found = await messages.take((message) => message.request_seq === sequence)
    assert.equal(found.success, true, found.message)
    return found.body ?? {}
  }
  return {
    send,
    answer,
    call: (command, args) => answer(send(command, args)),
    async event(name) {
      return (await messages.take((message) => message.event === name)).body ?? {}
    },
    [Symbol.dispose]: () => socket.destroy(),
  }
}
