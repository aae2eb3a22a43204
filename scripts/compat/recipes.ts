/** How each program is made of its sources and of the runtime client that its registry has. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { installRuntime } from '../../src/runtimes/install.ts'
import {
  artifacts,
  jniProperty,
  mainClass,
  nativeLibraryOf,
} from '../../src/runtimes/java/client.ts'
import { cacheFolder, javaDataFolder, sourceFolder } from '../../test/support/programs.ts'
import type { PartName, ProgramName } from '../../test/support/programs.ts'
import { findTool } from '../../test/support/tools.ts'
import { run, workspaceFor, writeBootstrap } from './workshop.ts'

const versions = {
  awslambdaric: '4.2.2',
  awsLambdaRic3: '3.3.0',
  awsLambdaRic4: '4.0.2',
} as const

/** One program: what it needs on the machine, what it is made of, how `folder` is filled. */
export type Recipe = {
  readonly tools: readonly string[]
  readonly source: string
  readonly salt: string
  build(folder: string): Promise<void>
}

/** By the name of what they make. */
export const recipes: Readonly<Record<ProgramName | PartName, Recipe>> = {
  bash: { tools: ['bash', 'curl'], source: 'bash-echo', salt: '', build: buildBash },
  go: { tools: ['go'], source: 'go-echo', salt: '', build: buildGo },
  rust: rustRecipe('bootstrap', 'bootstrap'),
  'rust-extension': rustRecipe('telemetry', 'extensions/telemetry'),
  python: {
    tools: ['python3'],
    source: 'python-ric',
    salt: versions.awslambdaric,
    build: buildPython,
  },
  node3: nodeRecipe(versions.awsLambdaRic3, 'bin/index.mjs'),
  node4: nodeRecipe(versions.awsLambdaRic4, 'index.mjs'),
  java: javaRecipe(buildJava),
  'java-classes': javaRecipe(buildJavaClasses),
}

function buildBash(folder: string): Promise<void> {
  cpSync(join(sourceFolder, 'bash-echo'), folder, { recursive: true })
  return Promise.resolve()
}

