/** Deployment packages and layers: zip archives checked, kept as blobs and unpacked once per hash. The contract; see package-store.ts, unpack.ts, merge.ts. */

export type StoredPackage = {
  /** lower-case hex sha256 of the zip: blob id and name of the unpacked folder */
  readonly id: string
  /** the same as AWS's CodeSha256: base64 */
  readonly codeSha256: string
  readonly zippedBytes: number
  readonly unzippedBytes: number
}

export type Packages = {
  /** Check and keep a zip, and unpack it. @throws AwsError as CreateFunction answers for bad zips */
  add(zip: Uint8Array): Promise<StoredPackage>
  /** Folder of the unpacked code, made (again) if needed. */
  codePath(id: string): Promise<string>
  /** Folder with these layers merged in order (later overrides earlier), made once per list. */
  layersPath(ids: readonly string[]): Promise<string | undefined>
  /** Remove every package that is neither used nor was asked for since the start. Once per start: what functions ran
   *  before an update may still be running.
   *  @param used  finds the ids that functions and layers refer to; what is asked for meanwhile is kept */
  collect(used: () => Promise<ReadonlySet<string>>): Promise<void>
}
