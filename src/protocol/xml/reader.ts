/**
 * A small XML reader for request bodies: elements, attributes, text, CDATA, the five named entities and numeric ones. No DTD and no other
 * entity is ever read; depth and number of elements are limited. Linear in the length of the text.
 * source: XML 1.0 (fifth edition), of which a document type declaration is refused.
 */

export type XmlElement = {
  /** without a namespace prefix */
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: readonly XmlElement[]
  readonly text: string
}

/** The text is no XML, or more than the reader takes. */
export class BadXml extends Error {
  override readonly name = 'BadXml'
}

const maxDepth = 48
const maxElementCount = 200_000
const maxAttributeCount = 64

type Open = {
  readonly name: string
  readonly attributes: Record<string, string>
  readonly children: XmlElement[]
  text: string
}

/** What is known while reading: the elements not closed yet, the root once it is. */
type Progress = { readonly open: Open[]; root: XmlElement | undefined; elementCount: number }

/** Parse a document.
 *  @returns its root element
 *  @throws BadXml */
export function readXml(text: string): XmlElement {
  const progress: Progress = { open: [], root: undefined, elementCount: 0 }
  let position = text.charCodeAt(0) === 0xfeff ? 1 : 0
  while (position < text.length) {
    const start = text.indexOf('<', position)
    addText(progress.open.at(-1), text.slice(position, start === -1 ? undefined : start))
    if (start === -1) break
    position = skipMarkup(text, start, progress.open.at(-1)) ?? readTag(progress, text, start)
  }
  const { root, open } = progress
  if (root === undefined || open.length > 0) throw new BadXml('The document is not complete')
  return root
}

/** Read a start, end or empty tag; returns the position behind it. */
function readTag(progress: Progress, text: string, start: number): number {
  const { open } = progress
  const end = tagEnd(text, start)
  const tag = text.slice(start + 1, end)
  if (tag.startsWith('/')) {
    const closed = open.pop()
    if (closed?.name !== tag.slice(1).trimEnd()) throw new BadXml('A tag is not closed')
    finish(progress, closed)
    return end + 1
  }
  progress.elementCount += 1
  if (progress.root !== undefined || progress.elementCount > maxElementCount) {
    throw new BadXml('Too many elements')
  }
  const isEmpty = tag.endsWith('/')
  const element = openTag(isEmpty ? tag.slice(0, -1) : tag)
  if (isEmpty) finish(progress, element)
  else if (open.push(element) > maxDepth) throw new BadXml('Elements are nested too deeply')
  return end + 1
}

/** Put a finished element into its parent; the one without a parent is the root. */
function finish(progress: Progress, element: Open): void {
  const finished = { ...element, name: element.name.slice(element.name.indexOf(':') + 1) }
  const parent = progress.open.at(-1)
  if (parent === undefined) progress.root = finished
  else parent.children.push(finished)
}

function addText(element: Open | undefined, text: string): void {
  if (text === '') return
  if (element === undefined) {
    if (text.trim() !== '') throw new BadXml('Text stands outside the root element')
    return
  }
  element.text += unescape(text)
}

/** Position behind a comment, an instruction or a CDATA section; undefined when a tag starts here. */
function skipMarkup(text: string, start: number, element: Open | undefined): number | undefined {
  if (text.startsWith('<?', start)) return endOf(text, '?>', start + 2)
  if (!text.startsWith('<!', start)) return undefined
  if (text.startsWith('<!--', start)) return endOf(text, '-->', start + 4)
  if (!text.startsWith('<![CDATA[', start) || element === undefined) {
    throw new BadXml('Document types are not accepted')
  }
  const end = endOf(text, ']]>', start + 9)
  element.text += text.slice(start + 9, end - 3)
  return end
}

function endOf(text: string, mark: string, from: number): number {
  const found = text.indexOf(mark, from)
  if (found === -1) throw new BadXml('The document is not complete')
  return found + mark.length
}

/** The `>` that ends a tag; one inside quotes does not. */
function tagEnd(text: string, start: number): number {
  let quote = ''
  for (let index = start + 1; index < text.length; index += 1) {
    const character = text.charAt(index)
    if (quote !== '') {
      if (character === quote) quote = ''
    } else if (character === '"' || character === "'") quote = character
    else if (character === '>') return index
    else if (character === '<') break
  }
  throw new BadXml('A tag is not complete')
}

const nameStart = /^[\p{L}_][\p{L}\p{N}_.\-·]*(?::[\p{L}_][\p{L}\p{N}_.\-·]*)?/u
const attribute = /\s+([^\s=<>"'/]+)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')/y

function openTag(tag: string): Open {
  const name = nameStart.exec(tag)?.[0]
  if (name === undefined) throw new BadXml('A tag has no name')
  const attributes: Record<string, string> = Object.create(null) as Record<string, string>
  attribute.lastIndex = name.length
  let position = name.length
  for (let count = 0; ; count += 1) {
    const found = attribute.exec(tag)
    if (found === null) break
    if (count >= maxAttributeCount) throw new BadXml('Too many attributes')
    attributes[found[1] ?? ''] = unescape(found[2] ?? found[3] ?? '')
    position = attribute.lastIndex
  }
  if (tag.slice(position).trim() !== '') throw new BadXml('An attribute is malformed')
  return { name, attributes, children: [], text: '' }
}

const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

function unescape(text: string): string {
  if (!text.includes('&')) return text.includes('\r') ? text.replaceAll(/\r\n?/g, '\n') : text
  return text
    .replaceAll(/\r\n?/g, '\n')
    .replaceAll(/&(?:#(\d{1,7})|#x([\da-fA-F]{1,6})|([a-z]{1,8}))?;?/g, (whole, ...groups) => {
      const [decimal, hex, name] = groups as (string | undefined)[]
      if (!whole.endsWith(';')) throw new BadXml('An entity is malformed')
      if (name !== undefined) return named[name] ?? unknownEntity()
      if (decimal === undefined && hex === undefined) return unknownEntity()
      return characterOf(decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal))
    })
}

function characterOf(code: number): string {
  if (code === 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return unknownEntity()
  return String.fromCodePoint(code)
}

function unknownEntity(): never {
  throw new BadXml('An entity is not known')
}
