/**
 * The variables of a runtime process, from nothing. Folders are those of the host: the process driver shows a function the machine
 * as it is.
 * source: AWS Lambda dev guide "Using Lambda environment variables"; variables recorded from 25 runtimes.
 */
import { dirname, join } from 'node:path'
import type { FunctionVersion } from '../model.ts'
import type { InitializationType } from '../observe/platform-events.ts'
import type { Runtime } from '../runtimes/runtime.ts'
import { libraryFolders } from './entrypoint.ts'
import type { ContainerCredentials } from './snapshot/credentials.ts'

export type FunctionCredentials = {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
  /** epoch ms */
  readonly expiresAtMs?: number
}

export type VariableSource = {
  readonly version: FunctionVersion
  readonly runtime: Runtime
  readonly logStream: string
  /** `host:port` of the Runtime API */
  readonly runtimeApi: string
  /** abstract Unix socket of the same API */
  readonly localName?: string | undefined
  readonly credentials?: FunctionCredentials | undefined
  /** `on-demand` when absent */
  readonly initializationType?: InitializationType | undefined
  /** instead of credentials, in an environment that is made for a snapshot */
  readonly container?: ContainerCredentials | undefined
  /** loopback port where the process shall listen for a debugger */
  readonly inspectPort?: number | undefined
  /** where SDKs find this server's services */
  readonly endpointUrl?: string | undefined
}

/** Everything a runtime process gets. What AWS reserves wins over the customer's variables; the rest they may override. */
export function runtimeVariables(source: VariableSource): Record<string, string> {
  return {
    ...overridable(source),
    ...customer(source.version.environment),
    ...credentials(source),
    ...reserved(source),
  }
}

/** What extensions do not get, besides all that begins with an underscore.
 *  source: AWS Lambda dev guide "Using the Lambda Extensions API", environment variables of extensions */
const runtimeOnly: ReadonlySet<string> = new Set([
  'AWS_EXECUTION_ENV',
  'AWS_LAMBDA_LOG_GROUP_NAME',
  'AWS_LAMBDA_LOG_STREAM_NAME',
  'AWS_XRAY_CONTEXT_MISSING',
  'AWS_XRAY_DAEMON_ADDRESS',
  'LAMBDA_RUNTIME_DIR',
  'LAMBDA_TASK_ROOT',
  // Left by the runtime's own shell.
  'PWD',
  'SHLVL',
])

/** Everything an external extension gets. */
export function extensionVariables(source: VariableSource): Record<string, string> {
  const entries = Object.entries(runtimeVariables(source))
  return Object.fromEntries(
    entries.filter(([name]) => !name.startsWith('_') && !runtimeOnly.has(name)),
  )
}

function overridable(source: VariableSource): Record<string, string> {
  const { version, runtime, endpointUrl } = source
  const { codePath, layersPath } = version
  const program = runtime.argv[0]
  const path = ['/usr/local/bin', '/usr/bin', '/bin']
  if (program !== undefined) path.unshift(dirname(program))
  if (layersPath !== undefined) path.push(join(layersPath, 'bin'))
  return {
    LANG: 'en_US.UTF-8',
    TZ: ':UTC',
    PATH: path.join(':'),
    LD_LIBRARY_PATH: ['/lib64', '/usr/lib64', ...libraryFolders(version)].join(':'),
    AWS_XRAY_CONTEXT_MISSING: 'LOG_ERROR',
    AWS_XRAY_DAEMON_ADDRESS: '127.0.0.1:2000',
    ...(endpointUrl !== undefined && { AWS_ENDPOINT_URL: endpointUrl }),
    ...runtime.environment(layersPath === undefined ? { codePath } : { codePath, layersPath }),
  }
}

/** Names that begin with an underscore are the platform's. */
function customer(variables: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(variables).filter(([name]) => !name.startsWith('_')))
}

function credentials(source: VariableSource): Record<string, string> {
  const { credentials: given, container } = source
  if (container) {
    return {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: container.url,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: container.token,
    }
  }
  if (!given) return {}
  return {
    AWS_ACCESS_KEY_ID: given.accessKeyId,
    AWS_SECRET_ACCESS_KEY: given.secretAccessKey,
    AWS_SESSION_TOKEN: given.sessionToken,
  }
}

function reserved(source: VariableSource): Record<string, string> {
  const { version, runtime } = source
  const bootstrap = runtime.argv.at(-1)
  return {
    _HANDLER: version.handler,
    ...(source.inspectPort !== undefined && { _LAIR_INSPECT_PORT: String(source.inspectPort) }),
    AWS_REGION: version.region,
    AWS_DEFAULT_REGION: version.region,
    ...(runtime.family !== 'provided' && { AWS_EXECUTION_ENV: `AWS_Lambda_${version.runtime}` }),
    // Left by the shell that starts most managed runtimes on AWS.
    ...(runtime.family !== 'provided' &&
      runtime.family !== 'java' && { PWD: version.codePath, SHLVL: '0' }),
    AWS_LAMBDA_FUNCTION_NAME: version.functionName,
    AWS_LAMBDA_FUNCTION_VERSION: version.version,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(version.memoryMib),
    AWS_LAMBDA_INITIALIZATION_TYPE: source.initializationType ?? 'on-demand',
    ...(version.maxConcurrency !== undefined && {
      AWS_LAMBDA_MAX_CONCURRENCY: String(version.maxConcurrency),
    }),
    // What a snapshot would remember wrongly.
    ...(source.initializationType !== 'snap-start' && {
      AWS_LAMBDA_LOG_GROUP_NAME: version.logGroup,
      AWS_LAMBDA_LOG_STREAM_NAME: source.logStream,
    }),
    ...(version.logFormat === 'JSON' && {
      AWS_LAMBDA_LOG_FORMAT: 'JSON',
      AWS_LAMBDA_LOG_LEVEL: version.applicationLogLevel ?? 'INFO',
    }),
    AWS_LAMBDA_RUNTIME_API: source.runtimeApi,
    // Which port it stands for: a wrapper that puts a proxy before the API changes the variable above alone.
    ...(source.localName !== undefined && {
      _LAIR_LOCAL_API: `${source.runtimeApi} ${source.localName}`,
    }),
    LAMBDA_TASK_ROOT: version.codePath,
    LAMBDA_RUNTIME_DIR:
      runtime.folder ?? (bootstrap === undefined ? '/var/runtime' : dirname(bootstrap)),
    _AWS_XRAY_DAEMON_ADDRESS: '127.0.0.1',
    _AWS_XRAY_DAEMON_PORT: '2000',
  }
}

/** The log stream of a new environment.
 *  source: AWS Lambda dev guide "Configuring CloudWatch log groups": a shared group has the function's name in its streams */
export function logStreamName(version: FunctionVersion, nowMs: number, hex: string): string {
  const day = new Date(nowMs).toISOString().slice(0, 10).replaceAll('-', '/')
  const isOwnGroup = version.logGroup === `/aws/lambda/${version.functionName}`
  const name = isOwnGroup ? '' : version.functionName
  return `${day}/${name}[${version.version}]${hex}`
}
