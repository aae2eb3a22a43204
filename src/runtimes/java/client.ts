/**
 * AWS's own runtime interface client for Java as `lair runtimes install` puts it into the data directory: its jars, its native
 * library, a launcher that has nothing but a manifest, and class archives of the machine's JDKs. One folder serves every Java.
 */
import { createHash } from 'node:crypto'
import { existsSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import type { Program } from '../program.ts'

/** An artifact of a Maven repository, and the digest its jar must have. */
export type Artifact = {
  readonly group: string
  readonly name: string
  readonly version: string
  readonly sha256: string
}

/** The client and what it needs at run time. */
export const artifacts: readonly Artifact[] = [
  {
    group: 'com.amazonaws',
    name: 'aws-lambda-java-runtime-interface-client',
    version: '2.9.0',
    sha256: '26568a5f63bf9e921567e77661be425650abc8972bae2aa0b7e99bab4e4239d9',
  },
  {
    group: 'com.amazonaws',
    name: 'aws-lambda-java-core',
    version: '1.4.0',
    sha256: '575c24393cc1ad645e83e618956eabd89ffe8cc09efae2cb62bc6589154d68ed',
  },
  {
    group: 'com.amazonaws',
    name: 'aws-lambda-java-serialization',
    version: '1.2.0',
    sha256: '1513c1f945a3213f916a4b2de1760c97b51d84d110f82bbbcf9cfac53d5651e7',
  },
  {
    group: 'software.amazon.awssdk',
    name: 'utils-lite',
    version: '2.34.0',
    sha256: 'efaf784f07ae526f0b5c89d71ef21cf16636131c47d44616e3df9bedc3f4f89a',
  },
]

/** Where the client starts. source: README of aws-lambda-java-runtime-interface-client */
export const mainClass = 'com.amazonaws.services.lambda.runtime.api.client.AWSLambda'

/** names the file of the client's native library. source: NativeClient of aws-lambda-java-runtime-interface-client */
export const jniProperty =
  'com.amazonaws.services.lambda.runtime.api.client.runtimeapi.NativeClient.JNI'

/** @returns file name of an artifact's jar */
export function jarName({ name, version }: Artifact): string {
  return `${name}-${version}.jar`
}

/** The folder of the client below the folder of installed runtimes. */
export function clientFolder(runtimesDirectory: string): string {
  return join(runtimesDirectory, 'java')
}

/** The folder of the client with links resolved; undefined when nobody installed it. */
export function findClient(runtimesDirectory: string): string | undefined {
  const folder = clientFolder(runtimesDirectory)
  return existsSync(launcherOf(folder)) ? realpathSync(folder) : undefined
}

/** The jar whose manifest names the others, and opens what the client needs of the JDK. */
export function launcherOf(folder: string): string {
  return join(folder, 'launcher.jar')
}

export function nativeLibraryOf(folder: string): string {
  return join(folder, 'libaws-lambda-jni.so')
}

/** The archive of prepared classes for one JDK. */
export function archiveOf(folder: string, jdk: Program): string {
  const identity = createHash('sha256').update(`${jdk.path} ${jdk.version()}`).digest('hex')
  return join(folder, 'archives', `${identity.slice(0, 16)}.jsa`)
}

/** Flags that every start of the client has. Without the property it would unpack its library to one file in /tmp that all
 *  environments share; the compiler's first level is the managed runtimes' default.
 *  source: AWS Lambda dev guide "Customize Java runtime startup behavior" */
export function clientFlags(folder: string): string[] {
  return [
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=1',
    '-Xlog:cds=off',
    '-Xlog:cds+dynamic=off',
    `-D${jniProperty}=${nativeLibraryOf(folder)}`,
  ]
}
