/** One function of `lair dev`: deployed from its folder, deployed again when that changed, taken away at the end. */
import { basename, resolve } from 'node:path'
import { AwsError } from '../lib/errors/aws-error.ts'
import { send, type Connection } from './client.ts'
import { guessFunction, type FunctionKind } from './function-folder.ts'
import { CommandError } from './terminal.ts'
import { zipFolder } from './zip-folder.ts'

/** What the user said of all functions. */
export type DevSettings = {
  readonly runtime?: string
  readonly handler?: string
  readonly memoryMib: number
  readonly timeoutSeconds: number
  readonly environment: Readonly<Record<string, string>>
}

const role = 'arn:aws:iam::000000000000:role/lair-dev'
const functionsPath = '/2015-03-31/functions'
const urlPath = '/2021-10-31/functions'

type Body = Readonly<Record<string, unknown>>

/** The statements that let everybody use a function URL. source: AWS Lambda dev guide "Control access to Lambda function URLs" */
const openToAll: readonly Body[] = [
  {
    StatementId: 'lair-dev-url',
    Action: 'lambda:InvokeFunctionUrl',
    Principal: '*',
    FunctionUrlAuthType: 'NONE',
  },
  {
    StatementId: 'lair-dev-url-invoke',
    Action: 'lambda:InvokeFunction',
    Principal: '*',
    InvokedViaFunctionUrl: true,
  },
]

export class DevFunction {
  readonly folder: string
  readonly name: string
  readonly #settings: DevSettings
  #kind: FunctionKind
  #connection: Connection | undefined
  /** the server runs the folder where it lies; false: it gets zips */
  #isByFolder = true
  #isOurs = false

  /** @throws CommandError when nothing in the folder looks like a function */
  constructor(folder: string, settings: DevSettings) {
    this.folder = resolve(folder)
    this.name = basename(this.folder)
      .replaceAll(/[^A-Za-z0-9-_]/g, '-')
      .slice(0, 64)
    this.#settings = settings
    this.#kind = guessFunction(this.folder, this.#given())
  }

  /** e.g. `nodejs24.x` */
  get runtime(): string {
    return this.#kind.runtime
  }

  get handler(): string {
    return this.#kind.handler
  }

  /** Create the function, or take over the one of its name.
   *  @returns its URL, where the server has function URLs */
  async deploy(connection: Connection): Promise<string | undefined> {
    this.#connection = connection
    try {
      await this.#withCode((Code) =>
        this.#call('POST', functionsPath, {
          FunctionName: this.name,
          Code,
          ...this.#configuration(),
        }),
      )
      this.#isOurs = true
    } catch (error) {
      if (!isError(error, 'ResourceConflictException')) throw error
      await this.#update()
      await this.#configure()
    }
    return this.#url()
  }

  /** Deploy again: what runs from now on is what the folder holds now. */
  async swap(): Promise<void> {
    const kind = guessFunction(this.folder, this.#given())
    const isOther = kind.runtime !== this.#kind.runtime || kind.handler !== this.#kind.handler
    this.#kind = kind
    if (isOther) await this.#configure()
    await this.#update()
  }

  /** Take the function away, if it was not there before. */
  async remove(): Promise<void> {
    if (!this.#isOurs) return
    await this.#call('DELETE', `${functionsPath}/${this.name}`).catch((error: unknown) => {
      if (!isError(error, 'ResourceNotFoundException')) throw error
    })
  }

  #given(): Partial<FunctionKind> {
    const { runtime, handler } = this.#settings
    return { ...(runtime !== undefined && { runtime }), ...(handler !== undefined && { handler }) }
  }

  #configuration(): Body {
    const { memoryMib, timeoutSeconds, environment } = this.#settings
    return {
      Runtime: this.#kind.runtime,
      Handler: this.#kind.handler,
      Role: role,
      MemorySize: memoryMib,
      Timeout: timeoutSeconds,
      Environment: { Variables: environment },
    }
  }

  async #update(): Promise<void> {
    await this.#withCode((code) => this.#call('PUT', `${functionsPath}/${this.name}/code`, code))
  }

  async #configure(): Promise<void> {
    await this.#call('PUT', `${functionsPath}/${this.name}/configuration`, this.#configuration())
  }

  /** By folder, or as a zip when the server does not take folders. */
  async #withCode(deploy: (code: Body) => Promise<unknown>): Promise<void> {
    if (this.#isByFolder) {
      try {
        await deploy({ S3Bucket: 'hot-reload', S3Key: this.folder })
        return
      } catch (error) {
        if (!isError(error, 'InvalidParameterValueException')) throw error
        this.#isByFolder = false
      }
    }
    await deploy({ ZipFile: (await zipFolder(this.folder)).toString('base64') })
  }

  /** A function URL that everybody on this machine may call; of a function that is not ours, the one it has.
   *  @returns undefined where there is none */
  async #url(): Promise<string | undefined> {
    const path = `${urlPath}/${this.name}/url`
    try {
      const { FunctionUrl } = this.#isOurs
        ? await this.#call('POST', path, { AuthType: 'NONE' })
        : await this.#call('GET', path)
      if (this.#isOurs) {
        for (const statement of openToAll) {
          await this.#call('POST', `${functionsPath}/${this.name}/policy`, statement)
        }
      }
      return typeof FunctionUrl === 'string' ? FunctionUrl : undefined
    } catch (error) {
      // The server has no function URLs, or the function has none.
      if (error instanceof AwsError) return undefined
      throw error
    }
  }

  async #call(method: string, target: string, body?: Body): Promise<Body> {
    if (this.#connection === undefined) throw new CommandError(`${this.name} is not deployed yet`)
    const request = {
      service: 'lambda' as const,
      method,
      target,
      ...(body !== undefined && {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    }
    const answer = await send(request, this.#connection)
    return answer.body.length === 0 ? {} : (JSON.parse(answer.body.toString('utf8')) as Body)
  }
}

function isError(error: unknown, code: string): boolean {
  return error instanceof AwsError && error.code === code
}
