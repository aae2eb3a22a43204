/**
 * As long as everybody knows the secret (`test`), a web page could sign a request and have the user's browser send it to this
 * machine. Browsers say where a request comes from: pages of other sites are refused, and so are names that were bound to
 * the loopback address to look like the same site.
 */

type Headers = Readonly<Record<string, string>>

const loopbackHost = /^(?:localhost|[\w.-]+\.localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i

/** names that no public DNS holds, so that no site can be bound to them: words, addresses, private domains */
const privateHost =
  /^(?:[^.]*|[\d.]+|\[[\d.:a-f]+\]|.*\.(?:internal|localhost|test))(?::\d{1,5})?$/i

/** Pages of function URLs come from this machine, too, but what they show is not this machine's own. */
const functionHost = /\.lambda-url\./i

/** true when a browser sends the request on behalf of a page that is not served from this machine. The GET of a page whose own
 *  name was bound to loopback has neither Origin nor Sec-Fetch-Site; Accept-Language gives it away, which every browser sends
 *  and no page can leave out.
 *  source  W3C "Fetch Metadata Request Headers"; Fetch standard, "HTTP-network-or-cache fetch"; RFC 6454 section 7 */
export function isForeignPage(headers: Headers): boolean {
  const origin = headers['origin'] ?? originOf(headers['referer'])
  const site = headers['sec-fetch-site']
  const host = headers['host'] ?? ''
  if (origin === undefined && site === undefined) {
    return headers['accept-language'] !== undefined && !privateHost.test(host)
  }
  if (!loopbackHost.test(host)) return true
  if (origin !== undefined) {
    const from = origin.replace(/^https?:\/\//, '')
    return !loopbackHost.test(from) || functionHost.test(from)
  }
  return site !== undefined && site !== 'same-origin' && site !== 'none'
}

function originOf(referer: string | undefined): string | undefined {
  return referer === undefined ? undefined : (/^https?:\/\/[^/?#]*/.exec(referer)?.[0] ?? referer)
}
