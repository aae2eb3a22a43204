/** The Java installations of the machine: JAVA_HOME, the PATH, the folders of system packages and of SDKMAN. Their versions
 *  are read from their `release` files. */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Machine } from '../machine.ts'
import { knownProgram } from '../program.ts'
import type { Program } from '../program.ts'
import { distinctPrograms, foldersOf, list, newestFirst } from '../search.ts'

/** The runtime interface client and its flags need this at least. */
export const minJavaMajor = 11

/** Every usable `java`, that of JAVA_HOME first. */
export function javaPrograms(machine: Machine): Program[] {
  const candidates = [
    ...(machine.javaHome === undefined ? [] : [join(machine.javaHome, 'bin/java')]),
    ...foldersOf(machine.path).map((folder) => join(folder, 'java')),
    ...[...machine.jvmFolders, join(machine.home, '.sdkman/candidates/java')].flatMap(javasBelow),
  ]
  return distinctPrograms(candidates)
    .map(javaProgram)
    .filter((program) => program !== undefined)
    .filter((program) => program.series >= minJavaMajor)
}

function javasBelow(folder: string): string[] {
  return newestFirst(list(folder)).flatMap((name) => [
    join(folder, name, 'bin/java'),
    join(folder, name, 'Contents/Home/bin/java'),
  ])
}

/** Java at a path; undefined without a `release` file that says its version. Java 8 calls itself 1.8. */
function javaProgram(path: string): Program | undefined {
  let release: string
  try {
    release = readFileSync(join(dirname(path), '../release'), 'utf8')
  } catch {
    return undefined
  }
  const version = /^JAVA_VERSION="(?:1\.)?(\d+(?:\.\d+)*)/m.exec(release)?.[1]
  return version === undefined ? undefined : knownProgram('java', path, version)
}
