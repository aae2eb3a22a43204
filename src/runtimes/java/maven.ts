/** Fetches artifacts the way this machine fetches them: with its Maven, whose settings name the repository, mirrors and proxies;
 *  without Maven over HTTPS from the repository that LAIR_MAVEN_REPOSITORY or the user's Maven settings name. */
import { createHash } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PlatformError } from '../../lib/errors/platform-error.ts'
import { runTool, ToolMissing } from '../tool.ts'
import { jarName } from './client.ts'
import type { Artifact } from './client.ts'

export type FetchOptions = {
  /** the Maven client; `mvn` of the PATH by default */
  readonly maven?: string | undefined
  /** address of a Maven repository, used when there is no Maven */
  readonly repository?: string | undefined
  readonly home: string
  readonly signal: AbortSignal
  readonly onProgress: (line: string) => void
}

const dependencyPlugin = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1'
const maxJarBytes = 32 * 1024 * 1024

/** Put the jars of the artifacts into a folder and check their digests.
 *  @throws PlatformError that says what to do when one cannot be had or is not the one expected */
export async function fetchArtifacts(
  artifacts: readonly Artifact[],
  folder: string,
  options: FetchOptions,
): Promise<void> {
  const jars = join(folder, 'jars')
  await mkdir(jars, { recursive: true })
  try {
    await fetchWithMaven(artifacts, folder, jars, options)
  } catch (error) {
    if (!(error instanceof ToolMissing)) throw error
    await fetchOverHttps(artifacts, jars, options)
  }
  for (const artifact of artifacts) await check(artifact, jars)
}

async function fetchWithMaven(
  artifacts: readonly Artifact[],
  folder: string,
  jars: string,
  options: FetchOptions,
): Promise<void> {
  const { maven = 'mvn', signal, onProgress } = options
  onProgress(`Fetching ${artifacts[0]?.name ?? ''} with Maven`)
  const project = join(folder, 'pom.xml')
  await writeFile(project, projectOf(artifacts))
  const goal = `${dependencyPlugin}:copy-dependencies`
  const argv = ['-B', '-q', '-f', project, goal, `-DoutputDirectory=${jars}`]
  await runTool(maven, [...argv, '-DexcludeTransitive=true'], { cwd: folder, signal, onProgress })
}

/** A project that is nothing but the list of what it wants. */
function projectOf(artifacts: readonly Artifact[]): string {
  const wanted = artifacts.map(
    ({ group, name, version }) =>
      `<dependency><groupId>${group}</groupId><artifactId>${name}</artifactId><version>${version}</version></dependency>`,
  )
  return `<project><modelVersion>4.0.0</modelVersion><groupId>lair</groupId><artifactId>fetch</artifactId><version>1</version><packaging>pom</packaging><dependencies>${wanted.join('')}</dependencies></project>\n`
}

async function fetchOverHttps(
  artifacts: readonly Artifact[],
  jars: string,
  options: FetchOptions,
): Promise<void> {
  const repository = options.repository ?? (await mirrorOf(options.home))
  if (repository === undefined) {
    throw new PlatformError(
      'Cannot install the runtime: "mvn" was not found. Install Maven, or name a Maven repository in LAIR_MAVEN_REPOSITORY',
    )
  }
  for (const artifact of artifacts) {
    const { group, name, version } = artifact
    const path = [...group.split('.'), name, version, jarName(artifact)].join('/')
    const address = `${repository.replace(/\/+$/, '')}/${path}`
    options.onProgress(`Fetching ${address}`)
    await writeFile(join(jars, jarName(artifact)), await download(address, options.signal))
  }
}

async function download(address: string, signal: AbortSignal): Promise<Buffer> {
  let response: Response
  try {
    response = await fetch(address, { signal })
  } catch (cause) {
    throw new PlatformError(`Cannot install the runtime: ${address} cannot be reached`, { cause })
  }
  if (!response.ok || response.body === null) {
    throw new PlatformError(`Cannot install the runtime: ${address} answered ${response.status}`)
  }
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body) {
    bytes += chunk.length
    if (bytes > maxJarBytes) {
      throw new PlatformError(
        `Cannot install the runtime: ${address} is larger than any jar wanted`,
      )
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** The mirror of Maven's settings that stands for everything or for the central repository. */
async function mirrorOf(home: string): Promise<string | undefined> {
  const settings = await readFile(join(home, '.m2/settings.xml'), 'utf8').catch(() => '')
  const text = settings.replaceAll(/<!--.*?-->/gs, '')
  for (const [, mirror = ''] of text.matchAll(/<mirror>(.*?)<\/mirror>/gs)) {
    const of = /<mirrorOf>\s*(.*?)\s*<\/mirrorOf>/s.exec(mirror)?.[1] ?? ''
    if (!/(^|,)\s*(\*|central|external:\*)\s*(,|$)/.test(of)) continue
    const url = /<url>\s*(https?:\/\/[^<\s]+)\s*<\/url>/.exec(mirror)?.[1]
    if (url !== undefined) return url
  }
  return undefined
}

async function check(artifact: Artifact, jars: string): Promise<void> {
  const name = jarName(artifact)
  const bytes = await readFile(join(jars, name)).catch((cause: unknown) => {
    throw new PlatformError(`Cannot install the runtime: ${name} did not come`, { cause })
  })
  const digest = createHash('sha256').update(bytes).digest('hex')
  if (digest !== artifact.sha256) {
    throw new PlatformError(
      `Cannot install the runtime: ${name} is not the file expected (sha256 ${digest}); is the repository or its mirror to be trusted?`,
    )
  }
}
