/** Promises that nobody awaits, made visible: a failure is reported, never lost. */

type Report = (name: string, error: unknown) => void

let report: Report = (name, error) => {
  process.stderr.write(`lair: background task "${name}" failed: ${describe(error)}\n`)
}

/** Let `promise` run on its own; a rejection is reported under `name`. */
export function background(name: string, promise: Promise<unknown>): void {
  promise.catch((error: unknown) => report(name, error))
}

/** Send reports elsewhere (the server's own log). */
export function reportBackgroundFailures(to: Report): void {
  report = to
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
