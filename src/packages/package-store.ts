/**
 * Packages on disk: the zip as a blob, its unpacked folder under `code/`, merged layers under `layers-merged/`. The folders
 * are caches of the blobs: made in a temporary place, renamed when complete, and made again when they are missing.
 */
import { createHash, subtle } from 'node:crypto'
import { existsSync, readdirSync, renameSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PlatformError } from '../lib/errors/platform-error.ts'
import type { DocumentPage, Store } from '../store/store.ts'
import { mergeFolders } from './merge.ts'
import type { Packages, StoredPackage } from './packages.ts'
import { unpackZip } from './unpack.ts'

const temporaryPrefix = '.making-'
const recordPrefix = 'packages/'

type PackageRecord = { readonly zippedBytes: number; readonly unzippedBytes: number }

/** Open the packages of a store's data directory. */
export function createPackages(store: Store): Packages {
  return new PackageStore(store)
}

class PackageStore implements Packages {
  readonly #store: Store
  readonly #codeFolder: string
  readonly #layersFolder: string
  readonly #prepared: Promise<unknown>
  /** what is being made, by what it is: waited for, not made twice */
  readonly #running = new Map<string, Promise<unknown>>()
  /** ids and merged folders asked for since the start: somebody may be about to use them */
  readonly #touched = new Set<string>()
  #collecting: Promise<void> = Promise.resolve()

  constructor(store: Store) {
    this.#store = store
    this.#codeFolder = join(store.directory, 'code')
    this.#layersFolder = join(store.directory, 'layers-merged')
    this.#prepared = Promise.all([prepareCache(this.#codeFolder), prepareCache(this.#layersFolder)])
    // Whoever needs the folders is told of the failure.
    this.#prepared.catch(() => {})
  }

  async add(bytes: Uint8Array): Promise<StoredPackage> {
    const zip = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const digest = await subtle.digest('SHA-256', zip as Uint8Array<ArrayBuffer>)
    const id = Buffer.from(digest).toString('hex')
    this.#touched.add(id)
    const record = await this.#once(`add ${id}`, () => this.#keep(id, zip))
    return { id, codeSha256: Buffer.from(digest).toString('base64'), ...record }
  }

  async codePath(id: string): Promise<string> {
    await this.#prepared
    this.#touched.add(id)
    const path = join(this.#codeFolder, id)
    if (existsSync(path)) return path
    return this.#once(`unpack ${id}`, async () => {
      if (!this.#store.blobs.has(id)) {
        throw new PlatformError(`Cannot unpack package "${id}": its blob is missing`)
      }
      const zip = await this.#store.blobs.read(id)
      return makeFolder(this.#codeFolder, id, async (target) => {
        await unpackZip(zip, target)
      })
    })
  }

  async layersPath(ids: readonly string[]): Promise<string | undefined> {
    const [first] = ids
    if (first === undefined) return undefined
    if (ids.length === 1) return this.codePath(first)
    await this.#prepared
    const name = createHash('sha256').update(ids.join('\n')).digest('hex')
    for (const touched of [name, ...ids]) this.#touched.add(touched)
    const path = join(this.#layersFolder, name)
    if (existsSync(path)) return path
    return this.#once(`merge ${name}`, async () => {
      const sources: string[] = []
      for (const id of ids) sources.push(await this.codePath(id))
      return makeFolder(this.#layersFolder, name, (target) => mergeFolders(sources, target))
    })
  }

  async collect(used: () => Promise<ReadonlySet<string>>): Promise<void> {
    await this.#prepared
    const kept = await used()
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#collecting = promise
    try {
      // Up to the first await nothing else runs: what is decided stays true, since add() waits for the end.
      const isFree = (name: string): boolean => !kept.has(name) && !this.#touched.has(name)
      const ids = [...this.#recordedIds()].filter(isFree)
      const trash = [
        ...setAside(this.#codeFolder, isFree),
        ...setAside(this.#layersFolder, (name) => !this.#touched.has(name)),
      ]
      for (const path of trash) await rm(path, { recursive: true, force: true })
      // The record goes last: a package that is half removed is found again the next time.
      for (const id of ids) {
        await this.#store.blobs.delete(id)
        await this.#store.documents.delete(recordPrefix + id)
      }
    } finally {
      resolve()
    }
  }

  async #keep(id: string, zip: Buffer): Promise<PackageRecord> {
    await this.#collecting
    const known = this.#store.documents.get<PackageRecord>(recordPrefix + id)
    if (known !== undefined && this.#store.blobs.has(id)) return known.value
    let unzippedBytes = 0
    await makeFolder(this.#codeFolder, id, async (target) => {
      unzippedBytes = await unpackZip(zip, target)
    })
    await this.#store.blobs.put(zip)
    const record = { zippedBytes: zip.length, unzippedBytes }
    await this.#store.documents.put(recordPrefix + id, record)
    return record
  }

  *#recordedIds(): Generator<string> {
    let after: string | undefined = recordPrefix
    while (after !== undefined) {
      const page: DocumentPage<PackageRecord> = this.#store.documents.list(recordPrefix, { after })
      for (const { key } of page.documents) yield key.slice(recordPrefix.length)
      after = page.next
    }
  }

  #once<Result>(key: string, make: () => Promise<Result>): Promise<Result> {
    const other = this.#running.get(key)
    if (other !== undefined) return other as Promise<Result>
    const made = this.#prepared.then(make).finally(() => this.#running.delete(key))
    this.#running.set(key, made)
    return made
  }
}

/** Give the folders that are free other names, at once, so that nobody finds them any more.
 *  @returns their new paths */
function setAside(parent: string, isFree: (name: string) => boolean): string[] {
  const aside: string[] = []
  for (const name of readdirSync(parent)) {
    if (name.startsWith('.') || !isFree(name)) continue
    const path = join(parent, `${temporaryPrefix}${name}`)
    renameSync(join(parent, name), path)
    aside.push(path)
  }
  return aside
}

/** Fill a temporary folder, then give it its name: whoever sees the name sees all of it. */
async function makeFolder(
  parent: string,
  name: string,
  fill: (target: string) => Promise<void>,
): Promise<string> {
  const temporary = await mkdtemp(join(parent, temporaryPrefix))
  const path = join(parent, name)
  try {
    await mkdir(join(temporary, 'content'), { mode: 0o755 })
    await fill(join(temporary, 'content'))
    if (!existsSync(path)) await rename(join(temporary, 'content'), path)
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
  return path
}

/** Remove what a killed process left half made and, when the machine was started anew since, all of it: the files were
 *  never synced, so a power cut may have taken their bytes. The blobs were, and are unpacked again when needed. */
async function prepareCache(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const bootId = await readBootId()
  const bootFile = join(folder, '.boot')
  const isSameBoot = (await readFile(bootFile, 'utf8').catch(() => bootId)) === bootId
  for (const name of await readdir(folder)) {
    if (!isSameBoot || name.startsWith(temporaryPrefix)) {
      await rm(join(folder, name), { recursive: true, force: true })
    }
  }
  await writeFile(bootFile, bootId)
}

/** Linux tells one start of the machine from another; elsewhere the folders are trusted. */
async function readBootId(): Promise<string> {
  return readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '')
}
