import { closeSync, openSync, readSync } from 'node:fs';
import { shownPath } from './shown.ts';

export type TextFile = { readonly text: string } | { readonly fault: string };

/**
 * Reads a file of text that a setting names; a byte order mark, which editors add unseen, is no part
 * of it. The fault is a predicate of the setting and holds nothing of what the file holds.
 */
export function readTextFile(path: string, maxBytes: number): TextFile {
  const names = `names ${shownPath(path)}, which`;
  let bytes: Buffer;
  try {
    bytes = readAtMost(path, maxBytes + 1);
  } catch (error) {
    const code = errorCode(error);
    const why = code === 'EISDIR' ? 'is a folder' : `cannot be read (${code})`;
    return { fault: `${names} ${why}` };
  }
  if (bytes.length > maxBytes) return { fault: `${names} is larger than ${maxBytes} bytes` };
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return text.trim() === '' ? { fault: `${names} is empty` } : { text };
  } catch {
    return { fault: `${names} is not UTF-8 text` };
  }
}

/** Not by the file's size: pipes and devices, under which secrets are handed over too, have none. */
function readAtMost(path: string, maxBytes: number): Buffer {
  const file = openSync(path, 'r');
  try {
    const buffer = Buffer.alloc(maxBytes);
    let length = 0;
    while (length < maxBytes) {
      const read = readSync(file, buffer, length, maxBytes - length, null);
      if (read === 0) break;
      length += read;
    }
    return buffer.subarray(0, length);
  } finally {
    closeSync(file);
  }
}

/** Such as ENOENT. */
function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
}
