/** Java: the official client as it is installed, and what a function's JVM is given. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { LineSplitter } from '../../src/environment/output.ts'
import { createCatalogue } from '../../src/runtimes/catalogue.ts'
import { artifacts } from '../../src/runtimes/java/client.ts'
import { installJavaClient } from '../../src/runtimes/java/install.ts'
import { thisMachine } from '../../src/runtimes/machine.ts'
import type { Runtime } from '../../src/runtimes/runtime.ts'
import { javaDataFolder, requireProgram } from '../support/programs.ts'
import { makeFolder } from './support/folder.ts'
import type { Folder } from './support/folder.ts'
import { runGuest } from './support/guest.ts'
import type { Run } from './support/guest.ts'
import { requestIdOf } from './support/runtime-api.ts'

const memoryMib = 256

/** A JDK that is nothing but its version. */
function jdkFiles(folder: string, version: string): Record<string, string> {
  return {
    [`bin:${folder}/bin/java`]: '#!/bin/sh\nexit 1\n',
    [`${folder}/release`]: `IMPLEMENTOR="x"\nJAVA_VERSION="${version}"\n`,
  }
}

function machineOf(folder: Folder) {
  return { ...thisMachine(), path: '', home: folder.path, jvmFolders: [join(folder.path, 'jvm')] }
}

/** What a guest wrote, as log events. */
function eventsOf(run: Run): string[] {
  const events: string[] = []
  for (const bytes of [run.stdoutBytes, run.stderrBytes]) {
    const splitter = new LineSplitter((line) => events.push(line), 100_000)
    splitter.feed(bytes)
    splitter.flush()
  }
  return events
}

