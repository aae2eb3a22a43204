/** What `lair dev` shows: its functions and how to call them, what changed, their logs side by side; or the same as lines of JSON. */
import type { DevFunction } from './dev-function.ts'
import type { DevHome } from './dev-home.ts'
import { decorate, type FilteredEvent } from './logs.ts'
import { note, print, printJson, styled } from './terminal.ts'

/** A function that is deployed. */
export type ShownFunction = {
  readonly one: DevFunction
  readonly url: string | undefined
  readonly inspectPort: number | undefined
}

const colours = ['cyan', 'magenta', 'yellow', 'green', 'blue'] as const

/** What to do about errors that the runtimes name. */
const advice: readonly [RegExp, string][] = [
  [/UserCodeSyntaxError/, 'a file does not parse: correct it and save, it is tried again at once'],
  [/ImportModuleError/, 'a module is missing: install it in the folder, or correct the import'],
  [/HandlerNotFound/, 'the file does not export the handler: name another with --handler'],
  [/CallbackHandlerDeprecated/, 'make the handler async, or choose --runtime nodejs22.x'],
]

export class DevScreen {
  readonly #isJson: boolean
  readonly #labels: ReadonlyMap<string, string>

  constructor({ isJson, names }: { isJson: boolean; names: readonly string[] }) {
    this.#isJson = isJson
    const width = Math.max(...names.map((name) => name.length))
    const label = (name: string, index: number) =>
      styled(colours[index % colours.length] ?? 'cyan', name.padEnd(width))
    this.#labels = new Map(names.map((name, index) => [name, label(name, index)]))
  }

  /** All functions are there. */
  ready({ connection, server }: DevHome, functions: readonly ShownFunction[]): void {
    const { endpoint } = connection
    if (this.#isJson) {
      const list = functions.map(({ one, url, inspectPort }) => {
        const { name, runtime, handler } = one
        return { name, runtime, handler, url, inspectPort }
      })
      printJson({ event: 'ready', endpoint, isOwnServer: server !== undefined, functions: list })
      return
    }
    print()
    print(
      `  ${styled('bold', endpoint)}  ${server ? 'until Ctrl-C' : 'a server that runs already'}`,
    )
    for (const { one, url, inspectPort } of functions) {
      print()
      print(`  ${this.#labels.get(one.name)}  ${one.runtime}, ${one.handler}, ${one.folder}`)
      print(`    ${styled('dim', `AWS_ENDPOINT_URL=${endpoint}`)} lair invoke ${one.name}`)
      if (url !== undefined) print(`    curl ${url}`)
      if (inspectPort !== undefined) print(`    ${debuggerSentence(one, inspectPort)}`)
    }
    print()
  }

  /** New code runs. */
  swapped(name: string, paths: readonly string[], tookMs: number): void {
    if (this.#isJson) return printJson({ event: 'swapped', name, paths, tookMs })
    const [first = '', ...more] = paths
    const what = more.length === 0 ? first : `${first} and ${more.length} more`
    this.#line(name, styled('dim', `${what} changed, new code after ${tookMs.toFixed(0)} ms`))
  }

  /** It did not work, and goes on. */
  problem(name: string, message: string): void {
    if (this.#isJson) return printJson({ event: 'problem', name, message })
    for (const line of message.split('\n')) this.#line(name, styled('red', line))
  }

  log(name: string, event: FilteredEvent): void {
    const { timestamp, message } = event
    const isReport = message.startsWith('INIT_REPORT')
    const remedy = isReport ? undefined : advice.find(([error]) => error.test(message))?.[1]
    if (this.#isJson) return printJson({ event: 'log', name, timestamp, message, remedy })
    for (const line of decorate(event).split('\n')) this.#line(name, line)
    if (remedy !== undefined) this.#line(name, styled('yellow', remedy))
  }

  end(): void {
    if (!this.#isJson) note('Taking the functions away; press Ctrl-C again to stop at once')
  }

  #line(name: string, text: string): void {
    print(`${this.#labels.get(name)} ${styled('dim', '│')} ${text}`)
  }
}

function debuggerSentence({ runtime }: DevFunction, port: number): string {
  const how = runtime.startsWith('python') ? 'debugpy' : `node inspect 127.0.0.1:${port}`
  return `debugger at 127.0.0.1:${port} (${how}); no timeout while it is attached`
}
