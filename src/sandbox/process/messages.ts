/** What the server and its spawner say to each other: one JSON value a line, over the spawner's standard input and output. */

/** What to keep an eye on while a sandbox runs. */
export type Limits = {
  /** all programs with the same temporary directory together */
  readonly memoryMib: number
  /** the temporary directory whose size is checked; each sandbox has its own */
  readonly temporaryDirectory: string
  readonly ephemeralStorageMib: number
}

/** How to start one process. Without `pipes` it gets pipes of the starting process itself. */
export type StartRequest = {
  readonly argv: readonly [string, ...string[]]
  readonly environment: Readonly<Record<string, string>>
  readonly workingDirectory: string
  readonly hasInput: boolean
  /** named pipes: the process writes `stdout` and `stderr`, and reads `stdin` when it has input */
  readonly pipes?: { readonly stdin?: string; readonly stdout: string; readonly stderr: string }
  readonly limits?: Limits
}

export type Command =
  | ({ readonly op: 'start'; readonly key: number } & StartRequest)
  | { readonly op: 'limit'; readonly key: number; readonly limits: Limits }
  | { readonly op: 'frozen' | 'thawed'; readonly key: number }
  | { readonly op: 'make-pipes'; readonly paths: readonly string[] }

/** What happens to a started process. `exited` and `launch-error` are the last of a key. */
export type ProcessEvent =
  | { readonly event: 'started'; readonly key: number; readonly pid: number }
  | { readonly event: 'launch-error'; readonly key: number; readonly sentence: string }
  | { readonly event: 'peak'; readonly key: number; readonly peakKib: number }
  | { readonly event: 'storage-exceeded'; readonly key: number; readonly usedMib: number }
  | {
      readonly event: 'exited'
      readonly key: number
      readonly exitCode?: number
      readonly signal?: string
      readonly isOutOfMemory: boolean
    }

export type SpawnerMessage =
  | ProcessEvent
  | { readonly event: 'pipes-made'; readonly paths: readonly string[] }
  | { readonly event: 'pipes-failed'; readonly sentence: string }

/** Split a byte stream into lines and call `onLine` with each, parsed as JSON.
 *  @returns the function to feed chunks to */
export function jsonLines(onValue: (value: unknown) => void): (chunk: string) => void {
  let rest = ''
  return (chunk) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) onValue(JSON.parse(line))
  }
}
