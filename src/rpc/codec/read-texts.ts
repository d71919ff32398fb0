import type { Cursor } from './cursor.ts';

/** Which fields of a message are texts, by their tags. */
export type TextFields<M> = Readonly<
  Record<number, { [K in keyof M]: string extends M[K] ? K : never }[keyof M]>
>;

/**
 * Reads the fields of the message that ends there into `to`: texts, each of which is known. Returns
 * whether that is all there is.
 */
export function readTexts<M>(cursor: Cursor, end: number, to: M, nameOf: TextFields<M>): boolean {
  while (cursor.at < end) {
    const name = nameOf[cursor.byte()];
    const textEnd = cursor.end(end);
    if (name === undefined || textEnd < 0) return false;
    const text = cursor.text(textEnd);
    if (text === undefined) return false;
    to[name] = text as M[typeof name];
  }
  return true;
}
