/** Random values as XML and as the fields of a query-protocol form. */
import type { JsonValue } from './values.ts'

/** An XML document of a value, escaped as XML asks. */
export function xmlOf(name: string, value: JsonValue): string {
  const tag = name.replaceAll(/[^A-Za-z0-9]/g, '') || 'x'
  if (Array.isArray(value)) return value.map((item) => xmlOf(name, item)).join('')
  if (value !== null && typeof value === 'object') {
    const inner = Object.entries(value).map(([key, item]) => xmlOf(key, item))
    return `<${tag}>${inner.join('')}</${tag}>`
  }
  return `<${tag}>${escapeXml(String(value ?? ''))}</${tag}>`
}

const entities: Readonly<Record<string, string>> = { '<': '&lt;', '>': '&gt;', '&': '&amp;' }
const escapeXml = (text: string): string =>
  text.replaceAll(/[<>&]/g, (character) => entities[character] ?? '')

/** `&A.B.member.1=…` for every leaf of a value. */
export function formOf(value: JsonValue, prefix = ''): string {
  if (Array.isArray(value)) {
    return value.map((item, index) => formOf(item, `${prefix}.member.${index + 1}`)).join('')
  }
  if (value !== null && typeof value === 'object') {
    const fields = Object.entries(value)
    return fields
      .map(([key, item]) => formOf(item, prefix === '' ? key : `${prefix}.${key}`))
      .join('')
  }
  return `&${encodeURIComponent(prefix.toWellFormed())}=${encodeURIComponent(String(value).toWellFormed())}`
}
