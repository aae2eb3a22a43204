/**
 * Packages on disk: the zip as a blob, its unpacked folder under `code/`, merged layers under `layers-merged/`. The folders
 * are caches of the blobs: made in a temporary place, renamed when complete, and made again when they are missing.
 */
import { createHash, subtle } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PlatformError } from '../lib/errors/platform-error.ts'
import type { Store } from '../store/store.ts'
import { mergeFolders } from './merge.ts'
import type { Packages, StoredPackage } from './packages.ts'
import { unpackZip } from './unpack.ts'

const temporaryPrefix = '.making-'

type PackageRecord = { readonly zippedBytes: number; readonly unzippedBytes: number }

/** Open the packages of a store's data directory. */
export function createPackages(store: Store): Packages {
  const codeFolder = join(store.directory, 'code')
  const layersFolder = join(store.directory, 'layers-merged')
  const running = new Map<string, Promise<unknown>>()
  const prepared = Promise.all([prepareCache(codeFolder), prepareCache(layersFolder)])
  prepared.catch(() => {})

  /** What is already being made is waited for, not made twice. */
  function once<Result>(key: string, make: () => Promise<Result>): Promise<Result> {
    const other = running.get(key)
    if (other !== undefined) return other as Promise<Result>
    const made = prepared.then(make).finally(() => running.delete(key))
    running.set(key, made)
    return made
  }

  async function add(bytes: Uint8Array): Promise<StoredPackage> {
    const zip = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const id = Buffer.from(await subtle.digest('SHA-256', zip as Uint8Array<ArrayBuffer>)).toString(
      'hex',
    )
    const record = await once(`add ${id}`, () => keep(id, zip))
    const codeSha256 = Buffer.from(id, 'hex').toString('base64')
    return { id, codeSha256, ...record }
  }

  async function keep(id: string, zip: Buffer): Promise<PackageRecord> {
    const known = store.documents.get<PackageRecord>(recordKey(id))
    if (known !== undefined && store.blobs.has(id)) return known.value
    let unzippedBytes = 0
    await makeFolder(codeFolder, id, async (target) => {
      unzippedBytes = await unpackZip(zip, target)
    })
    await store.blobs.put(zip)
    const record = { zippedBytes: zip.length, unzippedBytes }
    await store.documents.put(recordKey(id), record)
    return record
  }

  async function codePath(id: string): Promise<string> {
    await prepared
    const path = join(codeFolder, id)
    if (existsSync(path)) return path
    return once(`unpack ${id}`, async () => {
      if (!store.blobs.has(id))
        throw new PlatformError(`Cannot unpack package "${id}": its blob is missing`)
      const zip = await store.blobs.read(id)
      return makeFolder(codeFolder, id, async (target) => {
        await unpackZip(zip, target)
      })
    })
  }

  async function layersPath(ids: readonly string[]): Promise<string | undefined> {
    const [first] = ids
    if (first === undefined) return undefined
    if (ids.length === 1) return codePath(first)
    await prepared
    const name = createHash('sha256').update(ids.join('\n')).digest('hex')
    const path = join(layersFolder, name)
    if (existsSync(path)) return path
    return once(`merge ${name}`, async () => {
      const sources: string[] = []
      for (const id of ids) sources.push(await codePath(id))
      return makeFolder(layersFolder, name, (target) => mergeFolders(sources, target))
    })
  }

  return { add, codePath, layersPath }
}

function recordKey(id: string): string {
  return `packages/${id}`
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
