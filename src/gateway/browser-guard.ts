/**
 * As long as everybody knows the secret (`test`), a web page could sign a request and have the user's browser send it to this
 * machine. Browsers say where a request comes from: pages of other sites are refused, and so are names that were bound to
 * the loopback address to look like the same site.
 */

type Headers = Readonly<Record<string, string>>

const loopbackHost = /^(?:localhost|[\w.-]+\.localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i

/** true when a browser sends the request on behalf of a page that is not served from this machine.
 *  source  W3C "Fetch Metadata Request Headers"; RFC 6454 section 7 */
export function isForeignPage(headers: Headers): boolean {
  const origin = headers['origin']
  const site = headers['sec-fetch-site']
  if (origin === undefined && site === undefined) return false
  if (!loopbackHost.test(headers['host'] ?? '')) return true
  if (origin !== undefined) return !loopbackHost.test(origin.replace(/^https?:\/\//, ''))
  return site !== 'same-origin' && site !== 'none'
}
