/** How the JVM of a Java function is started: the official runtime interface client on the machine's JDK. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Program } from '../program.ts'
import type { Runtime, RuntimeTarget } from '../runtime.ts'
import { archiveOf, clientFlags, launcherOf, mainClass } from './client.ts'

/** Of the memory of a function the heap may take this much. source: flags seen in the managed runtimes */
const heapShare = 0.85
/** From this major on the launcher must say that native code is wanted. */
const restrictsNativeFrom = 17

/** What a Java runtime is made of.
 *  @param folder  of the installed client, links resolved */
export function javaLaunch(
  jdk: Program,
  folder: string,
): Pick<Runtime, 'argv' | 'argumentsFor' | 'folder' | 'environment' | 'startupVariables'> {
  const archive = archiveOf(folder, jdk)
  const flags = clientFlags(folder)
  if (existsSync(archive)) flags.push(`-XX:SharedArchiveFile=${archive}`, '-Xshare:auto')
  return {
    argv: [jdk.path, ...flags],
    argumentsFor: (target) => functionArguments(jdk, launcherOf(folder), target),
    folder,
    // The client frames each log event on this descriptor, so that lines within one event stay together.
    environment: () => ({ _LAMBDA_TELEMETRY_LOG_FD: '2' }),
    startupVariables: [],
  }
}

/** The client finds the code by its working directory; layers it would look for in /opt/java, so their jars join the client's
 *  own class path. */
function functionArguments(jdk: Program, launcher: string, target: RuntimeTarget): string[] {
  const heap = `-XX:MaxHeapSize=${Math.floor(target.memoryMib * 1024 * heapShare)}k`
  const layerJars =
    target.layersPath === undefined ? undefined : join(target.layersPath, 'java/lib')
  if (layerJars === undefined || !existsSync(layerJars)) {
    return [heap, '-jar', launcher, target.handler]
  }
  const opened = ['--add-opens=java.base/java.io=ALL-UNNAMED']
  if (jdk.series >= restrictsNativeFrom) opened.push('--enable-native-access=ALL-UNNAMED')
  return [heap, ...opened, '-cp', `${launcher}:${join(layerJars, '*')}`, mainClass, target.handler]
}
