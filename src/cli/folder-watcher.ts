/**
 * Watches the folder of a function for changes that matter: each directory is watched, so files that editors replace are seen as well
 * as those they write; what editors, version control and package managers leave lying about is not. `lair dev` waits on it.
 */
import { lstatSync, readdirSync, statSync, watch, type FSWatcher } from 'node:fs'
import { basename, join, relative } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { CommandError } from './terminal.ts'

/** Changes are gathered until none came for so long: an editor's save is several of them. */
const settleMs = 15
/** a steady stream of changes is told of after this all the same */
const maxSettleMs = 300
const maxDirectoryCount = 5000
const maxFileCount = 50_000

const ignoredFolders = new Set(['.git', '.hg', '.svn', '.idea', '.vscode', '__pycache__', '.venv'])
/** Scratch files of vi, Emacs and others. */
const ignoredFiles = /^\.#|^#.*#$|~$|\.sw[a-z]$|^4913$|\.tmp$|^\.DS_Store$|\.pyc$|^\.fuse_hidden/
/** Package managers write one of these when they are done; nothing else below node_modules is looked at. */
const installed = new Set([
  '.package-lock.json',
  '.yarn-state.yml',
  '.yarn-integrity',
  '.modules.yaml',
])

export class FolderWatcher implements Disposable {
  readonly #root: string
  readonly #watchers = new Map<string, FSWatcher>()
  /** path -> size and time, to tell changes from mere attention */
  readonly #known = new Map<string, string>()
  readonly #changed = new Set<string>()
  #wake = () => {}
  #isClosed = false

  /** @throws CommandError when the folder is too large to be watched */
  constructor(root: string) {
    this.#root = root
    this.#add(root)
  }

  /** Wait for the next burst of changes.
   *  @returns paths below the folder, at least one; none when it was closed */
  async next(): Promise<readonly string[]> {
    for (;;) {
      if (this.#changed.size === 0 && !this.#isClosed) {
        await new Promise<void>((resolve) => (this.#wake = resolve))
      }
      await this.#settled()
      if (this.#isClosed) return []
      const paths = [...this.#changed].filter((path) => this.#isChanged(path))
      this.#changed.clear()
      if (paths.length > 0) return paths.map((path) => relative(this.#root, path))
    }
  }

  [Symbol.dispose](): void {
    this.#isClosed = true
    for (const watcher of this.#watchers.values()) watcher.close()
    this.#watchers.clear()
    this.#wake()
  }

  async #settled(): Promise<void> {
    for (let waitedMs = 0; waitedMs < maxSettleMs && !this.#isClosed; waitedMs += settleMs) {
      const { size } = this.#changed
      await sleep(settleMs)
      if (this.#changed.size === size) return
    }
  }

  /** Watch a directory and what is below. One that goes away meanwhile is none. */
  #add(directory: string): void {
    if (this.#isClosed || this.#watchers.has(directory)) return
    if (this.#watchers.size >= maxDirectoryCount || this.#known.size >= maxFileCount) {
      throw new CommandError(
        `Cannot watch "${this.#root}": it has more than ${maxDirectoryCount} folders or ${maxFileCount} files`,
      )
    }
    const isPackages = basename(directory) === 'node_modules'
    try {
      const watcher = watch(directory, (_event, name) => {
        if (name !== null && (!isPackages || installed.has(name))) this.#note(join(directory, name))
      })
      watcher.on('error', () => this.#drop(directory))
      this.#watchers.set(directory, watcher)
      for (const entry of readdirSync(directory, { withFileTypes: true })) {
        const path = join(directory, entry.name)
        if (isPackages) {
          if (installed.has(entry.name)) this.#known.set(path, stampOf(path))
        } else if (entry.isDirectory()) {
          if (!ignoredFolders.has(entry.name)) this.#add(path)
        } else this.#known.set(path, stampOf(path))
      }
    } catch (error) {
      if (error instanceof CommandError) throw error
      this.#drop(directory)
    }
  }

  #drop(directory: string): void {
    this.#watchers.get(directory)?.close()
    this.#watchers.delete(directory)
  }

  #note(path: string): void {
    const name = basename(path)
    if (ignoredFiles.test(name) || ignoredFolders.has(name)) return
    this.#changed.add(path)
    this.#wake()
  }

  /** Has the file another size or time than before? A new directory counts with what it holds. */
  #isChanged(path: string): boolean {
    // Not where a link leads to: that may be everything, or the folder itself.
    const stats = lstatSync(path, { throwIfNoEntry: false })
    if (stats === undefined) {
      const wasDirectory = this.#watchers.has(path)
      this.#drop(path)
      return this.#known.delete(path) || wasDirectory
    }
    if (stats.isDirectory()) {
      if (this.#watchers.has(path)) return false
      this.#add(path)
      return basename(path) !== 'node_modules'
    }
    const stamp = stampOf(path)
    if (this.#known.get(path) === stamp) return false
    this.#known.set(path, stamp)
    return true
  }
}

function stampOf(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false, bigint: true })
  return stats === undefined ? '' : `${stats.size} ${stats.mtimeNs} ${stats.ino}`
}
