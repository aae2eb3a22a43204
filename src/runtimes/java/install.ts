/** `lair runtimes install java21`: brings the runtime interface client of Java into the data directory, and prepares its classes
 *  for each JDK of the machine. JDKs come from the machine. */
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { promisify } from 'node:util'
import yauzl from 'yauzl'
import { PlatformError } from '../../lib/errors/platform-error.ts'
import type { Machine } from '../machine.ts'
import { archiveClasses } from './archive.ts'
import { artifacts, clientFolder, jarName, nativeLibraryOf } from './client.ts'
import type { Artifact } from './client.ts'
import { javaPrograms } from './jdks.ts'
import { writeLauncher } from './launcher-jar.ts'
import { fetchArtifacts } from './maven.ts'

export type JavaInstallOptions = {
  /** folder of installed runtimes; it exists */
  readonly directory: string
  readonly machine: Machine
  readonly maven?: string | undefined
  readonly repository?: string | undefined
  readonly signal: AbortSignal
  readonly onProgress: (line: string) => void
  /** for tests: other artifacts than the client's */
  readonly artifacts?: readonly Artifact[]
}

/** Install the client; an earlier one is replaced.
 *  @param major  the Java wanted: one as new must be here
 *  @returns version of the client and the `java` that will serve
 *  @throws PlatformError when there is no such JDK, or the client cannot be had */
export async function installJavaClient(
  name: string,
  major: number,
  options: JavaInstallOptions,
): Promise<{ version: string; program: string }> {
  const { directory, machine, signal, onProgress } = options
  const jdks = javaPrograms(machine)
  const jdk = jdks.filter((each) => each.series >= major).toSorted((a, b) => a.series - b.series)[0]
  if (jdk === undefined) {
    throw new PlatformError(
      `Cannot install ${name}: no JDK of Java ${major} or newer is on this machine (JAVA_HOME, the PATH and /usr/lib/jvm were looked at); install one first`,
    )
  }
  const wanted = options.artifacts ?? artifacts
  const [client] = wanted
  if (client === undefined) throw new PlatformError('Cannot install nothing')
  const staging = await mkdtemp(join(directory, '.install-'))
  const target = clientFolder(directory)
  try {
    await fetchArtifacts(wanted, staging, { ...options, home: machine.home })
    const jars = join(staging, 'jars')
    await unpackNativeLibrary(join(jars, jarName(client)), nativeLibraryOf(jars))
    await writeLauncher(jars)
    await mkdir(join(jars, 'archives'))
    await rm(target, { recursive: true, force: true })
    await rename(jars, target)
  } finally {
    await rm(staging, { recursive: true, force: true })
  }
  onProgress(`Installed the runtime interface client ${client.version}`)
  for (const each of jdks) await archiveClasses(each, target, { signal, onProgress })
  return { version: client.version, program: jdk.path }
}

/** The client brings its library for several systems; here the one of this machine is put beside it, for good.
 *  source: resources of aws-lambda-java-runtime-interface-client */
async function unpackNativeLibrary(jar: string, target: string): Promise<void> {
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } }
  const library = report.header?.glibcVersionRuntime === undefined ? 'linux_musl' : 'linux'
  const processor = process.arch === 'arm64' ? 'aarch_64' : 'x86_64'
  const wanted = `jni/libaws-lambda-jni.${library}-${processor}.so`
  const zip = await promisify<string, yauzl.Options, yauzl.ZipFile>(yauzl.open)(jar, {
    lazyEntries: true,
    autoClose: false,
  })
  try {
    const entry = await findEntry(zip, wanted)
    if (entry === undefined) throw new PlatformError(`The client has no library ${wanted}`)
    const stream = await promisify<yauzl.Entry, NodeJS.ReadableStream>(
      zip.openReadStream.bind(zip),
    )(entry)
    await writeFile(target, await buffer(stream), { mode: 0o755 })
  } finally {
    zip.close()
  }
}

function findEntry(zip: yauzl.ZipFile, name: string): Promise<yauzl.Entry | undefined> {
  return new Promise((resolve, reject) => {
    zip.on('entry', (entry: yauzl.Entry) => {
      if (entry.fileName === name) resolve(entry)
      else zip.readEntry()
    })
    zip.once('end', () => resolve(undefined))
    zip.once('error', reject)
    zip.readEntry()
  })
}
