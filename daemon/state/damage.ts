/** What a file of the state folder looks like after a power cut, in words; pure. */

/** Null where there is something to be read: empty files and files of zeros are what a lost write leaves. */
export function blank(bytes: Uint8Array): string | null {
  if (bytes.length === 0) return 'is empty';
  return bytes.every((byte) => byte === 0) ? 'holds nothing but zeros' : null;
}

/** `20261201T121500Z`: names of set-aside files sort by age. */
export function stamp(wallMs: number): string {
  return new Date(wallMs).toISOString().replaceAll(/[-:]|\.\d+/g, '');
}