describe('Java runtimes', { concurrency: 2 }, () => {
  test('the nearest newer JDK serves, by its release file; without the client there is a remedy', async () => {
    await using folder = await makeFolder({
      ...jdkFiles('jvm/a', '1.8.0_412'),
      ...jdkFiles('jvm/b', '17.0.9'),
      ...jdkFiles('jvm/c', '25'),
      'data/runtimes/java/launcher.jar': '',
    })
    const { javaHome: _, ...machine } = machineOf(folder)
    const catalogue = createCatalogue({ directory: join(folder.path, 'data'), machine })
    const versions = ['java8.al2', 'java11', 'java17', 'java21', 'java25'].map((name) => {
      const found = catalogue.find(name)
      return 'argv' in found ? [name, found.runtimeVersion, found.warning] : [name, found.remedy]
    })
    const nearest = (name: string, by: string) =>
      `${name} is served by ${by}, the nearest newer version here`
    assert.deepEqual(versions, [
      ['java8.al2', 'java:17.v9', nearest('java8.al2', 'java17')],
      ['java11', 'java:17.v9', nearest('java11', 'java17')],
      ['java17', 'java:17.v9', undefined],
      ['java21', 'java:25.v0', nearest('java21', 'java25')],
      ['java25', 'java:25.v0', undefined],
    ])
    const bare = createCatalogue({ directory: join(folder.path, 'other'), machine })
    assert.deepEqual(bare.find('java21'), {
      name: 'java21',
      remedy: 'Run "lair runtimes install java21": it fetches the runtime interface client of Java',
    })
  })

  test('a jar that is not the one expected is refused, and nothing is left behind', async () => {
    await using folder = await makeFolder(jdkFiles('jvm/a', '21.0.1'))
    const directory = join(folder.path, 'runtimes')
    await mkdir(directory)
    const paths: string[] = []
    const repository = createServer((request, response) => {
      paths.push(request.url ?? '')
      response.end('not a jar')
    }).listen(0, '127.0.0.1')
    await once(repository, 'listening')
    const address = repository.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const options = {
      directory,
      machine: machineOf(folder),
      maven: '/nonexistent/mvn',
      signal: AbortSignal.timeout(10_000),
      onProgress: () => undefined,
    }
    await assert.rejects(
      installJavaClient('java21', 21, {
        ...options,
        repository: `http://127.0.0.1:${port}/maven2`,
      }),
      /aws-lambda-java-runtime-interface-client-\S+\.jar is not the file expected \(sha256 [0-9a-f]{64}\)/,
    )
    const version = artifacts[0]?.version ?? ''
    assert.equal(
      paths[0],
      `/maven2/com/amazonaws/aws-lambda-java-runtime-interface-client/${version}/aws-lambda-java-runtime-interface-client-${version}.jar`,
    )
    repository.close()
    await mkdir(join(folder.path, '.m2'))
    const mirror = `<settings><mirrors><!-- <mirror/> --><mirror><mirrorOf>*</mirrorOf><url>http://127.0.0.1:${port}/gone</url></mirror></mirrors></settings>`
    await assert.rejects(
      installJavaClient('java21', 21, options),
      /"mvn" was not found\. Install Maven, or name a Maven repository in LAIR_MAVEN_REPOSITORY$/,
    )
    await writeFile(join(folder.path, '.m2/settings.xml'), mirror)
    await assert.rejects(installJavaClient('java21', 21, options), /\/gone\/.*cannot be reached$/)
    await assert.rejects(
      installJavaClient('java25', 25, options),
      /^PlatformError: Cannot install java25: no JDK of Java 25 or newer is on this machine .* install one first$/,
    )
    assert.deepEqual(await readdir(directory), [])
  })

  test('a logged text is one event, an error is the invoker’s and the log’s, layers are found', async (t) => {
    const program = requireProgram(t, 'java-classes')
    if (!program) return
    const found = createCatalogue({ directory: javaDataFolder }).find('java17')
    assert.ok('argv' in found)
    assert.ok(found.argv.some((flag) => flag.startsWith('-XX:SharedArchiveFile=')))
    const plain = await runJava(found, { codePath: program.folder }, {}, [
      '{"do":"log"}',
      '{"fail":true}',
      '{}',
    ])
    const events = eventsOf(plain)
    assert.ok(events.includes('one\ntwo'), events.join('|'))
    assert.ok(events.includes('printed'), events.join('|'))
    const error = events.find((event) => event.startsWith('java failed as asked: '))
    assert.match(error ?? '', /IllegalArgumentException\n.*\tat lair\.Echo\.handleRequest\(/s)
    assert.deepEqual(
      plain.posts.map((post) => post.kind),
      ['response', 'error', 'response'],
    )
    const json = await runJava(
      found,
      { codePath: program.folder },
      { AWS_LAMBDA_LOG_FORMAT: 'JSON', AWS_LAMBDA_LOG_LEVEL: 'INFO' },
      ['{"do":"log"}'],
    )
    const line = eventsOf(json).find((event) => event.startsWith('{'))
    const record = JSON.parse(line ?? '') as Record<string, unknown>
    assert.deepEqual([record['message'], record['AWSRequestId']], ['one\ntwo\n', requestIdOf(0)])
  })

  test('a function whose classes are in a layer runs', async (t) => {
    const program = requireProgram(t, 'java-classes')
    if (!program) return
    const catalogue = createCatalogue({ directory: javaDataFolder })
    const newest = catalogue.find('java25')
    const found = 'argv' in newest ? newest : catalogue.find('java17')
    assert.ok('argv' in found)
    const layersPath = join(program.folder, 'layer')
    assert.ok(existsSync(join(layersPath, 'java/lib/echo.jar')))
    await using folder = await makeFolder({ 'nothing.txt': '' })
    const run = await runJava(found, { codePath: folder.path, layersPath }, {}, ['{"a":1}'])
    assert.deepEqual(JSON.parse(run.posts[0]?.body ?? ''), { runtime: 'java', event: { a: 1 } })
    assert.deepEqual(eventsOf(run), [])
  })
})

type Folders = { readonly codePath: string; readonly layersPath?: string }

function runJava(
  runtime: Runtime,
  folders: Folders,
  environment: Record<string, string>,
  events: string[],
): Promise<Run> {
  const handler = 'lair.Echo::handleRequest'
  const target = { handler, memoryMib, ...folders }
  return runGuest(
    {
      argv: [...runtime.argv, ...(runtime.argumentsFor?.(target) ?? [])],
      taskRoot: folders.codePath,
      handler,
      runtime: runtime.name,
      environment: { ...runtime.environment(folders), ...environment },
    },
    events,
  )
}
