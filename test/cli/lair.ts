/** The command as a user has it: its own process, a home that is empty, an environment that says nothing. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { type CommandResult, runCommand } from '../support/command.ts'

const root = resolve(import.meta.dirname, '../..')
const entry = join(root, 'bin/lair.js')
const timeoutMs = 30_000

/** Folder of an example. */
export const example = (name: string) => join(root, 'examples', name)

/** A folder that goes with its test. */
export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'lair-cli-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

type Extras = { readonly env?: Readonly<Record<string, string>>; readonly input?: string }

function environmentOf({ env }: Extras): Record<string, string> {
  return { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', ...env }
}

/** Run `lair` to its end. */
export function lair(argv: readonly string[], extras: Extras = {}): Promise<CommandResult> {
  return runCommand([process.execPath, entry, ...argv], {
    environment: environmentOf(extras),
    timeoutMs,
    ...(extras.input !== undefined && { input: extras.input }),
  })
}

/** What a command says that cannot go on: one sentence, no stack, status 1. */
export async function refusal(argv: readonly string[], extras: Extras = {}): Promise<string> {
  const { exitCode, stdout, stderr } = await lair(argv, extras)
  assert.equal(exitCode, 1, `${argv.join(' ')}\n${stdout}${stderr}`)
  assert.equal(stdout, '')
  const [sentence, ...more] = stderr.trimEnd().split('\n')
  assert.deepEqual(more, [], stderr)
  assert.match(sentence ?? '', /^error: [^a-z].*[^.]$/)
  return sentence ?? ''
}

/** A command that goes on until it is stopped. */
export type Running = {
  readonly child: ChildProcess
  /** the next line on its standard output */
  line(): Promise<string>
  /** SIGTERM. @returns its exit status */
  stop(): Promise<number | null>
}

/** Start `lair` and read along. It is stopped with the test. */
export function running(t: TestContext, argv: readonly string[], extras: Extras = {}): Running {
  const child = spawn(process.execPath, [entry, ...argv], {
    env: environmentOf(extras),
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const exited = once(child, 'exit')
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const stop = async (): Promise<number | null> => {
    child.kill('SIGTERM')
    await exited
    return child.exitCode
  }
  t.after(() => stop())
  return {
    child,
    async line() {
      const step = await lines.next()
      assert.ok(step.done !== true, `${argv.join(' ')} ended`)
      return step.value
    },
    stop,
  }
}
