/**
 * Is a payload JSON, and if not, why, in the words that Lambda's callers see: Lambda reads payloads with Jackson and passes its
 * message on. The platform's parser decides; the scanner here only finds words for what that refused.
 * source: recorded InvalidRequestContentException messages of Invoke; Jackson's documented parse errors
 */
import { isUtf8 } from 'node:buffer'

const source = '[Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: '
const values = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
const literals: Readonly<Record<string, string>> = { t: 'true', f: 'false', n: 'null' }
const identifierStart = /^[\p{L}_$]$/u
const identifierPart = /^[\p{L}\p{N}_$]$/u

/** What is wrong with `bytes` as JSON text; undefined when nothing is. */
export function findJsonProblem(bytes: Uint8Array): string | undefined {
  if (!isUtf8(bytes)) return describeJsonProblem(bytes)
  try {
    JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString())
    return undefined
  } catch {
    return describeJsonProblem(bytes)
  }
}

/** The first problem of `bytes` and where it is, as Jackson words it. */
export function describeJsonProblem(bytes: Uint8Array): string {
  try {
    new Scanner(bytes).scan()
  } catch (problem) {
    if (problem instanceof Problem) return problem.message
    throw problem
  }
  // Nothing that Jackson would mind, but UTF-8 that is not well-formed.
  return 'Invalid UTF-8 middle byte'
}

class Problem extends Error {}

type Container = { readonly isObject: boolean; readonly line: number; readonly column: number }