async function buildGo(folder: string): Promise<void> {
  await run('go', ['build', '-trimpath', '-ldflags=-s -w', '-o', join(folder, 'bootstrap'), '.'], {
    cwd: join(sourceFolder, 'go-echo'),
    environment: { CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false' },
  })
}

/** The programs of one workspace share what is compiled. */
function rustRecipe(program: string, path: string): Recipe {
  return {
    tools: ['cargo', 'cc'],
    source: 'rust',
    salt: '',
    build: (folder) => buildRust(program, join(folder, path)),
  }
}

async function buildRust(program: string, path: string): Promise<void> {
  const workspace = workspaceFor('rust')
  cpSync(join(sourceFolder, 'rust'), workspace, { recursive: true })
  const target = join(cacheFolder, 'cargo')
  await run('cargo', ['build', '--workspace'], {
    cwd: workspace,
    environment: { CARGO_TARGET_DIR: target },
  })
  mkdirSync(dirname(path), { recursive: true })
  cpSync(join(target, 'debug', program), path)
}

function javaRecipe(build: (folder: string) => Promise<void>): Recipe {
  return {
    tools: ['java', 'javac'],
    source: 'java-echo',
    salt: JSON.stringify([artifacts, jniProperty]),
    build,
  }
}

/** The client's jars beside the code, as it is deployed where no runtime brings them. */
async function buildJava(folder: string): Promise<void> {
  await compileJava(folder)
  const isJar = (path: string) => path.endsWith('.jar') && !path.endsWith('launcher.jar')
  for (const name of readdirSync(join(javaDataFolder, 'runtimes/java')).filter(isJar)) {
    cpSync(join(javaDataFolder, 'runtimes/java', name), join(folder, 'lib', name))
  }
  // Told where its library is, the client does not unpack it to one file in /tmp, which two starts at once would spoil.
  const library = nativeLibraryOf(join(javaDataFolder, 'runtimes/java'))
  cpSync(library, join(folder, 'lib', basename(library)))
  const flags = `-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -D${jniProperty}="$PWD/lib/${basename(library)}"`
  const java = findTool('java') ?? 'java'
  writeBootstrap(folder, [`exec "${java}" ${flags} -cp "$PWD/lib/*" ${mainClass} lair.Echo`])
}

/** As they are deployed where a runtime brings the client; and in a layer beside them. */
async function buildJavaClasses(folder: string): Promise<void> {
  await compileJava(folder)
  const jar = join(folder, 'layer/java/lib/echo.jar')
  mkdirSync(dirname(jar), { recursive: true })
  await run('jar', ['--create', '--file', jar, '-C', folder, 'lair'], { cwd: folder })
}

async function compileJava(folder: string): Promise<void> {
  await installJava()
  const jars = join(javaDataFolder, 'runtimes/java/*')
  const source = join(sourceFolder, 'java-echo/lair/Echo.java')
  await run('javac', ['--release', '17', '-cp', jars, '-d', folder, source], { cwd: folder })
}

/** Once, by the installer that users have. */
async function installJava(): Promise<void> {
  const stampPath = join(javaDataFolder, 'runtimes/java.stamp')
  const stamp = JSON.stringify(artifacts)
  if (existsSync(stampPath) && readFileSync(stampPath, 'utf8') === stamp) return
  await installRuntime('java17', { directory: javaDataFolder })
  writeFileSync(stampPath, stamp)
}

async function buildPython(folder: string): Promise<void> {
  cpSync(join(sourceFolder, 'python-ric'), folder, { recursive: true })
  const python = findTool('python3') ?? 'python3'
  const packages = [`awslambdaric==${versions.awslambdaric}`]
  const vendor = join(folder, 'vendor')
  await run(python, ['-m', 'pip', 'install', '--quiet', '--target', vendor, ...packages], {
    cwd: folder,
  })
  writeBootstrap(folder, [
    'export PYTHONPATH="$PWD:$PWD/vendor"',
    `exec "${python}" -m awslambdaric "$_HANDLER"`,
  ])
}

function nodeRecipe(version: string, entry: string): Recipe {
  return {
    tools: ['npm', 'cmake', 'make', 'autoconf', 'libtoolize', 'c++', 'python3', 'xz'],
    source: 'node-ric',
    salt: version,
    build: (folder) => buildNode(folder, version, entry),
  }
}

/** The client is compiled once for a version and a Node; what it runs changes more often. */
async function buildNode(folder: string, version: string, entry: string): Promise<void> {
  const built = join(cacheFolder, 'clients', `node-${version}-${process.versions.modules}`)
  if (!existsSync(built)) await compileNodeClient(built, version)
  cpSync(built, join(folder, 'node_modules'), { recursive: true })
  cpSync(join(sourceFolder, 'node-ric'), folder, { recursive: true })
  writeBootstrap(folder, [
    `exec "${process.execPath}" node_modules/aws-lambda-ric/${entry} "$_HANDLER"`,
  ])
}

async function compileNodeClient(target: string, version: string): Promise<void> {
  const workspace = workspaceFor(`node-${version}`)
  writeFileSync(join(workspace, 'package.json'), '{"private":true}\n')
  const argv = ['install', '--ignore-scripts=false', '--no-package-lock', '--no-audit', '--no-fund']
  await run(findTool('npm') ?? 'npm', [...argv, `aws-lambda-ric@${version}`], {
    cwd: workspace,
    environment: { ...nodeHeaders() },
  })
  const modules = join(workspace, 'node_modules')
  const client = join(modules, 'aws-lambda-ric')
  const buildOnly = join(client, 'deps')
  rmSync(target, { recursive: true, force: true })
  cpSync(client, join(`${target}.part`, 'aws-lambda-ric'), {
    recursive: true,
    filter: (path) => path !== buildOnly,
  })
  const scope = join(modules, '@aws')
  if (existsSync(scope)) cpSync(scope, join(`${target}.part`, '@aws'), { recursive: true })
  renameSync(`${target}.part`, target)
  rmSync(workspace, { recursive: true, force: true })
}

/** Native addons need Node's headers, which would otherwise be downloaded: they lie beside the Node that runs this. */
function nodeHeaders(): Record<string, string> {
  const candidates = [resolve(process.execPath, '../..'), '/usr']
  const root = candidates.find((folder) => existsSync(join(folder, 'include/node/node.h')))
  return root === undefined ? {} : { npm_config_nodedir: root }
}
