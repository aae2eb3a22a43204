/** The stairs of ARCHITECTURE.md, enforced: what each room may import, and what only some rooms may touch. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { test } from 'node:test'

const root = join(import.meta.dirname, '..')
const source = join(root, 'src')

/** Top to bottom: a room imports only from its own and from lower ones. */
const stairs = [
  'main',
  'cli',
  'server',
  'deploy',
  'services',
  'sources',
  'invoke',
  'fleet',
  'environment',
  'sandbox',
  'runtimes',
  'gateway',
  'protocol',
  'observe',
  'packages',
  'store',
  'lib',
  'config',
  'model',
]

const files = globSync('**/*.ts', { cwd: source }).filter((file) => !file.endsWith('.d.ts'))

function roomOf(file: string): string {
  return file.split('/')[0]?.replace(/\.ts$/, '') ?? ''
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(source, file), 'utf8')
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => match[1] ?? '')
}

test('every file of src/ lives in a room of the stairs', () => {
  assert.ok(files.length > 50, `found ${files.length} files`)
  for (const file of files) assert.ok(stairs.includes(roomOf(file)), file)
})

test('a room imports only from its own or lower rooms', () => {
  const wrong: string[] = []
  for (const file of files) {
    const step = stairs.indexOf(roomOf(file))
    for (const specifier of importsOf(file)) {
      if (!specifier.startsWith('.')) continue
      const target = relative(source, join(source, dirname(file), specifier))
      if (target.startsWith('..')) continue
      if (stairs.indexOf(roomOf(target)) < step) wrong.push(`${file} imports ${target}`)
    }
  }
  assert.deepEqual(wrong, [])
})

/** [what, pattern, rooms that may] */
const reserved: [string, RegExp, string[]][] = [
  ['SQL', /node:sqlite/, ['store', 'observe']],
  ['the wall clock and randomness', /\bDate\.now\(|\bMath\.random\(/, ['lib']],
  ['starting processes', /node:child_process/, ['sandbox', 'runtimes', 'cli']],
  ['the AWS SDK at run time', /^import (?!type)[^'\n]*'@(aws-sdk|smithy)\//m, []],
]

test('only the rooms that own a resource touch it', () => {
  const wrong: string[] = []
  for (const file of files.filter((name) => !name.endsWith('.test.ts'))) {
    const text = readFileSync(join(source, file), 'utf8')
    for (const [what, pattern, rooms] of reserved) {
      if (pattern.test(text) && !rooms.includes(roomOf(file))) wrong.push(`${file}: ${what}`)
    }
  }
  assert.deepEqual(wrong, [])
})
