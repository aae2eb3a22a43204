/** Writes the launcher: a jar of one manifest, which names the other jars and what they may do. With it a JVM starts faster than
 *  with the same said by flags. */
import { writeFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import yazl from 'yazl'
import { artifacts, jarName, launcherOf, mainClass } from './client.ts'

const maxManifestLineBytes = 70

/** @param folder  where the other jars are */
export async function writeLauncher(folder: string): Promise<void> {
  const zip = new yazl.ZipFile()
  zip.addBuffer(Buffer.from(manifest()), 'META-INF/MANIFEST.MF', { mtime: new Date(0) })
  zip.end()
  await writeFile(launcherOf(folder), await buffer(zip.outputStream))
}

/** The client makes a stream of a file descriptor's number, and loads native code.
 *  source: JAR file specification, "JAR manifest" */
function manifest(): string {
  const members = {
    'Manifest-Version': '1.0',
    'Main-Class': mainClass,
    'Class-Path': artifacts.map(jarName).join(' '),
    'Add-Opens': 'java.base/java.io',
    'Enable-Native-Access': 'ALL-UNNAMED',
  }
  const lines = Object.entries(members).map(([name, value]) => folded(`${name}: ${value}`))
  return `${lines.join('\r\n')}\r\n\r\n`
}

/** A line continues where the next begins with a blank. */
function folded(line: string): string {
  const pieces = [line.slice(0, maxManifestLineBytes)]
  for (let at = maxManifestLineBytes; at < line.length; at += maxManifestLineBytes - 1) {
    pieces.push(line.slice(at, at + maxManifestLineBytes - 1))
  }
  return pieces.join('\r\n ')
}