/** Reads one value; throws at the first problem. Containers are a list, not calls: depth costs no stack. */
class Scanner {
  readonly #bytes: Uint8Array
  readonly #open: Container[] = []
  #at = 0
  #line = 1
  #lineStart = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  scan(): void {
    this.#skipSpace()
    if (this.#isAtEnd()) this.#fail('No content to map due to end-of-input')
    let expectsValue = true
    while (expectsValue) expectsValue = this.#value() || this.#afterValue()
    this.#skipSpace()
    if (this.#isAtEnd()) return
    if (!'"{[-0123456789'.includes(String.fromCharCode(this.#peek()))) this.#word()
    this.#failAtCharacter('Expected space separating root-level values')
  }

  /** Everything up to the next place where a value must follow. @returns false when the outermost value is complete */
  #afterValue(): boolean {
    for (;;) {
      const container = this.#open.at(-1)
      if (container === undefined) return false
      this.#skipSpace()
      if (this.#isAtEnd()) this.#failAtEnd()
      const byte = this.#peek()
      if (byte === (container.isObject ? 0x7d : 0x5d)) {
        this.#at++
        this.#open.pop()
        continue
      }
      if (byte !== 0x2c) {
        const kind = container.isObject ? 'Object' : 'Array'
        if (byte === 0x7d || byte === 0x5d) this.#failAtClose(container)
        this.#failAtCharacter(`was expecting comma to separate ${kind} entries`)
      }
      this.#at++
      this.#skipSpace()
      if (this.#isAtEnd()) this.#failAtEnd()
      if (container.isObject) this.#name()
      return true
    }
  }

  /** @returns true when it began a container whose first value must follow */
  #value(): boolean {
    const byte = this.#peek()
    if (byte === 0x7b || byte === 0x5b) return this.#container(byte === 0x7b)
    if (byte === 0x22) this.#string('VALUE_STRING')
    else if (byte === 0x2d || isDigit(byte)) this.#number()
    else this.#word()
    return false
  }

  #container(isObject: boolean): boolean {
    this.#open.push({ isObject, line: this.#line, column: this.#column() })
    this.#at++
    this.#skipSpace()
    if (this.#isAtEnd()) this.#failAtEnd()
    if (this.#peek() === (isObject ? 0x7d : 0x5d)) {
      this.#at++
      this.#open.pop()
      return false
    }
    if (isObject) this.#name()
    return true
  }

  #name(): void {
    if (this.#peek() !== 0x22)
      this.#failAtCharacter('was expecting double-quote to start field name')
    this.#string('FIELD_NAME')
    this.#skipSpace()
    if (this.#isAtEnd()) this.#fail('Unexpected end-of-input within/between Object entries')
    if (this.#peek() !== 0x3a) {
      this.#failAtCharacter('was expecting a colon to separate field name and value')
    }
    this.#at++
    this.#skipSpace()
    if (this.#isAtEnd()) this.#fail('Unexpected end-of-input within/between Object entries')
  }

  #string(kind: string): void {
    this.#at++
    for (;;) {
      if (this.#isAtEnd()) {
        const where = kind === 'FIELD_NAME' ? 'field name' : kind
        this.#fail(`Unexpected end-of-input in ${where}`)
      }
      const byte = this.#peek()
      if (byte === 0x22) break
      if (byte === 0x5c) this.#escape()
      else if (byte < 0x20) {
        this.#fail(
          `Illegal unquoted character (${describe(byte)}): has to be escaped using backslash to be included in ${kind === 'FIELD_NAME' ? 'name' : 'string value'}`,
        )
      } else if (byte < 0x80) this.#at++
      else this.#character()
    }
    this.#at++
  }

  #escape(): void {
    this.#at++
    if (this.#isAtEnd()) this.#fail('Unexpected end-of-input in character escape sequence')
    const letter = String.fromCharCode(this.#peek())
    if (!'"\\/bfnrtu'.includes(letter)) {
      this.#fail(`Unrecognized character escape ${describe(this.#codePoint())}`)
    }
    this.#at++
    for (let count = 0; letter === 'u' && count < 4; count++) {
      if (this.#isAtEnd()) this.#fail('Unexpected end-of-input in character escape sequence')
      if (!/[0-9A-Fa-f]/.test(String.fromCharCode(this.#peek()))) {
        this.#failAtCharacter('expected a hex-digit for character escape sequence')
      }
      this.#at++
    }
  }

  #number(): void {
    if (this.#peek() === 0x2d) {
      this.#at++
      this.#digit('expected digit (0-9) to follow minus sign, for valid numeric value')
      this.#at--
    }
    if (this.#peek() === 0x30 && isDigit(this.#bytes[this.#at + 1])) {
      this.#fail('Invalid numeric value: Leading zeroes not allowed')
    }
    this.#digits()
    if (this.#peek() === 0x2e) {
      this.#at++
      this.#digit('Decimal point not followed by a digit')
      this.#digits()
    }
    if ((this.#peek() | 0x20) === 0x65) {
      this.#at++
      if (this.#peek() === 0x2b || this.#peek() === 0x2d) this.#at++
      this.#digit('Exponent indicator not followed by a digit')
      this.#digits()
    }
    if (this.#open.length === 0 && !this.#isAtEnd() && !isSpace(this.#peek())) {
      this.#failAtCharacter('Expected space separating root-level values')
    }
  }

  #digit(expectation: string): void {
    if (this.#isAtEnd()) this.#fail(`Unexpected end-of-input in a Number value`)
    if (!isDigit(this.#peek())) {
      const character = describe(this.#peek())
      this.#fail(`Unexpected character (${character}) in numeric value: ${expectation}`)
    }
    this.#at++
  }

  #digits(): void {
    while (isDigit(this.#peek())) this.#at++
  }

  /** A literal, or something that is none. */
  #word(): void {
    const start = this.#peek()
    const container = this.#open.at(-1)
    if (
      (start === 0x7d || start === 0x5d) &&
      container !== undefined &&
      start !== closer(container)
    ) {
      this.#failAtClose(container)
    }
    if (!identifierStart.test(String.fromCodePoint(start))) {
      this.#failAtCharacter(`expected a valid value ${values}`)
    }
    let word = String.fromCodePoint(start)
    this.#at++
    while (!this.#isAtEnd() && word.length < 256) {
      const character = String.fromCodePoint(this.#codePoint())
      if (!identifierPart.test(character)) break
      word += character
      this.#character()
    }
    if (word !== literals[word.charAt(0)]) {
      this.#fail(`Unrecognized token '${word}': was expecting ${values}`)
    }
  }

  /** Step over one character outside ASCII. */
  #character(): void {
    this.#at += lengthOf(this.#codePoint())
  }

  /** The character here. Throws for bytes that are no UTF-8. */
  #codePoint(): number {
    const first = this.#peek()
    if (first < 0x80) return first
    const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2
    if (first < 0xc2 || first > 0xf4) this.#failAtByte('start', first, 0)
    let codePoint = first & (0x7f >> length)
    for (let index = 1; index < length; index++) {
      const next = this.#bytes[this.#at + index]
      if (next === undefined) this.#fail('Unexpected end-of-input in VALUE_STRING')
      if ((next & 0xc0) !== 0x80) this.#failAtByte('middle', next, index)
      codePoint = (codePoint << 6) | (next & 0x3f)
    }
    if (lengthOf(codePoint) !== length || codePoint > 0x10ffff) {
      this.#failAtByte('start', first, 0)
    }
    return codePoint
  }

  #skipSpace(): void {
    for (let byte = this.#peek(); isSpace(byte); byte = this.#peek()) {
      this.#at++
      if (byte === 0x0a) {
        this.#line++
        this.#lineStart = this.#at
      }
    }
  }

  #isAtEnd(): boolean {
    return this.#at >= this.#bytes.length
  }

  /** The byte here; -1 at the end. */
  #peek(): number {
    return this.#bytes[this.#at] ?? -1
  }

  #column(): number {
    return this.#at - this.#lineStart + 1
  }

  /** Jackson takes the byte here for a character. */
  #failAtCharacter(expectation: string): never {
    this.#fail(`Unexpected character (${describe(this.#peek())}): ${expectation}`)
  }

  /** Jackson has read the byte when it refuses it: the place is the one after. */
  #failAtByte(kind: 'start' | 'middle', byte: number, index: number): never {
    this.#at += index + 1
    this.#fail(`Invalid UTF-8 ${kind} byte 0x${byte.toString(16)}`)
  }

  #failAtClose(container: Container): never {
    const kind = container.isObject ? 'Object' : 'Array'
    const found = String.fromCharCode(this.#peek())
    const expected = String.fromCharCode(closer(container))
    this.#fail(
      `Unexpected close marker '${found}': expected '${expected}' (for ${kind} starting at ${startOf(container)})`,
    )
  }

  #failAtEnd(): never {
    const container = this.#open.at(-1)
    if (container === undefined) this.#fail('Unexpected end-of-input')
    const kind = container.isObject ? 'Object' : 'Array'
    this.#fail(
      `Unexpected end-of-input: expected close marker for ${kind} (start marker at ${startOf(container)})`,
    )
  }

  #fail(message: string): never {
    throw new Problem(`${message}\n at ${position(this.#line, this.#column())}`)
  }
}

function position(line: number, column: number): string {
  return `${source}${line}, column: ${column}]`
}

function startOf({ line, column }: Container): string {
  return position(line, column)
}

function closer(container: Container): number {
  return container.isObject ? 0x7d : 0x5d
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

function lengthOf(codePoint: number): number {
  if (codePoint < 0x80) return 1
  if (codePoint < 0x800) return 2
  return codePoint < 0x10000 ? 3 : 4
}

/** `'c' (code 99)`, or `(CTRL-CHAR, code 10)` for what cannot be shown. */
function describe(codePoint: number): string {
  const isControl = codePoint < 0x20 || (codePoint >= 0x7f && codePoint <= 0x9f)
  if (isControl) return `(CTRL-CHAR, code ${codePoint})`
  const code = codePoint > 0xff ? `${codePoint} / 0x${codePoint.toString(16)}` : codePoint
  return `'${String.fromCodePoint(codePoint)}' (code ${code})`
}
