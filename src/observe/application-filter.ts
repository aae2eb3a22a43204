/**
 * Which of a function's own lines its log shows: of those that are JSON objects with a level and a time, the ones as loud as its
 * application log level; everything else counts as INFO.
 * source: AWS Lambda dev guide "Log-level filtering".
 */
import type { LogFormat } from '../model.ts'

const levels = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL']
const info = levels.indexOf('INFO')

export type LineFilter = (line: string) => boolean

/** @param level  ApplicationLogLevel; INFO when it is none
 *  @returns undefined when every line is shown: the usual case costs nothing */
export function applicationFilter(
  format: LogFormat,
  level: string | undefined,
): LineFilter | undefined {
  if (format === 'Text') return undefined
  const given = levels.indexOf(level ?? 'INFO')
  const least = given === -1 ? info : given
  if (least === 0) return undefined
  return (line) => levelOf(line) >= least
}

/** As the loggers of the managed runtimes call it. */
const timeNames = ['timestamp', 'time', '@timestamp']
/** source: RFC 3339 section 5.6 */
const timeForm = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/

function isTime(value: unknown): boolean {
  return typeof value === 'string' && timeForm.test(value)
}

/** Only lines that may have a level are parsed. */
function levelOf(line: string): number {
  if (!line.startsWith('{') || !line.includes('"level"')) return info
  try {
    const { level, ...others } = JSON.parse(line) as Record<string, unknown>
    if (!timeNames.some((name) => isTime(others[name]))) return info
    const index = typeof level === 'string' ? levels.indexOf(level.toUpperCase()) : -1
    return index === -1 ? info : index
  } catch {
    return info
  }
}
