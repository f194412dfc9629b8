/** Loads the FFI library as a host would, and gives its version. Throws FFI_UNAVAILABLE, FFI_TAMPERED. */
export async function probeFfi(): Promise<string> {
  const { ffi } = await import('./ffi/index.ts');
  return ffi().version;
}
