/**
 * What commands print: plain lines on standard output, progress and errors on standard error, colours where the terminal allows
 * (NO_COLOR and redirected output are respected), JSON where a program reads.
 */
import { styleText } from 'node:util'

type Style = Parameters<typeof styleText>[0]

/** Style `text` if `stream` is a terminal that shows it. */
export function styled(
  style: Style,
  text: string,
  stream: NodeJS.WriteStream = process.stdout,
): string {
  return styleText(style, text, { stream, validateStream: true })
}

/** One line on standard output. */
export function print(line = ''): void {
  process.stdout.write(`${line}\n`)
}

/** A value as one line of JSON on standard output. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`)
}

/** One line of news on standard error: never mixed into what a program reads. */
export function note(line: string): void {
  process.stderr.write(`${styled('dim', line, process.stderr)}\n`)
}

/** Log text for people: runtimes keep an event on one line by carriage returns, over which a terminal would write. */
export function unfolded(log: string): string {
  return log.replaceAll('\r', '\n')
}

/** A command cannot go on: the sentence says why and what to do. Printed without a stack; exit status 1 unless given. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  readonly exitStatus: number

  constructor(message: string, exitStatus = 1) {
    super(message)
    this.exitStatus = exitStatus
  }
}

/** Rows as a table of left-aligned columns, the first row being the head. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = []
  for (const row of rows) {
    for (const [column, cell] of row.entries()) {
      widths[column] = Math.max(widths[column] ?? 0, cell.length)
    }
  }
  const lines = rows.map((row, index) => {
    const line = row
      .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
    return index === 0 ? styled('bold', line) : line
  })
  return lines.join('\n')
}

/** A progress line that rewrites itself on a terminal and stays silent elsewhere. */
export function progress(): { say(text: string): void; end(): void } {
  const stream = process.stderr
  if (!stream.isTTY) return { say: () => undefined, end: () => undefined }
  return {
    say: (text) => stream.write(`\r\u001B[2K${styled('dim', text, stream)}`),
    end: () => stream.write('\r\u001B[2K'),
  }
}

/** A byte count for people: `1.5 MiB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB']
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit] ?? ''}`
}
