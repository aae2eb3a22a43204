/** Promises that nobody awaits, made visible: a failure is reported, never lost. */

/** Let `promise` run on its own; a rejection is reported under `name`, on standard error. */
export function background(name: string, promise: Promise<unknown>): void {
  promise.catch((error: unknown) => {
    process.stderr.write(`lair: background task "${name}" failed: ${describe(error)}\n`)
  })
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
