/**
 * Prepares the classes that every Java function loads (class data sharing): the client is run once against a Runtime API of one
 * event, and the JVM writes at its end what it had loaded. Halves the start of a function. It is a gain only: what fails is said
 * and left.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rename, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Program } from '../program.ts'
import { archiveOf, clientFlags, launcherOf } from './client.ts'

/** The first JDK that can archive the classes of a running program well. */
const minArchiveMajor = 17
const runTimeoutMs = 30_000
/** A method of the JDK itself serves: any object will do as its event. */
const handler = 'java.util.ArrayList::contains'

/** Write the archive of one JDK. */
export async function archiveClasses(
  jdk: Program,
  folder: string,
  options: { signal: AbortSignal; onProgress: (line: string) => void },
): Promise<void> {
  if (jdk.series < minArchiveMajor) return
  const archive = archiveOf(folder, jdk)
  const unfinished = `${archive}.part`
  try {
    await trainingRun(jdk, folder, unfinished, options.signal)
    await rename(unfinished, archive)
    options.onProgress(`Prepared the classes of ${jdk.path}`)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    options.onProgress(`Functions on ${jdk.path} will start slower: ${reason}`)
    await rm(unfinished, { force: true })
  }
}

async function trainingRun(
  jdk: Program,
  folder: string,
  archive: string,
  signal: AbortSignal,
): Promise<void> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    const argv = [`-XX:ArchiveClassesAtExit=${archive}`]
    const child = spawn(
      jdk.path,
      [...argv, ...clientFlags(folder), '-jar', launcherOf(folder), handler],
      {
        stdio: 'ignore',
        env: trainingEnvironment(server),
        timeout: runTimeoutMs,
        killSignal: 'SIGKILL',
        signal,
      },
    )
    server.on(
      'request',
      oneEvent(() => child.kill('SIGTERM')),
    )
    const [, how] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
    if (how === 'SIGKILL') throw new Error('Java took too long')
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

function trainingEnvironment(server: Server): Record<string, string> {
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${port}`,
    AWS_LAMBDA_FUNCTION_NAME: 'training',
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '128',
    AWS_LAMBDA_LOG_GROUP_NAME: 'training',
    AWS_LAMBDA_LOG_STREAM_NAME: 'training',
    LANG: 'C.UTF-8',
  }
}

/** A Runtime API that has one event; whoever asks for a second one is done. */
function oneEvent(done: () => void): (request: IncomingMessage, response: ServerResponse) => void {
  let isGiven = false
  return (request, response) => {
    request.resume()
    if (request.url?.endsWith('/next') !== true) {
      response.writeHead(202, { 'Content-Type': 'application/json' }).end('{"status":"OK"}\n')
    } else if (isGiven) {
      done()
    } else {
      isGiven = true
      const headers = {
        'Content-Type': 'application/json',
        'Lambda-Runtime-Aws-Request-Id': '00000000-0000-4000-8000-000000000000',
        'Lambda-Runtime-Deadline-Ms': '4102444800000',
        'Lambda-Runtime-Invoked-Function-Arn':
          'arn:aws:lambda:us-east-1:000000000000:function:training',
      }
      response.writeHead(200, headers).end('{"name":["value",1]}')
    }
  }
}
