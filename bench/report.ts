/** What a benchmark found, and how it is printed: a table for people, JSON for comparing runs. */
import { cpus } from 'node:os'

export type Finding = {
  readonly scenario: string
  readonly subject: string
  readonly value: number
  readonly unit: 'µs' | 'ms' | '/s' | 'MiB' | 'x' | ''
  /** a promise of SPECIFICATION.md: at most, or at least, this */
  readonly atMost?: number
  readonly atLeast?: number
}

/** Is a promise kept? undefined where none was made. */
export function isKept(finding: Finding): boolean | undefined {
  const { value, atMost, atLeast } = finding
  if (atMost !== undefined) return value <= atMost
  if (atLeast !== undefined) return value >= atLeast
  return undefined
}

/** One line a finding. */
export function toTable(findings: readonly Finding[]): string {
  const rows = findings.map((finding) => [
    finding.scenario,
    finding.subject,
    `${format(finding.value)} ${finding.unit}`,
    promiseOf(finding),
  ])
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const lines = rows.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0
        return column === 2 ? cell.padStart(width) : cell.padEnd(width)
      })
      .join('  ')
      .trimEnd(),
  )
  return lines.join('\n')
}

/** The whole run as JSON. */
export function toJson(findings: readonly Finding[], startedAt: Date): string {
  const machine = { cpus: cpus().length, model: cpus()[0]?.model ?? '', node: process.version }
  return JSON.stringify({ startedAt: startedAt.toISOString(), machine, findings }, undefined, 2)
}

function promiseOf(finding: Finding): string {
  const kept = isKept(finding)
  if (kept === undefined) return ''
  const bound =
    finding.atMost === undefined ? `at least ${finding.atLeast}` : `at most ${finding.atMost}`
  return `${kept ? 'kept' : 'BROKEN'}: ${bound} ${finding.unit}`
}

function format(value: number): string {
  return value.toLocaleString('en-US', {
    maximumFractionDigits: value < 10 ? 2 : value < 100 ? 1 : 0,
  })
}
