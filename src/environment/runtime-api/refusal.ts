/** Refusing a request: its body is read to the end and dropped, so that a client that is still sending sees the answer. */
import type { Receiver } from './connection.ts'

/** @param reply  whole HTTP response */
export function refusal(reply: string): Receiver {
  return { maxBytes: 0, end: (_body, connection) => connection.reply(reply) }
}
