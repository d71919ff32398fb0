/**
 * Writes a token's id (`jti`) as four numbers of 32 bits, most significant first. It is a UUID in
 * lower-case hyphenated form, which the caller has checked.
 */
export function writeIdWords(uuid: string, words: Uint32Array, at: number): void {
  const hex = uuid.replaceAll('-', '');
  for (let i = 0; i < 4; i += 1) words[at + i] = Number.parseInt(hex.slice(8 * i, 8 * i + 8), 16);
}
