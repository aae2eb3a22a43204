/** Deployment packages and layers: zip archives checked, kept as blobs and unpacked once per hash. The contract; see unpack.ts, merge.ts. */

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
}
