/** Timestamps in the three forms of the wire. source: Smithy 2.0, "timestampFormat trait" */
import { unreachable } from '../lib/assert.ts'
import type { TimestampFormat } from './shape-model.ts'

const dateTime = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:?\d\d)$/
const httpDate = /^[A-Z][a-z]{2,8},? \d\d[ -][A-Z][a-z]{2}[ -]\d{2,4} \d\d:\d\d:\d\d GMT$/
const seconds = /^[+-]?\d{1,15}(?:\.\d{1,9})?(?:[eE][+-]?\d{1,2})?$/

/** Read a timestamp in whichever form it comes.
 *  @returns undefined when it is none */
export function parseTimestamp(value: unknown): Date | undefined {
  if (typeof value === 'number') return validDate(value * 1000)
  if (typeof value !== 'string' || value.length > 64) return undefined
  if (seconds.test(value)) return validDate(Number(value) * 1000)
  if (dateTime.test(value) || httpDate.test(value)) return validDate(Date.parse(value))
  return undefined
}

function validDate(epochMs: number): Date | undefined {
  const date = new Date(Math.round(epochMs))
  return Number.isNaN(date.getTime()) ? undefined : date
}

/** Write a timestamp; epoch seconds as a decimal number. */
export function formatTimestamp(date: Date, format: TimestampFormat): string {
  switch (format) {
    case 'date-time':
      return date.toISOString().replace('.000Z', 'Z')
    case 'http-date':
      return date.toUTCString()
    case 'epoch-seconds':
      return String(date.getTime() / 1000)
    default:
      return unreachable(format)
  }
}
