/**
 * Layers merged in order into one folder, as /opt shows them: later ones override earlier ones, path by path. Files are
 * hard links to the unpacked layers, so a merge costs no space and copies no bytes.
 */
import { copyFile, link, mkdir, readdir, readlink, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { eachLimited } from './each-limited.ts'
import { unreadableZip } from './errors.ts'
import { findEscapingLink } from './links.ts'

const maxOpenFileCount = 8

/** A merged folder on paper: name -> a folder below, or the path of the file or link that is to be seen there. */
type Tree = Map<string, Tree | { readonly kind: 'file' | 'link'; readonly source: string }>

type Plan = {
  readonly directories: string[]
  readonly files: { source: string; path: string }[]
  readonly links: Map<string, string>
}

/** Merge the folders `sources` into the empty folder `target`.
 *  @throws AwsError when a link of one layer, through links of another, would lead out of the folder */
export async function mergeFolders(sources: readonly string[], target: string): Promise<void> {
  const tree: Tree = new Map()
  for (const source of sources) await collect(source, tree)
  const plan: Plan = { directories: [], files: [], links: new Map() }
  await flatten(tree, '', plan)
  if (findEscapingLink(plan.links) !== undefined) throw unreadableZip()
  for (const path of plan.directories) await mkdir(join(target, path))
  await eachLimited(plan.files, maxOpenFileCount, (file) =>
    linkOrCopy(file.source, join(target, file.path)),
  )
  for (const [path, text] of plan.links) await symlink(text, join(target, path))
}

async function collect(source: string, tree: Tree): Promise<void> {
  for (const entry of await readdir(source, { withFileTypes: true })) {
    const path = join(source, entry.name)
    if (entry.isDirectory()) {
      const earlier = tree.get(entry.name)
      const below: Tree = earlier instanceof Map ? earlier : new Map()
      tree.set(entry.name, below)
      await collect(path, below)
    } else {
      tree.set(entry.name, { kind: entry.isSymbolicLink() ? 'link' : 'file', source: path })
    }
  }
}

async function flatten(tree: Tree, below: string, plan: Plan): Promise<void> {
  for (const [name, node] of tree) {
    const path = `${below}${name}`
    if (node instanceof Map) {
      plan.directories.push(path)
      await flatten(node, `${path}/`, plan)
    } else if (node.kind === 'file') {
      plan.files.push({ source: node.source, path })
    } else {
      plan.links.set(path, await readlink(node.source))
    }
  }
}

/** Some file systems have no hard links, or a limit of how many a file may have. */
async function linkOrCopy(source: string, target: string): Promise<void> {
  try {
    await link(source, target)
  } catch {
    await copyFile(source, target)
  }
}
